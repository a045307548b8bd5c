//! What the writer, the readers and the calls know of a spool together.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::index::{Index, Segment};
use crate::ledger::SinkName;
use crate::metrics::Metrics;

/// Why records went nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// They made room for newer ones before every sink had taken them.
    Full,
    /// The disk took them not, or not in time.
    Unwritable,
    /// What the disk gave back is not what was written.
    Damaged,
    /// A sink will never take them.
    Refused,
}

#[derive(Debug)]
pub(super) struct Shared {
    folder: PathBuf,
    /// Held as long as the folder is ours.
    _lock: File,
    index: Mutex<Index>,
    /// The number of the next record: all before it are written.
    written: watch::Sender<u64>,
    readers: Vec<Reading>,
    /// The disk has refused the last write.
    failing: AtomicBool,
    /// What is written and perhaps not yet on the disk.
    unsynced: Mutex<Vec<Arc<File>>>,
    metrics: Arc<Metrics>,
}

/// How far a sink is.
#[derive(Debug)]
struct Reading {
    sink: SinkName,
    /// The number of the first record that it has not taken.
    next: AtomicU64,
}

impl Shared {
    /// Takes a folder for these sinks.
    pub(super) fn open(folder: &Path, sinks: &[SinkName], metrics: Arc<Metrics>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::Error::other("another process has it"),
            fs::TryLockError::Error(error) => error,
        })?;
        let (mut index, damaged) = Index::recover(folder)?;
        let mut readers = Vec::new();
        for sink in sinks.iter().copied() {
            let next = read_cursor(folder, sink);
            index.skip_to(next);
            readers.push(Reading {
                sink,
                next: AtomicU64::new(next),
            });
        }
        let shared = Self {
            folder: folder.to_owned(),
            _lock: lock,
            written: watch::Sender::new(index.next()),
            index: Mutex::new(index),
            readers,
            failing: AtomicBool::new(false),
            unsynced: Mutex::default(),
            metrics,
        };
        shared.lost(Lost::Damaged, damaged);
        shared.gauge();
        Ok(shared)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn find(&self, sequence: u64) -> Option<Segment> {
        self.index().find(sequence)
    }

    /// Told the number of the next record, after each write.
    pub(super) fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    pub(super) fn next(&self) -> u64 {
        *self.written.borrow()
    }

    /// Where a sink goes on.
    pub(super) fn cursor(&self, sink: SinkName) -> u64 {
        self.reading(sink)
            .map_or(1, |reading| reading.next.load(Ordering::Acquire))
    }

    /// A sink has taken all records before this number: that is kept, and what nobody needs any more is removed. Blocks.
    pub(super) fn advance(&self, sink: SinkName, next: u64) -> io::Result<()> {
        write_cursor(&self.folder, sink, next)?;
        if let Some(reading) = self.reading(sink) {
            reading.next.store(next, Ordering::Release);
        }
        let read = self.read_by_all();
        let mut index = self.index();
        while let Some(oldest) = index.oldest_closed().filter(|oldest| oldest.end() <= read) {
            index.forget_oldest();
            fs::remove_file(oldest.path(&self.folder))?;
        }
        drop(index);
        self.gauge();
        Ok(())
    }

    /// Removes the oldest segment that is closed, and counts what of it not every sink had. `false`: there is none.
    pub(super) fn drop_oldest(&self) -> io::Result<bool> {
        let read = self.read_by_all();
        let mut index = self.index();
        let Some(oldest) = index.oldest_closed() else {
            return Ok(false);
        };
        index.forget_oldest();
        drop(index);
        let unread = oldest.end().saturating_sub(read.max(oldest.first));
        self.lost(Lost::Full, unread);
        fs::remove_file(oldest.path(&self.folder)).map(|()| true)
    }

    pub(super) fn begin_segment(&self) -> Segment {
        self.index().begin_segment()
    }

    pub(super) fn last(&self) -> Option<Segment> {
        self.index().last()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.index().bytes()
    }

    /// Records were written to the last segment.
    pub(super) fn grow(&self, records: u64, bytes: u64, file: &Arc<File>) {
        let next = {
            let mut index = self.index();
            index.grow(records, bytes);
            index.next()
        };
        self.unsynced(file);
        self.written.send_replace(next);
        self.failing.store(false, Ordering::Release);
        self.gauge();
    }

    /// A write failed.
    pub(super) fn fail(&self) {
        self.failing.store(true, Ordering::Release);
        self.metrics.ledger_failed();
    }

    /// Whether the disk has refused the last write: it is not to be waited for.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    pub(super) fn unsynced(&self, file: &Arc<File>) {
        let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
        if !unsynced.iter().any(|other| Arc::ptr_eq(other, file)) {
            unsynced.push(Arc::clone(file));
        }
    }

    pub(super) fn is_unsynced(&self) -> bool {
        let unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
        !unsynced.is_empty()
    }

    /// Brings to the disk what is written. Blocks.
    pub(super) fn sync(&self) {
        let files = std::mem::take(&mut *self.unsynced.lock().unwrap_or_else(PoisonError::into_inner));
        for file in files {
            if let Err(error) = file.sync_data() {
                self.metrics.ledger_failed();
                tracing::error!(folder = %self.folder.display(), %error, "the ledger's spool is not on the disk");
            }
        }
    }

    /// Records went nowhere, which is said.
    pub(super) fn lost(&self, why: Lost, records: u64) {
        if records > 0 {
            self.metrics.ledger().dropped(why, records);
            let (folder, why) = (self.folder.display(), why.as_str());
            tracing::error!(%folder, why, records, "records of the ledger are dropped");
        }
    }

    /// A call went on without its record being written.
    pub(super) fn unacknowledged(&self) {
        self.metrics.ledger().unacknowledged();
    }

    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    fn gauge(&self) {
        let (next, bytes) = {
            let index = self.index();
            (index.next(), index.bytes())
        };
        let ledger = self.metrics.ledger();
        ledger.spool_bytes(bytes);
        for reading in &self.readers {
            let read = reading.next.load(Ordering::Acquire);
            ledger.lag(reading.sink, next.saturating_sub(read));
        }
    }

    /// The number before which every sink has taken all. Without sinks nothing is taken.
    fn read_by_all(&self) -> u64 {
        let reads = self
            .readers
            .iter()
            .map(|reading| reading.next.load(Ordering::Acquire));
        reads.min().unwrap_or(0)
    }

    fn reading(&self, sink: SinkName) -> Option<&Reading> {
        self.readers.iter().find(|reading| reading.sink == sink)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lost {
    /// As it stands in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Unwritable => "unwritable",
            Self::Damaged => "damaged",
            Self::Refused => "refused",
        }
    }
}

fn cursor_path(folder: &Path, sink: SinkName) -> PathBuf {
    folder.join(format!("{}.cursor", sink.as_str()))
}

/// One that cannot be read is one from the beginning: records come twice rather than not at all.
fn read_cursor(folder: &Path, sink: SinkName) -> u64 {
    let text = fs::read_to_string(cursor_path(folder, sink)).unwrap_or_default();
    text.trim().parse().unwrap_or(1)
}

/// At once: nobody ever reads half a number.
fn write_cursor(folder: &Path, sink: SinkName, next: u64) -> io::Result<()> {
    let path = cursor_path(folder, sink);
    let beside = path.with_extension("cursor.new");
    fs::write(&beside, format!("{next}\n"))?;
    fs::rename(beside, path)
}
