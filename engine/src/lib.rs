//! Runs calls: takes a request, carries out its plan against the providers, gives the answer, keeps the books.
//!
//! ```text
//! adaptor ──Call──► Engine::run ──Table──► Plan ──executor──► attempts ──► providers
//!    ▲                                        │
//!    └──────────Answer (head, pieces)◄────────┴──► health, ledger, metrics
//! ```
//! Knows no Envoy and no Kubernetes.

pub mod call;

use std::path::PathBuf;

use wayleave_core::snapshot::Snapshot;

use crate::call::{Answer, Call};

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Where the ledger goes as JSON lines; `None`: only the ring.
    pub ledger_file: Option<PathBuf>,
    /// How many ledger records the ring keeps.
    pub ledger_ring: usize,
    /// The most bytes of one answer.
    pub max_answer_bytes: usize,
    /// The most bytes of all answers in flight together.
    pub max_inflight_bytes: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            ledger_file: None,
            ledger_ring: 10_000,
            max_answer_bytes: 64 << 20,
            max_inflight_bytes: 512 << 20,
        }
    }
}

/// Why an engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ledger's file cannot be written.
    #[error("cannot write the ledger to {path}: {error}. Choose another file with --ledger")]
    Ledger {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// The engine. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Engine;

impl Engine {
    /// Sets up an engine without a configuration. Has to be called inside a Tokio runtime.
    pub fn start(options: EngineOptions) -> Result<Self, StartError> {
        let _ = options;
        todo!()
    }

    /// Puts a configuration in force. Calls in flight keep the one they started with.
    pub fn apply(&self, snapshot: Snapshot) {
        let _ = snapshot;
        todo!()
    }

    /// Whether a configuration is in force.
    pub fn ready(&self) -> bool {
        todo!()
    }

    /// The configuration in force as JSON, credentials as stars.
    pub fn config(&self) -> serde_json::Value {
        todo!()
    }

    /// Runs a call. Never fails: what goes wrong is an answer in the client's format. Dropping the future, or the
    /// pieces of its answer, cancels the call all the way to the providers; the ledger has it all the same.
    pub async fn run(&self, call: Call) -> Answer {
        let _ = call;
        todo!()
    }

    /// Calls in flight.
    pub fn in_flight(&self) -> usize {
        todo!()
    }

    /// From now on new calls are refused with 503.
    pub fn drain(&self) {
        todo!()
    }

    /// Resolves when no call is in flight and the ledger is written.
    pub async fn drained(&self) {
        todo!()
    }

    /// The metrics in the Prometheus text format (OpenMetrics).
    pub fn metrics(&self) -> String {
        todo!()
    }

    /// The ledger's records of one call, or the last `limit` records, as JSON.
    pub fn ledger(&self, call: Option<&str>, limit: usize) -> Vec<serde_json::Value> {
        let _ = (call, limit);
        todo!()
    }
}
