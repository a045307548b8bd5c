//! Benchmarks side by side with plain Envoy, on one machine and in one run.
//!
//! ```text
//! Options ──► Fleet (simulator, Envoy alone, every way to run Wayleave: all up, all measured from outside)
//!                │
//!   rounds × scenarios × variants ──► Load (closed | open) over Connections ──► Step
//!                │                                                               │
//!   /proc (CPU seconds, memory) ─────────────────────────────────────────────────┤
//!                                                                                ▼
//!                                            Report: medians, ratios to Envoy alone, aims met or not
//! ```
//!
//! The load generator shares the machine with what it measures, so it is one thread, speaks HTTP/1.1 over plain
//! sockets, and checks every answer.

pub mod aim;
pub mod child;
pub mod envoy;
pub mod fill;
pub mod fleet;
pub mod gauges;
pub mod http;
pub mod load;
pub mod machine;
pub mod manifest;
pub mod options;
pub mod process;
pub mod redis;
pub mod report;
pub mod run;
pub mod scenario;
pub mod stats;
pub mod step;
pub mod table;
pub mod variant;
