//! The one thread that writes a spool: whatever calls hand it meanwhile goes into one write.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::frame;
use super::shared::Shared;
use crate::ledger::record::Record;

/// Records in one write.
const BATCH: usize = 512;
/// How many segments a full spool has, at least: one of them goes at a time.
const SEGMENTS: u64 = 16;
/// Nor is a segment larger.
const LARGEST_SEGMENT: u64 = 16 << 20;
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Write this, then tell.
    Write(Arc<Record>, oneshot::Sender<()>),
    /// Tell when all before is written.
    Flush(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) max_bytes: u64,
    /// The file of the last segment; `None`: the next write begins one.
    pub(super) file: Option<Arc<File>>,
}

impl Writer {
    /// Writes until nobody can ask for more.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.blocking_recv_many(&mut jobs, BATCH) > 0 {
            let first = self.shared.next();
            let (mut bytes, mut records) = (Vec::new(), 0);
            let mut told = Vec::with_capacity(jobs.len());
            for job in jobs.drain(..) {
                match job {
                    Job::Write(record, tell) => {
                        let text = serde_json::to_vec(&*record).unwrap_or_default();
                        if frame::write(&mut bytes, first + records, &text) {
                            records += 1;
                        }
                        told.push(tell);
                    }
                    Job::Flush(tell) => told.push(tell),
                }
            }
            if records > 0 && !self.write(&bytes, records, &queue) {
                return;
            }
            for tell in told {
                // Whoever does not wait any more need not know.
                let _ = tell.send(());
            }
        }
    }

    /// Writes until it works. `false`: nobody needs it any more.
    fn write(&mut self, bytes: &[u8], records: u64, queue: &mpsc::Receiver<Job>) -> bool {
        let mut wait = FIRST_RETRY;
        loop {
            let Err(error) = self.append(bytes, records) else {
                return true;
            };
            self.shared.fail();
            tracing::error!(
                folder = %self.shared.folder().display(), %error, retry_in = ?wait, "cannot write the ledger's spool"
            );
            // Newer records rather than older ones.
            let room =
                error.kind() == io::ErrorKind::StorageFull && self.shared.drop_oldest().unwrap_or(false);
            if room {
                continue;
            }
            if queue.is_closed() {
                return false;
            }
            // Woken for no reason, it only tries earlier.
            std::thread::park_timeout(wait);
            wait = wait.saturating_mul(2).min(LONGEST_RETRY);
        }
    }

    fn append(&mut self, bytes: &[u8], records: u64) -> io::Result<()> {
        let length = bytes.len() as u64;
        let file = self.file_for(length)?;
        while self.shared.bytes().saturating_add(length) > self.max_bytes && self.shared.drop_oldest()? {}
        if let Err(error) = (&*file).write_all(bytes) {
            // What came half is written once more, over it.
            let whole = self.shared.last().map_or(0, |last| last.bytes);
            if file.set_len(whole).is_err() {
                self.file = None;
            }
            return Err(error);
        }
        self.shared.grow(records, length, &file);
        Ok(())
    }

    /// The file of the last segment, or of a new one where that has no room.
    fn file_for(&mut self, length: u64) -> io::Result<Arc<File>> {
        let most = (self.max_bytes / SEGMENTS).min(LARGEST_SEGMENT);
        let last = self.shared.last();
        let room = last.is_some_and(|last| last.records == 0 || last.bytes.saturating_add(length) <= most);
        if let Some(file) = self.file.as_ref().filter(|_| room) {
            return Ok(Arc::clone(file));
        }
        let segment = match last {
            // It was begun, and then could not be opened.
            Some(last) if last.records == 0 => last,
            Some(_) | None => self.shared.begin_segment(),
        };
        let path = segment.path(self.shared.folder());
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(0)?;
        let file = Arc::new(file);
        if let Ok(folder) = File::open(self.shared.folder()) {
            self.shared.unsynced(&Arc::new(folder));
        }
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}
