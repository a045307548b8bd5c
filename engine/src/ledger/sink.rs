//! Hands the records of a spool to a sink: in order, at least once, and never in the way of a call.
//!
//! A batch is given again until the sink has taken it; only then is the cursor moved. A sink that sees a record twice
//! knows it by its `id`.

mod clickhouse;
mod http;
mod otlp;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::clickhouse::ClickHouse;
pub use self::clickhouse::{BadIdentifier, ClickHouseOptions, Identifier, Password, schema};
pub use self::http::{BadSinkUrl, SinkUrl};
use self::otlp::Otlp;
pub use self::otlp::OtlpOptions;
use super::spool::{Batch, Reader, Tap};

/// Records in one batch.
const BATCH: usize = 5_000;
/// How long a batch that is not full may wait for more: databases like few large inserts.
const LINGER: Duration = Duration::from_secs(1);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(15);

/// What records go to.
#[derive(Clone, Debug)]
pub enum SinkOptions {
    /// A table of ClickHouse.
    ClickHouse(ClickHouseOptions),
    /// A collector that speaks OTLP over HTTP.
    Otlp(OtlpOptions),
}

/// A sink's name in metrics, and of its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SinkName {
    ClickHouse,
    Otlp,
}

/// Why a sink has not taken a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is no connection, or it broke.
    Connection,
    /// It took too long.
    Timeout,
    /// It says that the credentials are wrong, or they cannot be read.
    Credentials,
    /// It says to come again later.
    Overloaded,
    /// It says no, for another reason.
    Refused,
    /// It says that the records themselves are wrong.
    Invalid,
    /// The spool cannot be read.
    Spool,
}

/// The same, with what is told to people.
#[derive(Debug)]
struct Failure {
    reason: Reason,
    message: String,
}

/// A sink that runs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    name: SinkName,
    written: watch::Receiver<u64>,
    state: watch::Receiver<State>,
    hurry: CancellationToken,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The number of the first record that it has not taken.
    next: u64,
    /// The last batch failed.
    failing: bool,
}

impl SinkOptions {
    pub(crate) const fn name(&self) -> SinkName {
        match self {
            Self::ClickHouse(_) => SinkName::ClickHouse,
            Self::Otlp(_) => SinkName::Otlp,
        }
    }

    const fn url(&self) -> &SinkUrl {
        match self {
            Self::ClickHouse(options) => &options.url,
            Self::Otlp(options) => &options.url,
        }
    }
}

impl SinkName {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ClickHouse => "clickhouse",
            Self::Otlp => "otlp",
        }
    }
}

impl Reason {
    /// As it stands in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Credentials => "credentials",
            Self::Overloaded => "overloaded",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
            Self::Spool => "spool",
        }
    }
}

impl Sink {
    /// Starts a sink at its end of a spool, until that is given up.
    pub(super) fn start(options: SinkOptions, tap: Tap) -> std::io::Result<Self> {
        let client = http::client(options.url()).map_err(std::io::Error::other)?;
        let target = match options {
            SinkOptions::ClickHouse(options) => Target::ClickHouse(ClickHouse::new(options, client)),
            SinkOptions::Otlp(options) => Target::Otlp(Otlp::new(options, client)),
        };
        let (tell, state) = watch::channel(State {
            next: tap.cursor(),
            failing: false,
        });
        let hurry = CancellationToken::new();
        let sink = Self {
            name: tap.sink,
            written: tap.written(),
            state,
            hurry: hurry.clone(),
        };
        let (over, written) = (tap.over.clone(), tap.written());
        let feeder = Feeder {
            target,
            tap,
            written,
            tell,
            hurry,
            wait: FIRST_RETRY,
        };
        tokio::spawn(over.run_until_cancelled_owned(feeder.run()));
        Ok(sink)
    }

    /// Waits until it has taken all that is written, unless it fails.
    pub(super) async fn settle(&mut self, patience: Duration) {
        self.hurry.cancel();
        let next = *self.written.borrow();
        let settled = self.state.wait_for(|state| state.next >= next || state.failing);
        let late = timeout(patience, settled).await.is_err();
        let left = next.saturating_sub(self.state.borrow().next);
        if left > 0 {
            let sink = self.name.as_str();
            tracing::warn!(
                sink,
                records = left,
                late,
                "records of the ledger stay in the spool"
            );
        }
    }
}

/// Where batches go.
#[derive(Debug)]
enum Target {
    ClickHouse(ClickHouse),
    Otlp(Otlp),
}

impl Target {
    /// A batch as the sink wants it. Takes time: not for the runtime's threads.
    fn encode(name: SinkName, texts: &[Vec<u8>]) -> Vec<u8> {
        match name {
            SinkName::ClickHouse => clickhouse::rows(texts),
            SinkName::Otlp => otlp::logs(texts),
        }
    }

    /// Hands it over; how many of its records the sink will never take.
    async fn send(&mut self, body: Vec<u8>) -> Result<u64, Failure> {
        match self {
            Self::ClickHouse(clickhouse) => clickhouse.insert(body).await.map(|()| 0),
            Self::Otlp(otlp) => otlp.export(body).await,
        }
    }
}

/// The task of a sink.
#[derive(Debug)]
struct Feeder {
    target: Target,
    tap: Tap,
    written: watch::Receiver<u64>,
    tell: watch::Sender<State>,
    hurry: CancellationToken,
    wait: Duration,
}

impl Feeder {
    async fn run(mut self) {
        let mut reader = Some(self.tap.reader());
        loop {
            let next = self.tap.cursor();
            // The spool goes with the task.
            if self.written.wait_for(|written| *written > next).await.is_err() {
                return;
            }
            let full = next.saturating_add(BATCH as u64);
            let enough = self.written.wait_for(|written| *written >= full);
            let _ = self.hurry.run_until_cancelled(timeout(LINGER, enough)).await;
            let from = reader.take().unwrap_or_else(|| self.tap.reader());
            match read(from).await {
                Ok((back, batch)) => {
                    reader = Some(back);
                    self.deliver(batch).await;
                }
                Err(error) => {
                    let message = error.to_string();
                    self.fail(&Failure {
                        reason: Reason::Spool,
                        message,
                    })
                    .await;
                }
            }
        }
    }

    /// Hands over a batch, however long it takes.
    async fn deliver(&mut self, batch: Batch) {
        let mut parts = VecDeque::from([batch.texts]);
        while let Some(texts) = parts.pop_front() {
            if texts.is_empty() {
                continue;
            }
            let (texts, sent) = self.send(texts).await;
            match sent {
                Ok(refused) => {
                    self.tap.refused(refused);
                    self.wait = FIRST_RETRY;
                }
                Err(failure) if failure.reason == Reason::Invalid => self.split(texts, &failure, &mut parts),
                Err(failure) => {
                    self.fail(&failure).await;
                    parts.push_front(texts);
                }
            }
        }
        self.advance(batch.after).await;
    }

    async fn send(&mut self, texts: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Result<u64, Failure>) {
        let name = self.tap.sink;
        let encoded = tokio::task::spawn_blocking(move || {
            let body = Target::encode(name, &texts);
            (texts, body)
        });
        match encoded.await {
            Ok((texts, body)) => (texts, self.target.send(body).await),
            // The runtime is shutting down.
            Err(_) => std::future::pending().await,
        }
    }

    /// A batch of which something is wrong is given in parts: what is wrong alone is dropped.
    fn split(&self, mut texts: Vec<Vec<u8>>, failure: &Failure, parts: &mut VecDeque<Vec<Vec<u8>>>) {
        self.count(failure);
        if texts.len() == 1 {
            let (sink, error) = (self.tap.sink.as_str(), &failure.message);
            tracing::error!(sink, %error, "a sink of the ledger will not take a record");
            return self.tap.refused(1);
        }
        let second = texts.split_off(texts.len() / 2);
        parts.push_front(second);
        parts.push_front(texts);
    }

    async fn advance(&mut self, after: u64) {
        loop {
            let tap = self.tap.clone();
            let kept = match tokio::task::spawn_blocking(move || tap.advance(after)).await {
                Ok(kept) => kept,
                // The runtime is shutting down.
                Err(_) => std::future::pending().await,
            };
            let Err(error) = kept else { break };
            let message = format!("its cursor cannot be kept: {error}");
            self.fail(&Failure {
                reason: Reason::Spool,
                message,
            })
            .await;
        }
        self.tell.send_replace(State {
            next: after,
            failing: false,
        });
    }

    fn count(&self, failure: &Failure) {
        let ledger = self.tap.metrics().ledger();
        ledger.sink_failed(self.tap.sink, failure.reason);
    }

    /// Tells of a failure, and waits before the next try: longer each time, and not all data planes at once.
    async fn fail(&mut self, failure: &Failure) {
        self.count(failure);
        self.tell.send_modify(|state| state.failing = true);
        let wait = self.wait.mul_f64(0.8 + 0.4 * fastrand::f64());
        self.wait = self.wait.saturating_mul(2).min(LONGEST_RETRY);
        let (sink, reason, error) = (self.tap.sink.as_str(), failure.reason.as_str(), &failure.message);
        tracing::warn!(sink, reason, %error, retry_in = ?wait, "a sink of the ledger takes no records");
        sleep(wait).await;
    }
}

async fn read(mut reader: Reader) -> std::io::Result<(Reader, Batch)> {
    let read = tokio::task::spawn_blocking(move || {
        let batch = reader.read(BATCH)?;
        Ok((reader, batch))
    });
    match read.await {
        Ok(read) => read,
        // The runtime is shutting down.
        Err(_) => std::future::pending().await,
    }
}
