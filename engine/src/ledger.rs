//! The books: one record per attempt, one per call, in a bounded ring, as JSON lines in a file, and by way of a spool on
//! disk in sinks.
//!
//! The file is written directly, not as a sink of the spool: it is as near as the spool itself, so that nothing is won
//! by writing twice, and whoever wants a file only needs no folder with it. What may be away is a sink.

mod file;
pub mod record;
mod sink;
mod spool;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::file::FileSink;
pub use self::file::Rotation;
use self::record::Record;
use self::sink::Sink;
pub use self::sink::{
    BadIdentifier, BadSinkUrl, ClickHouseOptions, Identifier, OtlpOptions, Password, SinkOptions, SinkUrl,
    schema,
};
pub(crate) use self::sink::{Reason, SinkName};
use self::spool::Spool;
pub use self::spool::SpoolOptions;
pub(crate) use self::spool::{Lost, Unwritten};
use crate::metrics::Metrics;
use crate::{EngineOptions, StartError};

/// How long sinks may take at the end for what they have not taken yet. The rest stays in the spool.
const LAST_RECORDS: Duration = Duration::from_secs(5);

/// Where records go.
#[derive(Debug)]
pub(crate) struct Ledger {
    ring: Mutex<VecDeque<Arc<Record>>>,
    most: usize,
    file: Option<FileSink>,
    spool: Option<Spool>,
    sinks: Vec<Sink>,
}

/// What a record waits for.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// The file is behind, and these still have to be written to it.
    late: Vec<Arc<Record>>,
    unwritten: Unwritten,
}

impl Ledger {
    pub(crate) fn open(options: &EngineOptions, metrics: &Arc<Metrics>) -> Result<Self, StartError> {
        let file = options.ledger_file.clone().map(|path| {
            let opened = FileSink::open(path.clone(), options.ledger_rotation, Arc::clone(metrics));
            opened.map_err(|error| StartError::Ledger { path, error })
        });
        let (spool, sinks) = match &options.ledger_spool {
            None => (None, Vec::new()),
            Some(options) => {
                let (spool, sinks) = open_spool(options, metrics).map_err(|error| StartError::Spool {
                    path: options.folder.clone(),
                    error,
                })?;
                (Some(spool), sinks)
            }
        };
        Ok(Self {
            ring: Mutex::default(),
            most: options.ledger_ring.max(1),
            file: file.transpose()?,
            spool,
            sinks,
        })
    }

    /// Keeps a record in the ring, and offers it to the file and the spool.
    pub(crate) fn keep(&self, record: Record, pending: &mut Pending) {
        let record = Arc::new(record);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= self.most {
            ring.pop_front();
        }
        ring.push_back(Arc::clone(&record));
        drop(ring);
        if let Some(spool) = &self.spool {
            spool.offer(Arc::clone(&record), &mut pending.unwritten);
        }
        if let Some(late) = self.file.as_ref().and_then(|file| file.offer(record)) {
            pending.late.push(late);
        }
    }

    /// Waits until the spool has what is pending, for a bounded time. Without a spool there is nothing to wait for.
    pub(crate) async fn written(&self, unwritten: Unwritten) {
        if let Some(spool) = &self.spool {
            spool.written(unwritten).await;
        }
    }

    /// Hands what is pending to the file, waiting until there is room: none is ever dropped.
    pub(crate) async fn catch_up(&self, pending: Pending) {
        self.written(pending.unwritten).await;
        for record in pending.late {
            if let Some(file) = &self.file {
                file.write(record).await;
            }
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

    /// Resolves when all that was written before stands in the file and the spool, and the sinks have it or fail.
    pub(crate) async fn flush(&self) {
        if let Some(file) = &self.file {
            file.flush().await;
        }
        if let Some(spool) = &self.spool
            && tokio::time::timeout(LAST_RECORDS, spool.flush()).await.is_err()
        {
            tracing::error!("the last records of the ledger are not in its spool: the disk takes nothing");
        }
        let settling = self.sinks.iter().cloned().map(|mut sink| async move {
            sink.settle(LAST_RECORDS).await;
        });
        futures_util::future::join_all(settling).await;
    }
}

impl Pending {
    /// What the spool has not confirmed yet, to wait for it.
    pub(crate) fn take_unwritten(&mut self) -> Unwritten {
        std::mem::take(&mut self.unwritten)
    }
}

fn open_spool(options: &SpoolOptions, metrics: &Arc<Metrics>) -> std::io::Result<(Spool, Vec<Sink>)> {
    let names: Vec<SinkName> = options.sinks.iter().map(SinkOptions::name).collect();
    let spool = Spool::open(&options.folder, options.max_bytes, &names, Arc::clone(metrics))?;
    let sinks = options.sinks.iter().cloned().map(|options| {
        let tap = spool.tap(options.name());
        Sink::start(options, tap)
    });
    let sinks = sinks.collect::<std::io::Result<_>>()?;
    Ok((spool, sinks))
}
