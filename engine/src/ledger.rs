//! The books: one record per attempt, one per call, in a bounded ring and as JSON lines in a file.

mod file;
pub mod record;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use self::file::FileSink;
use self::record::Record;
use crate::metrics::Metrics;

/// Where records go.
#[derive(Debug)]
pub(crate) struct Ledger {
    ring: Mutex<VecDeque<Arc<Record>>>,
    most: usize,
    file: Option<FileSink>,
}

impl Ledger {
    pub(crate) fn open(path: Option<PathBuf>, most: usize, metrics: &Arc<Metrics>) -> std::io::Result<Self> {
        let file = path
            .map(|path| FileSink::open(path, Arc::clone(metrics)))
            .transpose()?;
        Ok(Self {
            ring: Mutex::default(),
            most: most.max(1),
            file,
        })
    }

    /// Keeps a record in the ring and offers it to the file. Given back: the file is behind, and the record still has
    /// to be written.
    pub(crate) fn keep(&self, record: Record) -> Option<Arc<Record>> {
        let record = Arc::new(record);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= self.most {
            ring.pop_front();
        }
        ring.push_back(Arc::clone(&record));
        drop(ring);
        self.file.as_ref().and_then(|file| file.offer(record))
    }

    /// Hands a record to the file, waiting until there is room: none is ever dropped.
    pub(crate) async fn write(&self, record: Arc<Record>) {
        if let Some(file) = &self.file {
            file.write(record).await;
        }
    }

    /// The records of one call, or the last ones; the oldest first.
    pub(crate) fn read(&self, call: Option<&str>, limit: usize) -> Vec<serde_json::Value> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |record: &&Arc<Record>| call.is_none_or(|call| record.call() == call);
        let mut found: Vec<Arc<Record>> = ring.iter().rev().filter(wanted).take(limit).cloned().collect();
        drop(ring);
        found.reverse();
        found
            .iter()
            .filter_map(|record| serde_json::to_value(record).ok())
            .collect()
    }

    /// Resolves when all that was written before stands in the file.
    pub(crate) async fn flush(&self) {
        if let Some(file) = &self.file {
            file.flush().await;
        }
    }
}
