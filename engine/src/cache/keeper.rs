//! Follows an answer on its way to its client: hands it to equal calls that wait, and keeps it if it is fit.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::watch;
use tokio::time::Instant;
use wayleave_core::cache::key::Key;
use wayleave_core::cache::{Entry, NotKept, Provenance, keep};
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::snapshot::cache::CacheRules;

use super::shared::{End, Lead};
use super::similar::Sign;
use super::store::{Asked, Put, Store};
use crate::attempt::Attempt;
use crate::context::CallContext;

/// Follows one answer.
#[derive(Debug)]
pub(crate) struct Keeper {
    call: Arc<CallContext>,
    lead: Option<Lead>,
    shelf: Option<Shelf>,
    rules: Arc<CacheRules>,
    /// What has come of the answer; `None`: it is longer than what is kept.
    body: Option<BytesMut>,
}

/// Where an answer is kept.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) store: Store,
    pub(crate) key: Key,
    pub(crate) ttl: Duration,
    /// When it is asked for.
    pub(crate) asked: Asked,
    /// By what similar requests find it.
    pub(crate) sign: Option<Sign>,
}

impl Keeper {
    pub(crate) fn new(
        call: &Arc<CallContext>,
        rules: &Arc<CacheRules>,
        lead: Option<Lead>,
        shelf: Option<Shelf>,
    ) -> Self {
        Self {
            call: Arc::clone(call),
            lead,
            body: shelf.is_some().then(BytesMut::new),
            shelf,
            rules: Arc::clone(rules),
        }
    }

    /// Equal calls that wait for this answer, for who waits until none does.
    pub(crate) fn followers(&self) -> Option<watch::Receiver<usize>> {
        self.lead.as_ref().map(Lead::followers)
    }

    /// Whether equal calls wait for this answer.
    pub(crate) fn is_followed(&self) -> bool {
        self.lead.as_ref().is_some_and(Lead::is_followed)
    }

    /// The answer is going to be served: whatever of it has come, and where it comes from.
    pub(crate) fn begin(&mut self, attempt: &mut Attempt) {
        if let Some(lead) = &self.lead
            && let Some(from) = provenance(attempt)
        {
            lead.begin(from);
        }
        self.take(attempt);
    }

    /// Takes what has come since.
    pub(crate) fn take(&mut self, attempt: &mut Attempt) {
        let chunks = attempt.take_recorded();
        for chunk in &chunks {
            self.body = self.body.take().and_then(|mut body| {
                let fits = body.len() + chunk.len() <= self.rules.max_entry_bytes;
                fits.then(|| {
                    body.extend_from_slice(chunk);
                    body
                })
            });
        }
        // Whoever is too long to be kept is not held for those who may still come.
        let over = self.shelf.is_some() && self.body.is_none();
        if over && self.lead.as_ref().is_some_and(Lead::leave_if_alone) {
            self.lead = None;
            attempt.stop_recording();
        }
        if let Some(lead) = &self.lead {
            lead.publish(chunks);
        }
    }

    /// The answer ended. Called before the attempt is settled.
    pub(crate) fn end(mut self, attempt: &mut Attempt, outcome: &Outcome) {
        self.take(attempt);
        let from = provenance(attempt);
        let kept = self.judge(attempt, outcome);
        let metrics = &self.call.core.metrics;
        let end = match (&kept, from.clone()) {
            (_, None) | (Err(NotKept::Cut), Some(_)) => End::Cut(attempt.fault(outcome)),
            (_, Some(from)) => End::Whole(Arc::new(from)),
        };
        if let Some(lead) = &mut self.lead {
            lead.end(end);
        }
        let Some(shelf) = self.shelf.take() else { return };
        match (kept, from, self.body.take()) {
            (Ok(()), Some(from), Some(body)) => {
                let body = body.freeze();
                self.put(shelf, Entry { from, body });
            }
            (Err(why), _, _) => metrics.cache().not_kept(&self.call.route_label(), why),
            (Ok(()), _, _) => metrics
                .cache()
                .not_kept(&self.call.route_label(), NotKept::TooLarge),
        }
    }

    fn judge(&self, attempt: &Attempt, outcome: &Outcome) -> Result<(), NotKept> {
        if outcome.class != Class::Ok || !attempt.complete() {
            return Err(NotKept::Cut);
        }
        let (Some(tally), Some(shape)) = (attempt.tally(), attempt.shape()) else {
            return Err(NotKept::Cut);
        };
        let bytes = self.body.as_ref().map_or(usize::MAX, BytesMut::len);
        keep(&self.rules, tally, shape.format, bytes)
    }

    /// At once where the store is in this process; else behind the client's back. Until it is there, equal calls get it
    /// from the leader.
    fn put(self, shelf: Shelf, entry: Entry) {
        let tasks = self.call.core.tasks.clone();
        let mut put = Box::pin(async move {
            let Shelf {
                store,
                key,
                ttl,
                asked,
                sign,
            } = shelf;
            let put = store.put(&key, entry.encode(&key), ttl, asked).await;
            drop(self.lead);
            if put == Put::Purged {
                let metrics = &self.call.core.metrics;
                metrics
                    .cache()
                    .not_kept(&self.call.route_label(), NotKept::Purged);
            } else if let Some(sign) = sign {
                sign.put_up(&store, &key, ttl, asked).await;
            }
        });
        let waker = std::task::Waker::noop();
        if put.as_mut().poll(&mut std::task::Context::from_waker(waker)) == Poll::Pending {
            tasks.spawn(put);
        }
    }
}

/// Where an answer comes from. Its cost is right once it has ended.
fn provenance(attempt: &Attempt) -> Option<Provenance> {
    let shape = attempt.shape()?;
    let (usage, cost) = attempt.bill();
    Some(Provenance {
        kept: attempt.call.core.clock.date(Instant::now()),
        call: attempt.call.id.to_string(),
        provider: attempt.lane.target.provider.to_string(),
        model: attempt.lane.model.to_string(),
        served: attempt.served_model(),
        vendor: attempt.lane.endpoint.vendor.name.to_owned(),
        format: shape.format,
        framing: shape.framing,
        usage,
        cost,
    })
}
