//! The way of an answer to its client, and the end of the call.
//!
//! The books are closed before the client can see the end: whoever has the answer finds it in the ledger.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::mpsc;
use tokio::time::Instant;
use wayleave_core::headers;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::walk::Role;

use crate::attempt::{Attempt, Next};
use crate::call::{Answer, Body, Piece, Summary};
use crate::client::{Client, Gone, keep_alive, stream_head};
use crate::context::{CallContext, CallEnd};
use crate::engine::Flight;
use crate::failure::Failures;

/// The bytes of a request's text that are counted one by one; they stand for the rest.
const COUNTED_BYTES: usize = 256 << 10;

/// How long a client may take for the last pieces, where the call's total time is over.
pub(crate) const LAST_PIECES: Duration = Duration::from_secs(5);

const CALL_ID: HeaderName = HeaderName::from_static("x-wayleave-call-id");
const TARGET: HeaderName = HeaderName::from_static("x-wayleave-target");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-wayleave-attempts");
const DROPPED: HeaderName = HeaderName::from_static("x-wayleave-dropped");
const ESTIMATED: HeaderName = HeaderName::from_static("x-wayleave-estimated");
const COST: HeaderName = HeaderName::from_static("x-wayleave-cost-usd");

/// An attempt whose answer is served.
pub(crate) struct Served {
    pub(crate) attempt: Attempt,
    pub(crate) role: Role,
}

/// Serves an answer to its end.
pub(crate) async fn serve(served: Served, flight: Flight, client: Client) {
    if served.attempt.call.intake.stream() {
        stream(served, flight, client).await;
    } else {
        whole(served, flight, client).await;
    }
}

/// An answer that goes out at once.
async fn whole(served: Served, mut flight: Flight, client: Client) {
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
async fn stream(served: Served, mut flight: Flight, client: Client) {
    let Served { mut attempt, role } = served;
    let call = Arc::clone(&attempt.call);
    let mut head = head(&attempt);
    stream_head(call.intake.framing, &mut head);
    let first_content = call.started.elapsed();
    let pieces = client.open(head);
    let ending = match &pieces {
        Ok(pieces) => carry(&mut attempt, pieces, &mut flight).await,
        Err(Gone) => Ending::left(&attempt),
    };
    let outcome = &ending.outcome;
    let status = Some(StatusCode::OK);
    let summary = close(attempt, role, outcome, outcome.class, status, Some(first_content));
    let Ok(pieces) = pieces else { return };
    let last = async {
        if !ending.rest.is_empty() {
            let _ = pieces.send(Piece::Bytes(ending.rest)).await;
        }
        let _ = pieces.send(Piece::End(summary)).await;
    };
    if ending.outcome.class != Class::ClientLeft {
        // Whoever does not read holds nothing for ever: without the end the stream is cut.
        let _ = tokio::time::timeout_at(call.deadline.max(Instant::now() + LAST_PIECES), last).await;
    }
}

/// How a stream ended, and what is still to be sent.
struct Ending {
    outcome: Outcome,
    rest: Bytes,
}

impl Ending {
    fn left(attempt: &Attempt) -> Self {
        Self::by_client(attempt, "the client left")
    }

    /// No fault of the provider's: it would have gone on.
    fn unread(attempt: &Attempt) -> Self {
        Self::by_client(attempt, "the client did not read in the call's total time")
    }

    fn by_client(attempt: &Attempt, message: &str) -> Self {
        Self {
            outcome: attempt.outcome(Class::ClientLeft, message.to_owned()),
            rest: Bytes::new(),
        }
    }

    /// The provider's body is over: well, or in an error or a break that the client has to be told.
    fn of_body(attempt: &Attempt, mut rest: Bytes) -> Self {
        let tally = attempt.tally();
        let fault = tally.and_then(|tally| tally.fault.clone());
        if fault.is_none() && tally.is_some_and(|tally| tally.ended) {
            return Self {
                outcome: attempt.outcome(Class::Ok, String::new()),
                rest,
            };
        }
        let message = fault.map_or_else(
            || "the stream broke off before its end".to_owned(),
            |fault| fault.message,
        );
        let outcome = attempt.outcome(Class::Cut, message);
        let told = attempt.cut(&attempt.fault(&outcome));
        if !told.is_empty() {
            rest = [rest, told].concat().into();
        }
        Self { outcome, rest }
    }

    fn broken(attempt: &Attempt, outcome: Outcome) -> Self {
        let rest = attempt.cut(&attempt.fault(&outcome));
        Self {
            outcome: Outcome {
                class: Class::Cut,
                ..outcome
            },
            rest,
        }
    }
}

/// Carries a stream until it ends, breaks, or the client leaves.
async fn carry(attempt: &mut Attempt, pieces: &mpsc::Sender<Piece>, flight: &mut Flight) -> Ending {
    let mut bytes = attempt.take_held();
    loop {
        if attempt.complete() {
            return Ending::of_body(attempt, bytes);
        }
        if !bytes.is_empty() {
            if !flight.carry(bytes.len()) {
                let message =
                    "all answers in flight exceed the gateway's memory (--max-inflight-bytes)".to_owned();
                return Ending::broken(attempt, attempt.outcome(Class::Cut, message));
            }
            let deadline = attempt.call.deadline;
            match tokio::time::timeout_at(deadline, pieces.send(Piece::Bytes(bytes))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ending::left(attempt),
                Err(_) => return Ending::unread(attempt),
            }
        }
        let pause = attempt.call.core.options.keep_alive;
        let next = tokio::select! {
            next = attempt.next() => next,
            () = pieces.closed() => return Ending::left(attempt),
            () = tokio::time::sleep(pause), if !pause.is_zero() => {
                Next::Bytes(keep_alive(attempt.call.intake.framing))
            }
        };
        bytes = match next {
            Next::Bytes(bytes) | Next::End(bytes) => bytes,
            Next::Broken(outcome) => return Ending::broken(attempt, outcome),
        };
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
    attempt.settle(outcome, role);
    summary.cost = call.settled_cost();
    call.end(end);
    Box::new(summary)
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
}

/// What all settled attempts cost. Left out where one has no price: unknown is not 0.
fn cost(call: &CallContext, headers: &mut HeaderMap) {
    if let Some(Ok(cost)) = call
        .settled_cost()
        .map(|cost: Ticks| HeaderValue::from_str(&cost.usd()))
    {
        headers.insert(COST, cost);
    }
}
