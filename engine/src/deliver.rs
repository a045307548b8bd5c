//! The way of an answer to its client, and the end of the call.
//!
//! The books are closed before the client can see the end: whoever has the answer finds it in the ledger.

mod carrier;

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;
use wayleave_core::headers;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::refusal::Refusal;
use wayleave_core::walk::Role;

use self::carrier::Carrier;
use crate::attempt::Attempt;
use crate::cache::keeper::Keeper;
use crate::call::{Answer, Body, Piece, Summary};
use crate::client::{Client, stream_head};
use crate::context::{CallContext, CallEnd};
use crate::engine::Flight;
use crate::failure::Failures;
use crate::judging::Judging;

/// The bytes of a request's text that are counted one by one; they stand for the rest.
const COUNTED_BYTES: usize = 256 << 10;

/// How long a client may take for the last pieces, where the call's total time is over.
pub(crate) const LAST_PIECES: Duration = Duration::from_secs(5);

const CALL_ID: HeaderName = HeaderName::from_static("x-wayleave-call-id");
const TARGET: HeaderName = HeaderName::from_static("x-wayleave-target");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-wayleave-attempts");
const DROPPED: HeaderName = HeaderName::from_static("x-wayleave-dropped");
const ESTIMATED: HeaderName = HeaderName::from_static("x-wayleave-estimated");
const CACHE: HeaderName = HeaderName::from_static("x-wayleave-cache");
const TASK: HeaderName = HeaderName::from_static("x-wayleave-task");
const COST: HeaderName = HeaderName::from_static("x-wayleave-cost-usd");

/// An attempt whose answer is served.
pub(crate) struct Served {
    pub(crate) attempt: Attempt,
    pub(crate) role: Role,
}

/// Serves an answer to its end.
pub(crate) async fn serve(
    mut served: Served,
    flight: Flight,
    client: Client,
    mut keeper: Option<Box<Keeper>>,
) {
    if let Some(keeper) = &mut keeper {
        keeper.begin(&mut served.attempt);
    }
    if served.attempt.call.intake.stream() {
        stream(served, flight, client, keeper).await;
    } else {
        whole(served, flight, client, keeper).await;
    }
}

/// An answer that goes out at once.
async fn whole(served: Served, mut flight: Flight, client: Client, keeper: Option<Box<Keeper>>) {
    let Served { mut attempt, role } = served;
    let call = Arc::clone(&attempt.call);
    let body = attempt.take_held();
    flight.carry(body.len());
    let mut head = head(&attempt);
    head.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let (class, status) = if client.is_gone() {
        (Class::ClientLeft, None)
    } else {
        (Class::Ok, Some(StatusCode::OK))
    };
    let served = attempt.outcome(Class::Ok, String::new());
    if let Some(keeper) = keeper {
        keeper.end(&mut attempt, &served);
    }
    let first_content = Some(call.started.elapsed());
    let summary = close(attempt, role, &served, class, status, first_content);
    cost(&call, &mut head);
    let answer = Answer {
        status: StatusCode::OK,
        headers: head,
        body: Body::Whole(body, Some(summary)),
    };
    client.send(answer).await;
}

/// An answer that goes out as it comes.
async fn stream(served: Served, mut flight: Flight, client: Client, mut keeper: Option<Box<Keeper>>) {
    let Served { mut attempt, role } = served;
    let call = Arc::clone(&attempt.call);
    let mut head = head(&attempt);
    stream_head(call.intake.framing, &mut head);
    let first_content = call.started.elapsed();
    let pieces = client.open(head);
    let carrier = Carrier::new(pieces.as_ref().ok(), &mut flight);
    let ending = carrier.carry(&mut attempt, keeper.as_deref_mut()).await;
    let outcome = &ending.outcome;
    if let Some(keeper) = keeper {
        keeper.end(&mut attempt, outcome);
    }
    let status = Some(StatusCode::OK);
    let class = if ending.client_left {
        Class::ClientLeft
    } else {
        outcome.class
    };
    let summary = close(attempt, role, outcome, class, status, Some(first_content));
    let Ok(pieces) = pieces else { return };
    let last = async {
        if !ending.rest.is_empty() {
            let _ = pieces.send(Piece::Bytes(ending.rest)).await;
        }
        let _ = pieces.send(Piece::End(summary)).await;
    };
    if !ending.client_left {
        call.written().await;
        // Whoever does not read holds nothing for ever: without the end the stream is cut.
        let _ = tokio::time::timeout_at(call.deadline.max(Instant::now() + LAST_PIECES), last).await;
    }
}

/// Closes the books of a call: the attempt ended in `outcome`, the call for its client in `class`.
fn close(
    attempt: Attempt,
    role: Role,
    outcome: &Outcome,
    class: Class,
    status: Option<StatusCode>,
    first_content: Option<Duration>,
) -> Box<Summary> {
    let call = Arc::clone(&attempt.call);
    let end = call_end(&attempt, class, status, first_content);
    let mut summary = attempt.summary(class);
    let hearing = Judging::hearing(&attempt, outcome);
    settle(attempt, outcome, role);
    summary.cost = call.settled_cost();
    call.end(end);
    if let Some(hearing) = hearing {
        call.core.judging.judge(hearing);
    }
    Box::new(summary)
}

/// Settles the last attempt at a target. If that is an arm of an experiment, it counts there.
pub(crate) fn settle(attempt: Attempt, outcome: &Outcome, role: Role) {
    let call = Arc::clone(&attempt.call);
    let tried = attempt.tried();
    let first_content = attempt.first_content.map(|first| first - attempt.started);
    let cost = attempt.settle(outcome, role);
    if let Some(tried) = tried {
        let experiments = &call.core.experiments;
        experiments.called(&call, &tried, outcome.class, cost, first_content);
    }
}

fn call_end(
    attempt: &Attempt,
    class: Class,
    status: Option<StatusCode>,
    first_content: Option<Duration>,
) -> CallEnd {
    CallEnd {
        status: status.map(|status| status.as_u16()),
        class,
        provider: Some(attempt.lane.target.provider.to_string()),
        model_served: attempt
            .served_model()
            .or_else(|| Some(attempt.lane.model.to_string())),
        first_content,
    }
}

/// Tells the client that its call is not served, where no provider was asked.
pub(crate) async fn refuse(call: &Arc<CallContext>, refusal: Refusal, client: Client) {
    let error = refusal.into_error();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    identify(call, None, &mut headers);
    call.end(CallEnd {
        status: Some(error.status.as_u16()),
        class: Class::Caller,
        provider: None,
        model_served: None,
        first_content: None,
    });
    let summary = Box::new(call.summary(Class::Caller));
    let answer = Answer {
        status: error.status,
        headers,
        body: Body::Whole(error.body(call.intake.format), Some(summary)),
    };
    client.send(answer).await;
}

/// Ends a call whose client left before it was answered.
pub(crate) fn left(call: &CallContext) {
    call.end(CallEnd {
        status: None,
        class: Class::ClientLeft,
        provider: None,
        model_served: None,
        first_content: None,
    });
}

/// Tells the client that all has failed.
pub(crate) async fn fail(call: &Arc<CallContext>, failures: Failures, client: Client) {
    let told = failures.told();
    let status = told.error.status;
    let mut headers = told.headers;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let (Some(wait), false) = (told.retry_after, headers.contains_key(RETRY_AFTER)) {
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
        );
    }
    identify(call, told.target.as_deref(), &mut headers);
    let class = if client.is_gone() {
        Class::ClientLeft
    } else {
        told.class
    };
    // A stream that has begun has its status.
    let status = if client.is_open() { StatusCode::OK } else { status };
    call.end(CallEnd {
        status: Some(status.as_u16()),
        class,
        provider: None,
        model_served: None,
        first_content: None,
    });
    cost(call, &mut headers);
    let (format, framing) = (call.intake.format, call.intake.framing);
    let body = if client.is_open() {
        told.error.event(format, framing, false)
    } else {
        told.body.unwrap_or_else(|| told.error.body(format))
    };
    let summary = Box::new(call.summary(class));
    let answer = Answer {
        status,
        headers,
        body: Body::Whole(body, Some(summary)),
    };
    client.send(answer).await;
}

/// Counts a request's tokens where no provider does, and says that it is an estimate.
pub(crate) async fn count_here(call: &Arc<CallContext>, client: Client) {
    let tokens = call.intake.counted_tokens(COUNTED_BYTES);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ESTIMATED, HeaderValue::from_static("input_tokens"));
    identify(call, None, &mut headers);
    call.end(CallEnd {
        status: Some(StatusCode::OK.as_u16()),
        class: Class::Ok,
        provider: None,
        model_served: None,
        first_content: None,
    });
    let summary = Box::new(call.summary(Class::Ok));
    let body = serde_json::json!({"input_tokens": tokens}).to_string().into();
    let answer = Answer {
        status: StatusCode::OK,
        headers,
        body: Body::Whole(body, Some(summary)),
    };
    client.send(answer).await;
}

/// What got lost in translation, as a list; empty where all got through.
fn dropped(attempt: &Attempt) -> String {
    // A member's name may be anything: the header is not.
    let plain = |letter: char| match letter {
        ' '..='~' if letter != ',' => letter,
        _ => '?',
    };
    let names: Vec<String> = attempt
        .dropped()
        .iter()
        .map(|what| what.chars().map(plain).collect())
        .collect();
    names.join(",")
}

/// The headers of an answer, but for its cost.
fn head(attempt: &Attempt) -> HeaderMap {
    let mut headers = attempt
        .head()
        .map(|head| headers::to_client(&head.headers))
        .unwrap_or_default();
    identify(&attempt.call, Some(&attempt.target()), &mut headers);
    if let Ok(dropped) = HeaderValue::from_str(&dropped(attempt))
        && !dropped.is_empty()
    {
        headers.insert(DROPPED, dropped);
    }
    headers
}

pub(crate) fn identify(call: &CallContext, target: Option<&str>, headers: &mut HeaderMap) {
    if let Ok(id) = HeaderValue::from_str(&call.id) {
        headers.insert(CALL_ID, id);
    }
    if let Some(Ok(target)) = target.map(HeaderValue::from_str) {
        headers.insert(TARGET, target);
    }
    headers.insert(ATTEMPTS, HeaderValue::from(call.attempts()));
    if let Some(status) = call.cache() {
        headers.insert(CACHE, HeaderValue::from_static(status.as_str()));
    }
    if let Some(Ok(class)) = call.task().map(|task| HeaderValue::from_str(&task.class)) {
        headers.insert(TASK, class);
    }
}

/// What all settled attempts cost. Left out where one has no price: unknown is not 0.
pub(crate) fn cost(call: &CallContext, headers: &mut HeaderMap) {
    if let Some(Ok(cost)) = call
        .settled_cost()
        .map(|cost: Ticks| HeaderValue::from_str(&cost.usd()))
    {
        headers.insert(COST, cost);
    }
}
