//! The ledger's file: JSON lines, appended in batches by one task.

mod lines;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use self::lines::Lines;
pub use self::lines::Rotation;
use super::record::Record;
use crate::metrics::Metrics;

/// Records that wait for the file at most; then calls wait at their end.
const QUEUE: usize = 8192;
/// Records in one write.
const BATCH: usize = 512;
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

enum Job {
    Write(Arc<Record>),
    Flush(oneshot::Sender<()>),
}

/// The way to the task that writes.
#[derive(Debug)]
pub(super) struct FileSink(mpsc::Sender<Job>);

impl FileSink {
    pub(super) fn open(path: PathBuf, rotation: Rotation, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let file = Lines::open(&path, rotation)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(queue, path, file, metrics));
        Ok(Self(jobs))
    }

    /// Given back: there is no room.
    pub(super) fn offer(&self, record: Arc<Record>) -> Option<Arc<Record>> {
        match self.0.try_send(Job::Write(record)) {
            Err(mpsc::error::TrySendError::Full(Job::Write(record))) => Some(record),
            Ok(()) | Err(_) => None,
        }
    }

    pub(super) async fn write(&self, record: Arc<Record>) {
        // The task ends only with the runtime.
        let _ = self.0.send(Job::Write(record)).await;
    }

    pub(super) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.0.send(Job::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

async fn write_all(mut queue: mpsc::Receiver<Job>, path: PathBuf, mut file: Lines, metrics: Arc<Metrics>) {
    let mut jobs = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut jobs, BATCH).await > 0 {
        let mut lines = Vec::new();
        let mut waiting = Vec::new();
        for job in jobs.drain(..) {
            match job {
                Job::Write(record) => {
                    if serde_json::to_writer(&mut lines, &*record).is_ok() {
                        lines.push(b'\n');
                    }
                }
                Job::Flush(done) => waiting.push(done),
            }
        }
        file = append(file, lines, &path, &metrics).await;
        for done in waiting {
            let _ = done.send(());
        }
    }
}

/// Appends until it works: a full disk delays records, it does not lose them.
async fn append(mut file: Lines, mut lines: Vec<u8>, path: &std::path::Path, metrics: &Metrics) -> Lines {
    let mut wait = FIRST_RETRY;
    while !lines.is_empty() {
        let written = tokio::task::spawn_blocking(move || {
            let result = file.append(&mut lines);
            (file, lines, result)
        });
        let (back, rest, result) = match written.await {
            Ok(parts) => parts,
            // The runtime is shutting down.
            Err(_) => std::future::pending().await,
        };
        (file, lines) = (back, rest);
        if let Err(error) = result {
            metrics.ledger_failed();
            tracing::error!(path = %path.display(), %error, retry_in = ?wait, "cannot write the ledger");
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_RETRY);
        }
    }
    file
}
