//! The line to a server: connected in the background, cut where the server fails, never waited for.
//!
//! ```text
//! connecting ──the server answers a PING in time──► up ──it fails 5 times in a row, or hangs up──► pause ─┐
//!     ▲                                                                                                 │
//!     └─────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//! So it is a circuit breaker whose probe is the PING of a new connection: no call has to be one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::server::{self, Server, Wire};
use super::vectors::Dialect;
use crate::metrics::{Fault, Label, Operation, StoreKind, StoreMetrics};

/// Failures in a row that cut the line.
const FAILURES: u32 = 5;
/// The pause before the next connection, the first time; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether the server is to search vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vectors {
    /// Nobody asks for that.
    Unwanted,
    /// If it can.
    Wanted,
    /// It must not have them.
    Secret,
}

/// The line to a server. Dropped, it is cut.
pub(super) struct Line {
    link: Arc<ArcSwapOption<Link>>,
    /// Whether vectors are wanted and the server, when last seen, could not search them.
    lacks_vectors: Arc<AtomicBool>,
    _keeper: AbortOnDropHandle<()>,
}

/// One connection of it.
pub(super) struct Link {
    pub(super) wire: Wire,
    /// How the server searches vectors, where it is to and can.
    pub(super) dialect: Option<Dialect>,
    failures: AtomicU32,
    cut: CancellationToken,
}

impl Line {
    /// Begins to connect. A PING has to be answered within `patience`.
    pub(super) fn open(
        server: Server,
        patience: Duration,
        vectors: Vectors,
        policy: Label,
        metrics: StoreMetrics,
        news: watch::Sender<()>,
    ) -> Self {
        let link = Arc::new(ArcSwapOption::empty());
        let lacks_vectors = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            link: Arc::clone(&link),
            server,
            patience,
            vectors,
            lacks_vectors: Arc::clone(&lacks_vectors),
            policy,
            metrics,
            news,
        };
        Self {
            link,
            lacks_vectors,
            _keeper: AbortOnDropHandle::new(tokio::spawn(keeper.keep())),
        }
    }

    /// The connection; `None`: there is none now.
    pub(super) fn link(&self) -> Option<Arc<Link>> {
        self.link.load_full().filter(|link| !link.cut.is_cancelled())
    }

    pub(super) fn lacks_vectors(&self) -> bool {
        self.lacks_vectors.load(Ordering::Relaxed)
    }
}

impl Link {
    fn new(wire: Wire, dialect: Option<Dialect>) -> Self {
        Self {
            wire,
            dialect,
            failures: AtomicU32::new(0),
            cut: CancellationToken::new(),
        }
    }

    /// The server did what it was asked.
    pub(super) fn served(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// It did not. One that says no is alive: that tells nothing of the line.
    pub(super) fn failed(&self, fault: Fault) {
        let enough = match (fault, &self.wire) {
            (Fault::Connection, Wire::Single(_)) => true,
            // Other nodes of a cluster may be well.
            (Fault::Timeout | Fault::Connection, _) => {
                self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= FAILURES
            }
            _ => false,
        };
        if enough {
            self.cut.cancel();
        }
    }
}

/// Makes connections, one after the other.
struct Keeper {
    link: Arc<ArcSwapOption<Link>>,
    server: Server,
    patience: Duration,
    vectors: Vectors,
    lacks_vectors: Arc<AtomicBool>,
    policy: Label,
    metrics: StoreMetrics,
    news: watch::Sender<()>,
}

impl Keeper {
    async fn keep(self) {
        let policy = &*self.policy.0;
        let mut pause = FIRST_PAUSE;
        let mut told = None;
        let mut searched = None;
        loop {
            match self.connect().await {
                Ok(link) => {
                    tracing::info!(policy, "the store of the cache is connected");
                    told = None;
                    if searched.replace(link.dialect) != Some(link.dialect) {
                        self.tell_of_vectors(link.dialect.is_some());
                    }
                    let up = Instant::now();
                    self.serve(link).await;
                    tracing::warn!(
                        policy,
                        "the store of the cache failed: it is left alone for a moment"
                    );
                    if up.elapsed() > LONGEST_PAUSE {
                        pause = FIRST_PAUSE;
                    }
                }
                Err(fault) => {
                    self.metrics.failed(StoreKind::Redis, Operation::Connect, fault);
                    // Once for each reason, not each time.
                    if told.replace(fault) != Some(fault) {
                        let reason = fault.as_str();
                        tracing::warn!(
                            policy,
                            reason,
                            "the store of the cache cannot be reached: calls go on without"
                        );
                    }
                }
            }
            // Not all replicas at once.
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    async fn connect(&self) -> Result<Link, Fault> {
        let wire = self
            .server
            .connect()
            .await
            .map_err(|error| server::fault(&error))?;
        let ping = redis::cmd("PING");
        match timeout(self.patience, wire.ask::<()>(&ping)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(server::fault(&error)),
            Err(_) => return Err(Fault::Timeout),
        }
        let dialect = match self.vectors {
            Vectors::Wanted => Dialect::of(&wire).await?,
            Vectors::Unwanted | Vectors::Secret => None,
        };
        Ok(Link::new(wire, dialect))
    }

    /// Whether similar requests of all replicas are found.
    fn tell_of_vectors(&self, searched: bool) {
        let policy = &*self.policy.0;
        match (self.vectors, searched) {
            (Vectors::Unwanted, _) => return,
            (Vectors::Wanted, true) => {}
            (Vectors::Wanted, false) => tracing::warn!(
                policy,
                "the store of the cache has neither vector sets, as Redis 8.2 has them, nor the search module of Valkey \
                 or Redis for all of its nodes: each data plane finds only similar requests of its own"
            ),
            (Vectors::Secret, _) => tracing::info!(
                policy,
                "the store of the cache is encrypted: each data plane finds only similar requests of its own"
            ),
        }
        self.metrics.shared(&self.policy, searched);
        let lacks = self.vectors == Vectors::Wanted && !searched;
        self.lacks_vectors.store(lacks, Ordering::Relaxed);
        self.news.send_replace(());
    }

    /// Until it is cut.
    async fn serve(&self, link: Link) {
        let link = Arc::new(link);
        self.link.store(Some(Arc::clone(&link)));
        link.cut.cancelled().await;
        self.link.store(None);
    }
}
