//! Keeps what is learned, from time to time and at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::Tables;
use super::commons::{CommonsOptions, Member};
use super::disk::Disk;
use crate::metrics::LearnedMetrics;

/// How often. What is learned in one such time may be lost with the process.
const EACH: Duration = Duration::from_secs(5);
/// How long the end waits.
const LAST: Duration = Duration::from_secs(5);

/// A task that does it. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Keeper {
    asks: mpsc::Sender<oneshot::Sender<()>>,
    _task: AbortOnDropHandle<()>,
}

/// What a keeper does at a time.
trait Place: Send + 'static {
    /// `last`: the process is about to end.
    fn keep(&mut self, last: bool) -> impl Future<Output = ()> + Send;
}

impl Keeper {
    pub(super) fn of_disk(disk: Disk, tables: Tables, metrics: LearnedMetrics) -> Self {
        Self::start(DiskPlace {
            disk: Arc::new(disk),
            saved: tables.observed(),
            tables,
            metrics,
            failing: false,
        })
    }

    pub(super) fn of_commons(options: CommonsOptions, tables: Tables, metrics: LearnedMetrics) -> Self {
        Self::start(Member::new(options, tables, metrics))
    }

    fn start(mut place: impl Place) -> Self {
        let (asks, mut asked) = mpsc::channel::<oneshot::Sender<()>>(1);
        let task = tokio::spawn(async move {
            place.keep(false).await;
            loop {
                // Not all replicas at once.
                let pause = EACH.mul_f64(0.8 + fastrand::f64() * 0.4);
                tokio::select! {
                    asked = asked.recv() => {
                        let Some(asked) = asked else { return };
                        place.keep(true).await;
                        // Nobody has to wait for it.
                        let _ = asked.send(());
                    }
                    () = sleep(pause) => place.keep(false).await,
                }
            }
        });
        Self {
            asks,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Resolves when all that was learned before is kept, or cannot be.
    pub(super) async fn flush(&self) {
        let (done, told) = oneshot::channel();
        let flushed = timeout(LAST, async {
            if self.asks.send(done).await.is_ok() {
                let _ = told.await;
            }
        });
        if flushed.await.is_err() {
            tracing::warn!("what was learned last is not kept: it takes too long");
        }
    }
}

impl Place for Member {
    async fn keep(&mut self, last: bool) {
        self.round(last).await;
    }
}

struct DiskPlace {
    disk: Arc<Disk>,
    tables: Tables,
    metrics: LearnedMetrics,
    /// Of all observations, those that are on disk.
    saved: u64,
    failing: bool,
}

impl Place for DiskPlace {
    async fn keep(&mut self, _last: bool) {
        let observed = self.tables.observed();
        if observed == self.saved {
            return;
        }
        let (disk, tables) = (Arc::clone(&self.disk), self.tables.clone());
        let saved = tokio::task::spawn_blocking(move || disk.save(&tables)).await;
        match saved.map_err(std::io::Error::other).flatten() {
            Ok(()) => {
                self.saved = observed;
                self.failing = false;
            }
            Err(error) => {
                self.metrics.failed("disk", "io");
                // Once, not each time.
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(%error, "what is learned cannot be written to its folder: it is kept in memory only");
                }
            }
        }
    }
}
