//! A call's books: what its attempts came to, and when they are all in.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use wayleave_core::cache::{Consult, Status};
use wayleave_core::money::{Ticks, Usd};
use wayleave_core::outcome::Class;
use wayleave_core::usage::Usage;

use super::{CallContext, Relation};
use crate::call::Summary;
use crate::ledger::Pending;
use crate::ledger::record::{AttemptRecord, CallRecord, Record};
use crate::metrics::CallSample;

/// What a call has come to so far.
#[derive(Debug, Default)]
pub(crate) struct CallBook {
    begun: u32,
    /// Attempts begun behind the client's back.
    behind: u32,
    /// Attempts begun and not yet in the ledger, but for those.
    open: u32,
    /// The sum of the settled attempts; `None` once one of them has no price.
    cost: Total,
    end: Option<(CallEnd, Duration)>,
    cache: Option<Status>,
    /// What its records wait for.
    pending: Pending,
}

/// A sum that an unknown part makes unknown.
#[derive(Clone, Copy, Debug)]
struct Total(Option<Ticks>);

impl Default for Total {
    fn default() -> Self {
        Self(Some(Ticks::ZERO))
    }
}

impl Total {
    fn add(&mut self, cost: Option<Ticks>) {
        self.0 = self.0.zip(cost).map(|(sum, cost)| sum + cost);
    }
}

/// How a call ended for its client.
#[derive(Clone, Debug)]
pub(crate) struct CallEnd {
    pub(crate) status: Option<u16>,
    pub(crate) class: Class,
    pub(crate) provider: Option<String>,
    pub(crate) model_served: Option<String>,
    /// When the first content went to the client.
    pub(crate) first_content: Option<Duration>,
}

impl CallContext {
    /// Keeps the books of the call open until the hold is released.
    pub(crate) fn hold(self: &Arc<Self>) -> Held {
        self.lock().open += 1;
        Held(Some(Arc::clone(self)))
    }

    fn cache_key(&self) -> Option<String> {
        match &self.consult {
            Some(Consult::Ask(ask)) => Some(ask.key.to_string()),
            Some(Consult::Pass(_)) | None => None,
        }
    }

    /// What became of it at the cache of its route.
    pub(crate) fn set_cache(&self, status: Status) {
        self.lock().cache = Some(status);
    }

    /// What became of it at the cache of its route, if it has one.
    pub(crate) fn cache(&self) -> Option<Status> {
        self.lock().cache
    }

    /// The number of the next attempt, which is open from now on.
    pub(crate) fn begin_attempt(&self) -> u32 {
        let mut book = self.whole().lock();
        if self.is_behind() {
            // The client's own have all begun by then.
            book.behind += 1;
            return book.begun + book.behind;
        }
        book.begun += 1;
        book.open += 1;
        book.begun
    }

    /// The last attempt came to nothing that is booked.
    pub(crate) fn forget_attempt(&self) {
        let mut book = self.lock();
        book.begun = book.begun.saturating_sub(1);
        book.open = book.open.saturating_sub(1);
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.whole().lock().begun
    }

    /// The cost of the settled attempts.
    pub(crate) fn settled_cost(&self) -> Option<Ticks> {
        self.whole().lock().cost.0
    }

    /// Books an attempt that ended, and the call if this was its last.
    pub(crate) fn settle(&self, record: AttemptRecord) {
        if let Relation::PartOf(whole) = &self.relation {
            return whole.settle(record);
        }
        self.core
            .metrics
            .spent(self.route_label(), record.role, record.cost_ticks);
        if let Relation::Behind(whole, _) = &self.relation {
            return whole.book(Record::Attempt(Box::new(record)));
        }
        self.lock().cost.add(record.cost_ticks);
        self.book(Record::Attempt(Box::new(record)));
        // Only now: who finds the call's record finds those of all its attempts before it.
        let mut book = self.lock();
        book.open = book.open.saturating_sub(1);
        drop(book);
        self.book_call_if_over();
    }

    /// The client's side is over. Lanes that are drained may still be open.
    pub(crate) fn end(&self, end: CallEnd) {
        let duration = self.started.elapsed();
        self.core.recent.ended(self);
        self.core.metrics.call(&CallSample {
            route: self.route_label(),
            operation: self.endpoint.operation(),
            stream: self.intake.stream(),
            class: end.class,
            seconds: duration.as_secs_f64(),
            first_content: end.first_content.map(|time| time.as_secs_f64()),
        });
        self.lock().end = Some((end, duration));
        self.book_call_if_over();
    }

    fn book_call_if_over(&self) {
        let record = {
            let mut book = self.lock();
            if book.open > 0 {
                return;
            }
            let Some((end, duration)) = book.end.take() else {
                return;
            };
            self.record(end, duration, &book)
        };
        self.book(Record::Call(Box::new(record)));
    }

    /// Keeps a record, and notes what it waits for.
    fn book(&self, record: Record) {
        let mut book = self.lock();
        self.core.ledger.keep(record, &mut book.pending);
    }

    /// Waits until the records of the call are on disk, where that is wanted, but not for ever: before its client sees
    /// the end.
    pub(crate) async fn written(&self) {
        let unwritten = self.whole().lock().pending.take_unwritten();
        self.core.ledger.written(unwritten).await;
    }

    /// Waits until the file has taken all records of the call. The client has its answer by then.
    pub(crate) async fn flush(&self) {
        let pending = std::mem::take(&mut self.whole().lock().pending);
        self.core.ledger.catch_up(pending).await;
    }

    fn record(&self, end: CallEnd, duration: Duration, book: &CallBook) -> CallRecord {
        let cost = book.cost.0;
        CallRecord {
            id: Arc::clone(&self.id),
            call: Arc::clone(&self.id),
            route: self.route_name(),
            rule: self.rule(),
            client: self.client_name.clone(),
            endpoint: self.endpoint.operation(),
            format: self.intake.format,
            model_asked: self.intake.model.clone(),
            stream: self.intake.stream(),
            status: end.status,
            class: end.class,
            attempts: book.begun,
            provider: end.provider,
            model_served: end.model_served,
            started: self.started_at(),
            first_content_ms: end.first_content.map(millis),
            duration_ms: millis(duration),
            cost_ticks: cost,
            cost_usd: cost.map(Usd),
            cache: book.cache.map(Status::as_str),
            cache_key: self.cache_key(),
            task_class: self.task().map(|task| Arc::clone(&task.class)),
            task_margin: self.task().and_then(|task| task.margin),
            task_by: self.task().map(|task| task.by.as_str()),
        }
    }

    /// What the call has come to, for the adaptor.
    pub(crate) fn summary(&self, class: Class) -> Summary {
        let book = self.lock();
        Summary {
            call: Arc::clone(&self.id),
            route: self.route_name(),
            provider: None,
            model: None,
            class,
            attempts: book.begun,
            usage: Usage::default(),
            cost: book.cost.0,
            cache: book.cache,
        }
    }

    fn lock(&self) -> MutexGuard<'_, CallBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Books that stay open, whoever has them open.
#[derive(Debug)]
pub(crate) struct Held(Option<Arc<CallContext>>);

impl Held {
    /// No more attempts come of it.
    pub(crate) fn release(&mut self) {
        let Some(call) = self.0.take() else { return };
        let mut book = call.lock();
        book.open = book.open.saturating_sub(1);
        drop(book);
        call.book_call_if_over();
    }
}

/// Milliseconds to the microsecond.
pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
