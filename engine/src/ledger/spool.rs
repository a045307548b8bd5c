//! A spool on disk between calls and the sinks of their records, which may be slow, or away.
//!
//! ```text
//! calls ──queue──► Writer (one thread) ──write(2)──► segments ──Reader, cursor──► a sink
//!   ▲                   │                  │                                       │
//!   └──── "written" ────┘        fsync, in the background            removed when all sinks have them
//! ```
//! A call waits until its record is written before its client sees the end of the answer: after a crash of the process
//! the spool has every call that a client saw answered. A crash of the machine may take what was written since the last
//! fsync.

mod frame;
mod index;
mod reader;
mod shared;
mod writer;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) use self::reader::{Batch, Reader};
pub(crate) use self::shared::Lost;
use self::shared::Shared;
use self::writer::{Job, Writer};
use super::SinkName;
use super::record::Record;
use crate::metrics::Metrics;

/// Records that wait for the writer at most; then calls wait at their end.
const QUEUE: usize = 8192;
/// How long a call waits for its record to be written. Then it goes on: no answer is lost to a disk.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often what was written is brought to the disk.
const SYNC_EVERY: Duration = Duration::from_millis(100);

/// Where a spool lies, and what reads it.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// Its folder, of one process at a time.
    pub folder: PathBuf,
    /// The most bytes of all records in it.
    pub max_bytes: u64,
    /// What its records go to.
    pub sinks: Vec<super::SinkOptions>,
}

/// The way to a spool. Dropped, all that works on it ends.
#[derive(Debug)]
pub(super) struct Spool {
    queue: mpsc::Sender<Job>,
    shared: Arc<Shared>,
    over: CancellationToken,
    _end: DropGuard,
}

/// What a call has still to see written.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    /// Resolves when the last record is. Those before it are too: there is one queue.
    last: Option<oneshot::Receiver<()>>,
    /// There was no room for these.
    waiting: Vec<Arc<Record>>,
}

impl Spool {
    pub(super) fn open(
        folder: &std::path::Path,
        max_bytes: u64,
        sinks: &[SinkName],
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::open(folder, sinks, metrics)?);
        let (queue, jobs) = mpsc::channel(QUEUE);
        let writer = Writer {
            shared: Arc::clone(&shared),
            max_bytes,
            file: None,
        };
        std::thread::Builder::new()
            .name("ledger-spool".to_owned())
            .spawn(move || writer.run(jobs))?;
        let over = CancellationToken::new();
        tokio::spawn(over.clone().run_until_cancelled_owned(sync(Arc::clone(&shared))));
        Ok(Self {
            queue,
            shared,
            _end: over.clone().drop_guard(),
            over,
        })
    }

    /// Hands a record to the writer, if there is room.
    pub(super) fn offer(&self, record: Arc<Record>, unwritten: &mut Unwritten) {
        let (tell, told) = oneshot::channel();
        match self.queue.try_send(Job::Write(record, tell)) {
            Ok(()) => unwritten.last = Some(told),
            Err(mpsc::error::TrySendError::Full(Job::Write(record, _))) => unwritten.waiting.push(record),
            // The writer ends only with us.
            Err(_) => {}
        }
    }

    /// Waits until the records of a call are written, but not for ever.
    pub(super) async fn written(&self, mut unwritten: Unwritten) {
        if unwritten.last.is_none() && unwritten.waiting.is_empty() {
            return;
        }
        let written =
            !self.shared.is_failing() && timeout(PATIENCE, self.take(&mut unwritten)).await == Ok(true);
        if !written {
            self.shared.unacknowledged();
        }
        self.shared.lost(Lost::Unwritable, unwritten.waiting.len() as u64);
    }

    async fn take(&self, unwritten: &mut Unwritten) -> bool {
        while !unwritten.waiting.is_empty() {
            let Ok(room) = self.queue.reserve().await else {
                return false;
            };
            let (tell, told) = oneshot::channel();
            room.send(Job::Write(unwritten.waiting.remove(0), tell));
            unwritten.last = Some(told);
        }
        match &mut unwritten.last {
            Some(last) => last.await.is_ok(),
            None => true,
        }
    }

    /// Resolves when all that was offered before is on the disk.
    pub(super) async fn flush(&self) {
        let (tell, told) = oneshot::channel();
        if self.queue.send(Job::Flush(tell)).await.is_ok() {
            let _ = told.await;
        }
        let shared = Arc::clone(&self.shared);
        let _ = tokio::task::spawn_blocking(move || shared.sync()).await;
    }

    /// What a sink reads by.
    pub(super) fn tap(&self, sink: SinkName) -> Tap {
        Tap {
            sink,
            shared: Arc::clone(&self.shared),
            over: self.over.clone(),
        }
    }
}

/// A sink's end of a spool.
#[derive(Clone, Debug)]
pub(super) struct Tap {
    pub(super) sink: SinkName,
    shared: Arc<Shared>,
    /// Cancelled when the spool is given up.
    pub(super) over: CancellationToken,
}

impl Tap {
    /// From where the sink has come to.
    pub(super) fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared), self.cursor())
    }

    /// The number of the first record that the sink has not taken.
    pub(super) fn cursor(&self) -> u64 {
        self.shared.cursor(self.sink)
    }

    /// Told the number of the next record, after each write.
    pub(super) fn written(&self) -> watch::Receiver<u64> {
        self.shared.written()
    }

    /// The sink has taken all before this number. Blocks.
    pub(super) fn advance(&self, next: u64) -> io::Result<()> {
        self.shared.advance(self.sink, next)
    }

    /// The sink will never take these.
    pub(super) fn refused(&self, records: u64) {
        self.shared.lost(Lost::Refused, records);
    }

    pub(super) fn metrics(&self) -> &Metrics {
        self.shared.metrics()
    }
}

async fn sync(shared: Arc<Shared>) {
    let mut tick = interval(SYNC_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if shared.is_unsynced() {
            let shared = Arc::clone(&shared);
            let _ = tokio::task::spawn_blocking(move || shared.sync()).await;
        }
    }
}

#[cfg(test)]
mod tests;
