//! From manifests to the data plane's configuration, and on a cluster to the data planes themselves.
//!
//! ```text
//! files ──manifest::read──► Objects ──compile──► Snapshot, one Verdict per object
//!                              ▲                     │            │
//! cluster ──watch──────────────┘                     │            ├──► Report, with file, line and field
//!                                                    ▼            └──► status of the object
//!                                      config service ──► data planes ──acknowledge──┘
//! ```
//!
//! [`compile`], [`manifest`] and [`last_good`] are pure: text and objects in, values out. [`cluster`] and [`config`] do
//! the talking, each with its decisions in values of its own. [`run`] takes bound listeners and a shutdown token.

mod admin;
pub mod cluster;
pub mod compile;
pub mod config;
pub mod field;
pub mod last_good;
pub mod manifest;
pub mod metrics;
pub mod object;
mod run;
mod spelling;

pub use run::{Listeners, Options, RunError, run};
