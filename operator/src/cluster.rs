//! A cluster's objects, and what is said of them.
//!
//! ```text
//! watches ──Change──► World ──dereference──► Objects ──keep(compile)──► Snapshot ──► Bundle ──► config service
//!    ▲                  │                       │ verdicts                                         │ Tally
//!    └── References ◄───┘                       └──────────► status ──► Board ──► API server  ◄────┘
//!                                             (of experiments: what data planes tell)
//! ```
//! [`world`], [`references`], [`status`] and [`board`] are values; [`controller`] is the one task that moves them.

pub mod board;
pub mod certificates;
mod collected;
pub mod controller;
mod experiments;
pub mod leader;
pub mod named;
pub mod references;
pub mod status;
pub mod watch;
pub mod world;
pub mod write;
