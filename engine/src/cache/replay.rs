//! Serves an answer that another call has paid for: a kept one, or one that is under way.

mod live;
mod paid;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;
use wayleave_core::cache::{Ask, Entry, Provenance, Status};
use wayleave_core::event::Fault;
use wayleave_core::format::Framing;
use wayleave_core::outcome::Class;
use wayleave_core::relay::{Keep, ProviderShape, Relay, RelayOptions};
use wayleave_core::usage::Report;
use wayleave_core::walk::Role;

pub(crate) use self::live::{Followed, follow};
use self::paid::Paid;
use super::rendition::{Found, Rendition};
use crate::call::{Answer, Body};
use crate::client::{Client, stream_head};
use crate::context::CallContext;
use crate::deliver;
use crate::engine::Flight;
use crate::metrics::Missed;

const SIMILARITY: HeaderName = HeaderName::from_static("x-wayleave-similarity");
const SAVED: HeaderName = HeaderName::from_static("x-wayleave-saved-usd");

/// A kept answer, fit to be served to this call.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) found: Found,
    /// In the client's format.
    body: Bytes,
}

/// How much a request is like the one that an answer was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Likeness {
    /// Equal.
    Equal,
    /// Similar: the cosine similarity of the two.
    Similar(f64),
}

impl Likeness {
    const fn status(self) -> Status {
        match self {
            Self::Equal => Status::Hit,
            Self::Similar(_) => Status::SemanticHit,
        }
    }

    const fn similarity(self) -> Option<f64> {
        match self {
            Self::Equal => None,
            Self::Similar(similarity) => Some(similarity),
        }
    }
}

/// An entry in this client's format; `None`: it cannot be read.
pub(crate) fn render(call: &CallContext, entry: Arc<Entry>) -> Option<Rendition> {
    let shape = entry.shape()?;
    let mut relay = relay(call, &entry.from, shape);
    let paid = |_: &Report, _: Option<&str>| call.settled_cost();
    let begin = relay.push(entry.body.clone(), &paid);
    let rest = relay.finish(&paid);
    let whole = relay.tally().fault.is_none() && relay.tally().ended;
    whole.then(|| Rendition {
        entry,
        body: joined(begin, rest),
    })
}

/// A kept answer, if it is young enough.
pub(crate) fn kept(call: &CallContext, ask: &Ask, found: Found, body: Bytes) -> Result<Kept, Missed> {
    if age(call, &found.entry.from) > ask.max_age {
        return Err(Missed::Stale);
    }
    Ok(Kept { found, body })
}

/// Serves a kept answer.
pub(crate) async fn serve(call: &Arc<CallContext>, kept: Kept, mut flight: Flight, client: Client) {
    let (from, likeness) = (&kept.found.entry.from, kept.found.likeness);
    call.set_cache(likeness.status());
    call.core
        .metrics
        .cache()
        .hit(&call.route_label(), likeness.status(), from.cost);
    flight.carry(kept.body.len());
    let mut paid = Paid::begin(call, Role::CacheHit).at(likeness.similarity());
    let mut headers = head(call, from);
    if let Some(similarity) = likeness.similarity()
        && let Ok(similarity) = HeaderValue::from_str(&format!("{similarity:.4}"))
    {
        headers.insert(SIMILARITY, similarity);
    }
    headers.insert(AGE, HeaderValue::from(age(call, from).as_secs()));
    let class = if client.is_gone() {
        Class::ClientLeft
    } else {
        Class::Ok
    };
    let summary = paid.end(from, class, None);
    price(call, from, &mut headers);
    let answer = Answer {
        status: StatusCode::OK,
        headers,
        body: Body::Whole(kept.body, Some(summary)),
    };
    client.send(answer).await;
}

fn relay(call: &CallContext, from: &Provenance, provider: ProviderShape) -> Relay {
    Relay::new(RelayOptions {
        client: call.client(),
        provider,
        model: &from.model,
        created: from.kept.as_second(),
        keep: Keep::Nothing,
    })
}

fn fault(message: &str) -> Fault {
    Fault {
        class: Class::Cut,
        status: StatusCode::BAD_GATEWAY.as_u16(),
        code: None,
        message: message.to_owned(),
    }
}

fn joined(begin: Bytes, rest: Bytes) -> Bytes {
    match (begin.is_empty(), rest.is_empty()) {
        (true, _) => rest,
        (_, true) => begin,
        (false, false) => [begin, rest].concat().into(),
    }
}

fn age(call: &CallContext, from: &Provenance) -> std::time::Duration {
    let now = call.core.clock.date(Instant::now());
    now.duration_since(from.kept).try_into().unwrap_or_default()
}

/// The headers of an answer, but for what it costs.
fn head(call: &CallContext, from: &Provenance) -> HeaderMap {
    let mut headers = HeaderMap::new();
    match call.intake.framing {
        Framing::Whole => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        framing @ (Framing::Sse | Framing::JsonArray | Framing::EventStream) => {
            stream_head(framing, &mut headers);
        }
    }
    let target = format!("{}/{}", from.provider, from.model);
    deliver::identify(call, Some(&target), &mut headers);
    headers
}

/// What the answer costs, and what it cost the call that it was made for.
fn price(call: &CallContext, from: &Provenance, headers: &mut HeaderMap) {
    deliver::cost(call, headers);
    if let Some(Ok(saved)) = from.cost.map(|cost| HeaderValue::from_str(&cost.usd())) {
        headers.insert(SAVED, saved);
    }
}
