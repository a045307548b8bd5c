//! From manifests to the data plane's configuration.
//!
//! ```text
//! files ──manifest::read──► Objects ──compile──► Snapshot, one Verdict per object
//!                              ▲                     │
//!            (a cluster's) ────┘        Report ◄─────┘ with file, line and field
//! ```
//!
//! Everything here is pure: text and objects in, values out.

pub mod compile;
pub mod field;
pub mod manifest;
pub mod object;
mod spelling;
