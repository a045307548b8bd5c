//! What was asked and how it ended.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Version};
use tokio::sync::watch;
use tokio::time::Instant;

/// Bodies kept at most, all requests together; the oldest requests go first.
const MAX_BODY_BYTES: usize = 256 << 20;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended.
    Running,
    /// The whole answer was handed out, be it an error.
    Answered,
    /// The client cancelled or went away.
    ClientLeft {
        /// Time since the request began.
        after: Duration,
    },
    /// The simulator ended it with a cut or a reset, as asked.
    Failed,
}

/// A request that the simulator has seen. `Debug` shows neither headers nor key nor body.
#[derive(Clone)]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// HTTP/1.1 or HTTP/2.
    pub version: Version,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body; empty until it has been read.
    pub body: Bytes,
    /// The model without the behaviour, if the body names one.
    pub model: Option<String>,
    /// The credential as sent, without `Bearer`.
    pub key: Option<String>,
    /// When its headers had been read.
    pub started: Instant,
    /// When it ended.
    pub ended: Option<Instant>,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("model", &self.model)
            .field("body", &self.body.len())
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// The last requests and the number of running ones.
pub(crate) struct Log {
    /// Requests kept; 0: none.
    capacity: usize,
    ring: Mutex<Ring>,
    active: AtomicUsize,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Ring {
    /// Number of the first request in the ring, counted from the simulator's start.
    first: u64,
    requests: VecDeque<RecordedRequest>,
    body_bytes: usize,
}

impl Ring {
    fn at(&mut self, number: u64) -> Option<&mut RecordedRequest> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.requests.get_mut(index)
    }

    fn shrink(&mut self, capacity: usize) {
        while self.requests.len() > capacity || (self.body_bytes > MAX_BODY_BYTES && self.requests.len() > 1)
        {
            let Some(oldest) = self.requests.pop_front() else {
                return;
            };
            self.body_bytes = self.body_bytes.saturating_sub(oldest.body.len());
            self.first += 1;
        }
    }
}

impl Log {
    pub(crate) fn new(capacity: usize) -> Self {
        let changed = watch::Sender::new(());
        Self {
            capacity,
            ring: Mutex::default(),
            active: AtomicUsize::new(0),
            changed,
        }
    }

    pub(crate) fn begin(self: &Arc<Self>, head: &Parts, key: Option<String>) -> Call {
        self.active.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let number = (self.capacity > 0).then(|| {
            let mut ring = self.lock();
            ring.requests.push_back(RecordedRequest {
                method: head.method.clone(),
                path: head
                    .uri
                    .path_and_query()
                    .map_or_else(|| head.uri.path().to_owned(), ToString::to_string),
                version: head.version,
                headers: head.headers.clone(),
                body: Bytes::new(),
                model: None,
                key,
                started,
                ended: None,
                outcome: Outcome::Running,
            });
            ring.shrink(self.capacity);
            ring.first + ring.requests.len() as u64 - 1
        });
        self.tell();
        Call {
            log: Some(Arc::clone(self)),
            number,
            started,
        }
    }

    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.lock().requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut ring = self.lock();
        ring.first += ring.requests.len() as u64;
        ring.requests.clear();
        ring.body_bytes = 0;
    }

    /// Whether it came true in time. The condition runs under the lock.
    pub(crate) async fn wait_for(
        &self,
        mut condition: impl FnMut(&[RecordedRequest]) -> bool,
        timeout: Duration,
    ) -> bool {
        let mut changes = self.changed.subscribe();
        let deadline = Instant::now() + timeout;
        loop {
            if condition(self.lock().requests.make_contiguous()) {
                return true;
            }
            if !matches!(
                tokio::time::timeout_at(deadline, changes.changed()).await,
                Ok(Ok(()))
            ) {
                return condition(self.lock().requests.make_contiguous());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        if self.capacity > 0 {
            self.changed.send_replace(());
        }
    }
}

/// A running request. Dropped without an end, it is recorded as left by the client.
pub(crate) struct Call {
    log: Option<Arc<Log>>,
    number: Option<u64>,
    started: Instant,
}

impl Call {
    /// For requests to the simulator itself, which are not recorded.
    pub(crate) fn untracked() -> Self {
        Self {
            log: None,
            number: None,
            started: Instant::now(),
        }
    }

    pub(crate) fn received(&self, body: &Bytes, model: Option<&str>) {
        let (Some(log), Some(number)) = (&self.log, self.number) else {
            return;
        };
        let mut ring = log.lock();
        if let Some(request) = ring.at(number) {
            request.body = body.clone();
            request.model = model.map(str::to_owned);
            ring.body_bytes += body.len();
            ring.shrink(log.capacity);
        }
        drop(ring);
        log.tell();
    }

    /// Ends the request; a second end changes nothing.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        let Some(log) = self.log.take() else { return };
        if let Some(number) = self.number
            && let Some(request) = log.lock().at(number)
        {
            request.outcome = outcome;
            request.ended = Some(Instant::now());
        }
        log.active.fetch_sub(1, Ordering::Relaxed);
        log.tell();
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Outcome::ClientLeft {
            after: self.started.elapsed(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(path: &str) -> Parts {
        http::Request::builder()
            .uri(path)
            .body(())
            .expect("valid")
            .into_parts()
            .0
    }

    #[test]
    fn the_ring_keeps_the_last_requests() {
        let log = Arc::new(Log::new(2));
        for path in ["/a", "/b", "/c"] {
            let mut call = log.begin(&head(path), None);
            call.received(&Bytes::from_static(b"x"), Some("m"));
            call.end(Outcome::Answered);
        }
        let paths: Vec<String> = log.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/b", "/c"]);
        assert_eq!(log.lock().body_bytes, 2);
    }

    #[test]
    fn a_dropped_call_was_left() {
        let log = Arc::new(Log::new(2));
        let call = log.begin(&head("/a"), Some("sk-secret".to_owned()));
        assert_eq!((log.active(), log.requests()[0].outcome), (1, Outcome::Running));
        drop(call);
        assert_eq!(log.active(), 0);
        assert!(matches!(log.requests()[0].outcome, Outcome::ClientLeft { .. }));
        assert!(!format!("{:?}", log.requests()).contains("sk-secret"));
    }

    #[test]
    fn a_call_may_end_after_its_record_is_gone() {
        let log = Arc::new(Log::new(1));
        let mut old = log.begin(&head("/a"), None);
        let _new = log.begin(&head("/b"), None);
        old.end(Outcome::Answered);
        assert_eq!((log.active(), log.requests()[0].outcome), (1, Outcome::Running));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_the_condition_holds_or_in_time() {
        let log = Arc::new(Log::new(4));
        assert!(
            !log.wait_for(|requests| !requests.is_empty(), Duration::from_secs(1))
                .await
        );
        let later = Arc::clone(&log);
        let begin = tokio::spawn(async move { later.begin(&head("/a"), None) });
        assert!(
            log.wait_for(|requests| requests.len() == 1, Duration::from_secs(1))
                .await
        );
        drop(begin.await);
    }
}
