//! One call as a client makes it, and what the client sees.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::answer::{Events, text_of, whole_text};
use super::scene::Scene;
use crate::client::Peer;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whose format a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Client {
    OpenAI,
    Anthropic,
}

/// How it wants the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivery {
    Whole,
    Stream,
}

/// Whose credential a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Who {
    /// The same as nearly all others.
    Usual,
    /// Another one.
    Stranger,
}

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Way {
    pub(crate) client: Client,
    pub(crate) delivery: Delivery,
    pub(crate) who: Who,
}

/// What a client saw of a call.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    /// The gateway's name for the call.
    pub(crate) id: String,
    /// The answer, or the message of the error.
    pub(crate) text: String,
    /// Whether the answer ended as its format demands.
    pub(crate) ended: bool,
    /// What `x-wayleave-cost-usd` said.
    pub(crate) cost_header: Option<String>,
    /// What `x-wayleave-cache` said.
    pub(crate) cache_header: Option<String>,
    /// What `x-wayleave-saved-usd` said.
    pub(crate) saved_header: Option<String>,
    pub(crate) first_content: Option<Duration>,
    pub(crate) total: Duration,
}

impl Client {
    pub(crate) const ALL: [Self; 2] = [Self::OpenAI, Self::Anthropic];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OpenAI => "OpenAI",
            Self::Anthropic => "Anthropic",
        }
    }
}

impl Who {
    const fn credential(self) -> &'static str {
        match self {
            Self::Usual => "of-no-importance",
            Self::Stranger => "of-another-client",
        }
    }
}

impl Way {
    pub(crate) fn name(self) -> String {
        let other = match self.who {
            Who::Usual => "",
            Who::Stranger => ", another client",
        };
        format!("{} {}{other}", self.client.name(), self.delivery.name())
    }

    fn request(self, model: &str, question: &str) -> anyhow::Result<Request<Full<Bytes>>> {
        let (delivery, credential) = (self.delivery, self.who.credential());
        let mut body = json!({
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": 200,
            "stream": delivery == Delivery::Stream,
        });
        let request = match self.client {
            Client::OpenAI => {
                if let (Delivery::Stream, Some(members)) = (delivery, body.as_object_mut()) {
                    members.insert("stream_options".to_owned(), json!({"include_usage": true}));
                }
                Request::post("/v1/chat/completions").header("authorization", format!("Bearer {credential}"))
            }
            Client::Anthropic => Request::post("/v1/messages")
                .header("x-api-key", credential)
                .header("anthropic-version", "2023-06-01"),
        };
        let request = request.header("content-type", "application/json");
        request
            .body(Full::from(body.to_string()))
            .context("cannot make the request")
    }
}

impl Delivery {
    pub(crate) const ALL: [Self; 2] = [Self::Whole, Self::Stream];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Stream => "stream",
        }
    }
}

/// Makes a call and reads its answer to the end.
///
/// # Errors
/// When the connection fails, or nothing that belongs to a call comes back in 30 seconds.
pub(crate) async fn call(gateway: &Peer, scene: &Scene, way: Way) -> anyhow::Result<Seen> {
    let Way { client, delivery, .. } = way;
    let request = way.request(scene.model, scene.question)?;
    let begun = Instant::now();
    let calling = async {
        let (head, body) = gateway.send(request).await?.into_parts();
        let status = head.status.as_u16();
        let mut seen = Seen {
            status,
            id: header(&head.headers, "x-wayleave-call-id").unwrap_or_default(),
            text: String::new(),
            ended: false,
            cost_header: header(&head.headers, "x-wayleave-cost-usd"),
            cache_header: header(&head.headers, "x-wayleave-cache"),
            saved_header: header(&head.headers, "x-wayleave-saved-usd"),
            first_content: None,
            total: Duration::ZERO,
        };
        if delivery == Delivery::Stream && head.status.is_success() {
            read_stream(body, client, begun, &mut seen).await?;
        } else {
            read_whole(body, client, begun, &mut seen).await?;
        }
        seen.total = begun.elapsed();
        if seen.id.is_empty() {
            bail!("the answer ({status}) has no x-wayleave-call-id: {}", seen.text);
        }
        Ok(seen)
    };
    timeout(PATIENCE, calling)
        .await
        .with_context(|| format!("the call for {} did not end in 30 seconds", scene.model))?
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

async fn read_whole(body: Incoming, client: Client, begun: Instant, seen: &mut Seen) -> anyhow::Result<()> {
    let body = body.collect().await.context("the answer broke off")?.to_bytes();
    let body: Value = serde_json::from_slice(&body)
        .with_context(|| format!("the answer is not JSON: {}", String::from_utf8_lossy(&body)))?;
    if let Some(text) = whole_text(client, &body) {
        seen.text = text;
        seen.ended = true;
        seen.first_content = Some(begun.elapsed());
    } else if let Some(message) = body.pointer("/error/message").and_then(Value::as_str) {
        message.clone_into(&mut seen.text);
    }
    Ok(())
}

async fn read_stream(
    mut body: Incoming,
    client: Client,
    begun: Instant,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    let mut events = Events::default();
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.context("the answer broke off")?.into_data() else {
            continue;
        };
        for event in events.push(&bytes) {
            let piece = text_of(client, &event);
            if !piece.text.is_empty() && seen.first_content.is_none() {
                seen.first_content = Some(begun.elapsed());
            }
            seen.text.push_str(&piece.text);
            seen.ended |= piece.ends;
        }
    }
    Ok(())
}
