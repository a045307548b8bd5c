//! Runs calls: takes a request, carries out its plan against the providers, gives the answer, keeps the books.
//!
//! ```text
//! adaptor ──Call──► Engine::run ──Table──► Plan ──executor──► attempts ──► providers
//!    ▲                                        │
//!    └──────────Answer (head, pieces)◄────────┴──► health, ledger, metrics
//! ```
//! Knows no Envoy and no Kubernetes.

mod attempt;
mod cache;
pub mod call;
mod client;
mod clock;
mod context;
mod credential;
mod deliver;
mod drive;
mod embedding;
mod engine;
mod evidence;
mod executor;
mod experiment;
mod failure;
mod feedback;
mod health;
mod judging;
pub mod learned;
pub mod ledger;
mod metrics;
mod models;
mod part;
mod planning;
mod race;
mod recent;
mod task;
mod upstream;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wayleave_core::experiment::report::Report;
use wayleave_core::notice::Notices;
use wayleave_core::price::PriceBook;
use wayleave_core::snapshot::{Endpoint, Snapshot, Timeouts};
use wayleave_core::table::Table;

use crate::cache::Caches;
pub use crate::cache::store::{Purge, PurgeError};
use crate::call::{Answer, Call};
use crate::clock::Clock;
use crate::engine::{Core, Flights};
use crate::evidence::Evidence;
use crate::experiment::Experiments;
use crate::health::Health;
use crate::judging::Judging;
use crate::learned::{Keep, Learned};
use crate::ledger::{Ledger, Rotation, SpoolOptions};
use crate::metrics::Metrics;
use crate::recent::Recent;
use crate::task::Examples;
use crate::upstream::Clients;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Where the ledger goes as JSON lines; `None`: only the ring.
    pub ledger_file: Option<PathBuf>,
    /// When that file is put aside.
    pub ledger_rotation: Rotation,
    /// Where records wait on disk for the sinks of the ledger; `None`: there are no sinks.
    pub ledger_spool: Option<SpoolOptions>,
    /// Where what is learned is kept; `None`: in memory.
    pub learned: Option<Keep>,
    /// How many ledger records the ring keeps.
    pub ledger_ring: usize,
    /// The most bytes of one answer.
    pub max_answer_bytes: usize,
    /// The most bytes of all answers in flight together.
    pub max_inflight_bytes: usize,
    /// How long a client that streams hears nothing before a comment keeps its connection awake; zero: for ever.
    pub keep_alive: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            ledger_file: None,
            ledger_rotation: Rotation::default(),
            ledger_spool: None,
            learned: None,
            ledger_ring: 10_000,
            max_answer_bytes: 64 << 20,
            max_inflight_bytes: 512 << 20,
            keep_alive: Duration::from_secs(20),
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
    /// The ledger's spool cannot be used.
    #[error("cannot use {path} as the ledger's spool: {error}. Choose another folder with --ledger-spool")]
    Spool {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The folder of what is learned cannot be used.
    #[error("cannot keep what is learned in {path}: {error}. Choose another folder with --learned")]
    Learned {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// The engine. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Core>);

impl Engine {
    /// Sets up an engine without a configuration. Has to be called inside a Tokio runtime.
    pub fn start(options: EngineOptions) -> Result<Self, StartError> {
        // Already installed: by the program, or by another engine of this process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Parsed now: no call should wait for it.
        if let Some(error) = PriceBook::builtin().error() {
            tracing::error!(%error, "the built-in price book cannot be read: only a ProviderKey's own prices are known");
        }
        let clock = Clock::start();
        let metrics = Metrics::new();
        let ledger = Ledger::open(&options, &metrics)?;
        let mut learned = Learned::default();
        let evidence = Evidence::new(clock, &mut learned);
        let experiments = Experiments::new(clock, &mut learned);
        let judging = Judging::new(clock, &mut learned);
        if let Some(keep) = &options.learned {
            learned.keep(keep, metrics.learned())?;
        }
        let recent = Recent::new(options.learned.as_ref(), metrics.learned());
        Ok(Self(Arc::new(Core {
            options,
            clock,
            table: ArcSwapOption::empty(),
            clients: Clients::default(),
            health: Health::new(clock),
            evidence,
            experiments,
            judging,
            learned,
            recent,
            caches: Caches::default(),
            examples: Examples::default(),
            ledger,
            metrics,
            flights: Flights::default(),
            draining: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            hurry: CancellationToken::new(),
        })))
    }

    /// Puts a configuration in force. Calls in flight keep the one they started with.
    pub fn apply(&self, snapshot: Snapshot) {
        let table = Table::build(snapshot);
        self.0.clients.warm(&table);
        self.0.caches.configure(&table, self.0.metrics.store());
        self.0.examples.configure(&table);
        self.0.table.store(Some(Arc::new(table)));
        self.0.metrics.configured();
    }

    /// What cannot be had of what the configuration in force asks for.
    pub fn notices(&self) -> Notices {
        self.0.caches.notices()
    }

    /// Told when [`Engine::notices`] may be others.
    pub fn news(&self) -> watch::Receiver<()> {
        self.0.caches.news()
    }

    /// Whether requests can be made to an endpoint at all.
    ///
    /// # Errors
    /// When its URL or its certificates cannot be used; the reason is for people.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), String> {
        let checked = self.0.clients.check(endpoint, Timeouts::default().connect);
        checked.map_err(|error| error.to_string())
    }

    /// Whether a configuration is in force and new calls are taken.
    pub fn ready(&self) -> bool {
        self.0.table.load().is_some() && !self.draining()
    }

    /// The configuration in force as JSON, credentials as stars; `null`: none.
    pub fn config(&self) -> serde_json::Value {
        let table = self.0.table.load();
        let snapshot = table.as_ref().map(|table| table.snapshot());
        serde_json::to_value(snapshot).unwrap_or_default()
    }

    /// Runs a call. Never fails: what goes wrong is an answer in the client's format. Dropping the future, or the
    /// pieces of its answer, cancels the call all the way to the providers; the ledger has it all the same.
    pub async fn run(&self, call: Call) -> Answer {
        self.0.run(call).await
    }

    /// Calls in flight.
    pub fn in_flight(&self) -> usize {
        self.0.flights.calls()
    }

    /// From now on new calls are refused with 503.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// Whether new calls are refused because of [`Engine::drain`].
    pub fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// Resolves when no call is in flight and the ledger is written. After [`Engine::drain`] the losers of races are
    /// not drained any longer: their usage is estimated.
    pub async fn drained(&self) {
        self.0.flights.all_landed().await;
        if self.draining() {
            self.0.hurry.cancel();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.learned.flush().await;
        self.0.ledger.flush().await;
    }

    /// The metrics in the OpenMetrics text format, without the mark of its end: other metrics may follow.
    pub fn metrics(&self) -> String {
        self.0.learned.measure(self.0.metrics.learned());
        let reports = self.reports();
        self.0
            .metrics
            .experiments()
            .measure(reports.iter().map(Arc::as_ref));
        self.0.show_keys();
        self.0.metrics.text()
    }

    /// What is known of the experiments of the configuration in force.
    pub fn experiments(&self) -> Vec<Report> {
        self.reports().into_iter().map(Arc::unwrap_or_clone).collect()
    }

    fn reports(&self) -> Vec<Arc<Report>> {
        let table = self.0.table.load();
        let reports = table
            .as_ref()
            .map(|table| self.0.experiments.reports(table, &self.0.judging));
        reports.unwrap_or_default()
    }

    /// Forgets kept answers, and says how many there were. Those that were asked for before are not kept any more.
    ///
    /// # Errors
    /// When the route has no cache, or its store cannot be reached or fails on the way.
    pub async fn purge(&self, which: &Purge) -> Result<u64, PurgeError> {
        let route = which.route();
        let store = self.0.table.load().as_ref().and_then(|table| {
            let mut routes = table.routes().iter();
            let route = routes.find(|active| active.name.to_string() == **route)?;
            self.0.caches.store(&route.cache.as_ref()?.name)
        });
        let store = store.ok_or_else(|| PurgeError::NoCache(Arc::clone(route)))?;
        self.0.caches.renditions.clear();
        store.purge(which).await
    }

    /// The ledger's records of one call, or the last `limit` records, the oldest first.
    pub fn ledger(&self, call: Option<&str>, limit: usize) -> Vec<serde_json::Value> {
        self.0.ledger.read(call, limit)
    }
}

#[cfg(test)]
mod tests;
