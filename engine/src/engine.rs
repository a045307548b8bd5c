//! The engine's parts, and how a call gets to its executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wayleave_core::cache::consult;
use wayleave_core::client_credential;
use wayleave_core::endpoint::{Asked, Endpoint};
use wayleave_core::format::WireFormat;
use wayleave_core::intake::Intake;
use wayleave_core::outcome::Class;
use wayleave_core::refusal::{Refusal, client_format};
use wayleave_core::route::route;
use wayleave_core::table::Table;
use wayleave_core::task::by_rules;
use wayleave_core::when::Subject;

use crate::EngineOptions;
use crate::cache::Caches;
use crate::call::{Answer, Body, Call};
use crate::clock::Clock;
use crate::context::{CallContext, Relation};
use crate::drive::Drive;
use crate::evidence::Evidence;
use crate::executor;
use crate::experiment::Experiments;
use crate::feedback;
use crate::health::Health;
use crate::judging::Judging;
use crate::learned::Learned;
use crate::ledger::Ledger;
use crate::metrics::{CallSample, Label, Metrics};
use crate::models;
use crate::recent::Recent;
use crate::task::Examples;
use crate::upstream::Clients;

/// Everything that calls share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) options: EngineOptions,
    pub(crate) clock: Clock,
    pub(crate) table: ArcSwapOption<Table>,
    pub(crate) clients: Clients,
    pub(crate) health: Health,
    pub(crate) evidence: Evidence,
    pub(crate) experiments: Experiments,
    pub(crate) judging: Judging,
    pub(crate) learned: Learned,
    pub(crate) recent: Recent,
    pub(crate) caches: Caches,
    pub(crate) examples: Examples,
    pub(crate) ledger: Ledger,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) flights: Flights,
    pub(crate) draining: AtomicBool,
    /// Whatever still has to write to the ledger: calls, and losers that are drained.
    pub(crate) tasks: TaskTracker,
    /// Losers are no longer worth waiting for.
    pub(crate) hurry: CancellationToken,
}

/// Calls in flight, and the bytes of their answers.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    calls: AtomicUsize,
    bytes: AtomicUsize,
    landed: Notify,
}

/// One call in flight. Only counts.
#[derive(Debug)]
pub(crate) struct Flight {
    core: Arc<Core>,
    bytes: usize,
    /// Those of them that count.
    counted: usize,
}

impl Flight {
    fn start(core: &Arc<Core>) -> Self {
        core.flights.calls.fetch_add(1, Ordering::AcqRel);
        core.metrics.in_flight(1);
        Self {
            core: Arc::clone(core),
            bytes: 0,
            counted: 0,
        }
    }

    /// Bytes of the answer are on their way. Up to a size that answers seldom have they do not count: what matters is
    /// what a client that does not read can pile up. `false`: all that counts now exceeds what memory allows. New calls
    /// are refused from four fifths of that on, so that those in flight have room to end.
    pub(crate) fn carry(&mut self, bytes: usize) -> bool {
        const FREE: usize = 1 << 20;
        let before = self.bytes.saturating_sub(FREE);
        self.bytes += bytes;
        let counted = self.bytes.saturating_sub(FREE);
        let more = counted - before;
        let all = self.core.flights.bytes.fetch_add(more, Ordering::AcqRel) + more;
        self.counted = counted;
        counted == 0 || all <= self.core.options.max_inflight_bytes
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.core.flights.bytes.fetch_sub(self.counted, Ordering::AcqRel);
        self.core.metrics.in_flight(-1);
        if self.core.flights.calls.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.core.flights.landed.notify_waiters();
        }
    }
}

impl Flights {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    pub(crate) async fn all_landed(&self) {
        loop {
            let landed = self.landed.notified();
            if self.calls() == 0 {
                return;
            }
            landed.await;
        }
    }
}

impl Core {
    /// Takes a call to its answer.
    pub(crate) async fn run(self: &Arc<Self>, call: Call) -> Answer {
        let format = client_format(&call.path, &call.headers);
        let endpoint = call.endpoint;
        if endpoint == Endpoint::Feedback {
            // Also at the end of the process: it takes no time, and its call may have been one of the last.
            let taken = feedback::take(self, &call).await;
            return taken.unwrap_or_else(|refusal| Answer::error(&refusal.into_error(), format));
        }
        if self.draining.load(Ordering::Acquire) {
            return self.refuse(endpoint, Refusal::Draining, format);
        }
        let Some(table) = self.table.load_full() else {
            return self.refuse(endpoint, Refusal::NotReady, format);
        };
        if endpoint == Endpoint::Models {
            return models::list(&table, format);
        }
        if self.flights.bytes.load(Ordering::Acquire) > self.options.max_inflight_bytes / 5 * 4 {
            return self.refuse(endpoint, Refusal::Overloaded, format);
        }
        let context = match self.admit(call, &table, format) {
            Ok(context) => Arc::new(context),
            Err(refusal) => return self.refuse(endpoint, refusal, format),
        };
        let (head, answer) = oneshot::channel();
        let execution = executor::execute(Arc::clone(&context), Flight::start(self), head);
        match Drive::new(&self.tasks, execution).until(answer).await {
            Ok(answer) => answer,
            // The executor panicked: its client still gets an answer, in its own format.
            Err(_) => internal_error(format, &context.id),
        }
    }

    fn admit(
        self: &Arc<Self>,
        call: Call,
        table: &Table,
        format: WireFormat,
    ) -> Result<CallContext, Refusal> {
        let started = Instant::now();
        let asked = Asked::at(call.endpoint, &call.path).unwrap_or_else(|| format.into());
        let intake = Intake::read(asked, call.body).map_err(Refusal::Bad)?;
        let path = call.path.split('?').next().unwrap_or_default();
        let subject = || Subject::new(&intake, path, &call.headers);
        let routed = route(table, &intake.model, subject)?;
        let tasks = routed.rule.tasks.as_ref();
        let task = tasks.and_then(|tasks| by_rules(tasks, &subject()));
        let cache = routed.route.cache.as_ref();
        let spell = |intake: &_, rules: &_| self.caches.spellings.of(intake, rules);
        let consult = cache.map(|cache| {
            consult(
                &cache.rules,
                &routed,
                call.endpoint,
                &intake,
                &call.headers,
                spell,
            )
        });
        let context = CallContext {
            core: Arc::clone(self),
            id: uuid::Uuid::now_v7().to_string().into(),
            endpoint: call.endpoint,
            client_name: client_credential::client(&call.headers).map(Arc::from),
            headers: call.headers,
            deadline: started + routed.rule.timeouts.total,
            intake,
            routed,
            started,
            consult,
            book: std::sync::Mutex::default(),
            conversation: std::sync::OnceLock::new(),
            task: std::sync::OnceLock::new(),
            relation: Relation::Own,
        };
        if let Some(task) = task {
            context.set_task(task);
        }
        Ok(context)
    }

    /// Tells metrics how the credentials of the configuration fare.
    pub(crate) fn show_keys(&self) {
        if let Some(table) = self.table.load_full() {
            self.metrics
                .keys()
                .show(self.health.look(&table.snapshot().providers));
        }
    }

    /// A call that no provider is asked for. It is counted, under no route's name.
    fn refuse(&self, endpoint: Endpoint, refusal: Refusal, format: WireFormat) -> Answer {
        let class = if refusal.status().is_client_error() {
            Class::Caller
        } else {
            Class::Unusable
        };
        self.metrics.call(&CallSample {
            route: Label(Arc::from("none")),
            operation: endpoint.operation(),
            stream: false,
            class,
            seconds: 0.0,
            first_content: None,
        });
        let retry = matches!(
            refusal,
            Refusal::Draining | Refusal::NotReady | Refusal::Overloaded
        );
        let mut answer = Answer::error(&refusal.into_error(), format);
        if retry {
            answer
                .headers
                .insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }
}

fn internal_error(format: WireFormat, call: &str) -> Answer {
    let error = wayleave_core::client_error::ClientError {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: Some("internal_error".to_owned()),
        message: format!("The gateway failed on this call. Tell its operator the call's id: {call}."),
        param: None,
        attempts: Vec::new(),
    };
    Answer::error(&error, format)
}

/// An answer that is there as a whole, with no provider asked.
pub(crate) fn json_answer(status: StatusCode, body: bytes::Bytes) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Answer {
        status,
        headers,
        body: Body::Whole(body, None),
    }
}
