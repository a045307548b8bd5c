//! Where the configuration comes from.
//!
//! ```text
//! folder ────snapshots (watch)─────────────────────────────────────────┐
//!                                                                      ├─► Engine::apply
//! operator ══delta xDS over TLS══► session ──Update──► Replica (pure) ─┘
//!     ▲                               │ └──Answer, once it is in force
//!     └── dial ◄──── follow ──────────┘
//!            every address in random order, then a pause
//! ```
//!
//! What is in force stays in force while the operator is away. A resource that cannot be taken is answered with its
//! reason, and its last good version stays.

mod backoff;
mod dial;
mod files;
mod follow;
mod metrics;
mod replica;
mod server;
mod session;
mod status;
mod told;
mod trouble;
mod wire;

use std::sync::Arc;

use tokio::sync::watch;
use wayleave_core::snapshot::Snapshot;

pub use self::server::{BadServerUrl, ConfigServer, ServerUrl};
pub(crate) use self::session::Follower;
pub(crate) use self::status::Status;

/// Where the configuration comes from.
#[derive(Debug)]
pub enum ConfigSource {
    /// From whoever makes whole ones, e.g. out of a folder. Each is in force from when it comes.
    Snapshots(watch::Receiver<Option<Arc<Snapshot>>>),
    /// From an operator's configuration server.
    Server(ConfigServer),
}
