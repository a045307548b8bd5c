//! Sending a request, and the head of its answer.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use tokio::time::Instant;
use wayleave_core::format::{Framing, Upstream};
use wayleave_core::gate::Gate;
use wayleave_core::headers;
use wayleave_core::intake::TargetShape;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::snapshot::Unsupported;

use super::{Attempt, Head, MAX_ERROR_BYTES};
use crate::upstream::{self, SendError, Sending, UpstreamError, describe};

impl Attempt {
    /// Builds the request and begins to send it.
    pub(super) fn send(&mut self) -> Result<(), Outcome> {
        let quirks = self.lane.endpoint.vendor.quirks;
        let (asked, framing) = (self.call.intake.format, self.call.client().framing);
        let upstream = self.lane.endpoint.upstream(asked, framing, &self.lane.model);
        let Some(upstream) = upstream else {
            let message = format!(
                "{} has no endpoint for this kind of call",
                self.lane.target.provider
            );
            return Err(self.outcome(Class::Unusable, message));
        };
        let Upstream {
            format,
            path,
            framing,
        } = upstream;
        self.format = Some(format);
        let shape = TargetShape {
            format,
            model: &self.lane.model,
            quirks,
        };
        let outbound = self.call.intake.outbound(shape).map_err(|bad| {
            let message = format!("cannot be expressed for {}: {}", self.target(), bad.message);
            self.outcome(Class::Caller, message)
        })?;
        self.dropped = outbound.dropped;
        if self.call.routed.rule.unsupported == Unsupported::Reject && !self.dropped.is_empty() {
            let lost: Vec<&str> = self.dropped.iter().collect();
            let message = format!(
                "{} has no word for {}, and the rule says `unsupported: Reject`; leave it out, or ask for a model that \
                 takes it",
                self.target(),
                lost.join(", ")
            );
            return Err(self.outcome(Class::Unsupported, message));
        }
        let headers = headers::to_provider(format, asked, framing, &self.call.headers);
        let sending = self.begin(&path, headers, outbound.body);
        let sending = sending.map_err(|error| self.outcome(Class::Unusable, error.to_string()))?;
        self.sending = Some(sending);
        Ok(())
    }

    fn begin(&mut self, path: &str, headers: HeaderMap, body: Bytes) -> Result<Sending, UpstreamError> {
        let (core, endpoint) = (&self.call.core, &self.lane.endpoint);
        let authorisation = core.clients.authorisation(endpoint, self.key)?;
        let now = core.clock.date(Instant::now());
        let request = upstream::request(endpoint, path, headers, body, &authorisation, now)?;
        let connect = self.call.routed.rule.timeouts.connect;
        let sending = core
            .clients
            .send(endpoint, connect, &authorisation, core.clock, request)?;
        self.authorisation = authorisation;
        Ok(sending)
    }

    /// Awaits the head of the answer and its first bytes; of an error its body.
    pub(super) async fn await_start(&mut self, gate: &Gate<'_>) -> Result<(), Outcome> {
        let head = match self.head.clone() {
            Some(head) => head,
            None => self.await_head().await?,
        };
        if head.status.is_success() {
            return self.await_framing(&head, gate).await;
        }
        let until = self.clock();
        let body = match tokio::time::timeout_at(until, self.read_error_body()).await {
            Ok(body) => body,
            Err(_) => Bytes::new(),
        };
        let outcome = self.refused(&head, &body);
        self.error_body = Some(body);
        Err(outcome)
    }

    async fn await_head(&mut self) -> Result<Head, Outcome> {
        let until = self.clock();
        let Some(sending) = &mut self.sending else {
            return Err(self.outcome(Class::Network, "the request was never sent".to_owned()));
        };
        let response = match tokio::time::timeout_at(until, sending).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                self.sending = None;
                let class = match &error {
                    SendError::Http(_) => Class::Network,
                    SendError::Token(none) => none.class,
                };
                return Err(self.outcome(class, error.to_string()));
            }
            Err(_) => return Err(self.late()),
        };
        self.sending = None;
        self.last_piece = Instant::now();
        let head = Head {
            status: response.status(),
            headers: response.headers().clone(),
        };
        self.head = Some(head.clone());
        self.response = Some(response);
        Ok(head)
    }

    /// Finds how the body is framed, by its first bytes and its content type.
    async fn await_framing(&mut self, head: &Head, gate: &Gate<'_>) -> Result<(), Outcome> {
        let Some(format) = self.format else {
            return Err(self.outcome(Class::Network, "the request was never sent".to_owned()));
        };
        let content_type = head
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let until = self.clock();
        let Some(response) = &mut self.response else {
            return Err(self.outcome(Class::Network, "the answer was let go".to_owned()));
        };
        let first = match tokio::time::timeout_at(until, response.chunk()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => return Err(self.outcome(Class::Network, describe(&error))),
            Err(_) => return Err(self.late()),
        };
        let framing = Framing::detect(content_type, first.as_deref().unwrap_or_default());
        self.set_relay(format, framing, gate);
        if let Some(chunk) = first {
            return self.take(chunk);
        }
        self.finish();
        Ok(())
    }

    /// The body of an error, as far as it comes and as much of it as is of use.
    async fn read_error_body(&mut self) -> Bytes {
        let mut body = BytesMut::new();
        let Some(mut response) = self.response.take() else {
            return Bytes::new();
        };
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = MAX_ERROR_BYTES.saturating_sub(body.len());
            body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
            if room <= chunk.len() {
                break;
            }
        }
        body.freeze()
    }
}
