//! The line to a server: connected in the background, cut where the server fails, never waited for.
//!
//! ```text
//! connecting ──the server answers a PING in time──► up ──it fails 5 times in a row, or hangs up──► pause ─┐
//!     ▲                                                                                                 │
//!     └─────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//! So it is a circuit breaker whose probe is the PING of a new connection: no call has to be one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::server::{self, Server, Wire};
use crate::metrics::{Fault, Label, Operation, StoreKind, StoreMetrics};

/// Failures in a row that cut the line.
const FAILURES: u32 = 5;
/// The pause before the next connection, the first time; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The line to a server. Dropped, it is cut.
pub(super) struct Line {
    link: Arc<ArcSwapOption<Link>>,
    _keeper: AbortOnDropHandle<()>,
}

/// One connection of it.
pub(super) struct Link {
    pub(super) wire: Wire,
    failures: AtomicU32,
    cut: CancellationToken,
}

impl Line {
    /// Begins to connect. A PING has to be answered within `patience`.
    pub(super) fn open(server: Server, patience: Duration, policy: Label, metrics: StoreMetrics) -> Self {
        let link = Arc::new(ArcSwapOption::empty());
        let keeper = Keeper {
            link: Arc::clone(&link),
            server,
            patience,
            policy,
            metrics,
        };
        Self {
            link,
            _keeper: AbortOnDropHandle::new(tokio::spawn(keeper.keep())),
        }
    }

    /// The connection; `None`: there is none now.
    pub(super) fn link(&self) -> Option<Arc<Link>> {
        self.link.load_full().filter(|link| !link.cut.is_cancelled())
    }
}

impl Link {
    fn new(wire: Wire) -> Self {
        Self {
            wire,
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
    policy: Label,
    metrics: StoreMetrics,
}

impl Keeper {
    async fn keep(self) {
        let policy = &*self.policy.0;
        let mut pause = FIRST_PAUSE;
        let mut told = None;
        loop {
            match self.connect().await {
                Ok(wire) => {
                    tracing::info!(policy, "the store of the cache is connected");
                    told = None;
                    let up = Instant::now();
                    self.serve(wire).await;
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

    async fn connect(&self) -> Result<Wire, Fault> {
        let wire = self
            .server
            .connect()
            .await
            .map_err(|error| server::fault(&error))?;
        let ping = redis::cmd("PING");
        match timeout(self.patience, wire.ask::<()>(&ping)).await {
            Ok(Ok(())) => Ok(wire),
            Ok(Err(error)) => Err(server::fault(&error)),
            Err(_) => Err(Fault::Timeout),
        }
    }

    /// Until it is cut.
    async fn serve(&self, wire: Wire) {
        let link = Arc::new(Link::new(wire));
        self.link.store(Some(Arc::clone(&link)));
        link.cut.cancelled().await;
        self.link.store(None);
    }
}
