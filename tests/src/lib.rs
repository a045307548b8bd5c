//! What the end-to-end suites share: a gateway as its users run it, simulated providers, clients, and its books.
//!
//! ```text
//! test ──► Client ──► Gateway (`wayleave up`, with or without Envoy) ──► Sim (in the test's own process)
//!   └──► ledger, metrics, logs, /proc ◄──────┘
//! ```
//! Everything that a gateway says passes a scanner for its credentials.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking, and so do its tools"
)]

pub mod chart;
pub mod clickhouse;
pub mod client;
pub mod cluster;
pub mod collector;
pub mod daemon;
pub mod embeddings;
pub mod envoy;
pub mod format;
pub mod front;
pub mod gateway;
pub mod ledger;
pub mod manifests;
pub mod metrics;
pub mod operator;
pub mod output;
pub mod plane;
pub mod play;
pub mod pod;
pub mod process;
pub mod program;
pub mod prometheus;
pub mod raw;
pub mod redis;
pub mod secrets;
pub mod site;
pub mod wait;

pub use clickhouse::ClickHouse;
pub use client::{Answer, Client, Streaming};
pub use cluster::Cluster;
pub use collector::Collector;
pub use envoy::Envoy;
pub use format::Format;
pub use front::{Front, HEAVY};
pub use gateway::Gateway;
pub use manifests::Manifests;
pub use operator::Operator;
pub use plane::Plane;
pub use pod::{Pod, Release};
pub use prometheus::Prometheus;
pub use redis::Redis;
pub use site::Site;
pub use wait::until;
