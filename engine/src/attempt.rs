//! One request to one provider: from sending it to the last byte of its answer.
//!
//! All state lives in the value, none in its futures: a future of [`Attempt::run`] or [`Attempt::next`] may be dropped
//! at any time, and the attempt can still be read, drained and settled.

mod read;
mod settle;
mod wire;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use wayleave_core::chat::Dropped;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::gate::{Gate, MAX_JSON_BYTES, Progress, Verdict};
use wayleave_core::outcome::Outcome;
use wayleave_core::plan::{KeyChoice, Lane};
use wayleave_core::relay::{Keep, ProviderShape, Relay, RelayOptions, Tally};
use wayleave_core::snapshot::JsonAccept;

use crate::context::CallContext;
use crate::credential::Authorisation;
use crate::evidence::Name;
use crate::experiment::Tried;
use crate::health::KeyId;
use crate::judging::{Judging, MOST_TRANSCRIPT};
use crate::upstream::Sending;

/// An error answer is read up to here: enough for any provider's message.
const MAX_ERROR_BYTES: usize = 256 << 10;
/// One request to one provider.
pub(crate) struct Attempt {
    pub(crate) call: Arc<CallContext>,
    pub(crate) lane: Lane,
    pub(crate) key: KeyChoice,
    pub(crate) key_id: KeyId,
    name: Name,
    pub(crate) number: u32,
    pub(crate) lane_number: u32,
    pub(crate) started: Instant,
    pub(crate) first_content: Option<Instant>,
    authorisation: Authorisation,
    sending: Option<Sending>,
    response: Option<reqwest::Response>,
    head: Option<Head>,
    format: Option<WireFormat>,
    dropped: Dropped,
    framing: Option<Framing>,
    relay: Option<Relay>,
    complete: bool,
    held: BytesMut,
    last_piece: Instant,
    error_body: Option<Bytes>,
    received: usize,
    /// The provider's bytes, for a cache; `None`: nobody wants them.
    recorded: Option<Vec<Bytes>>,
    /// Whether what it says is kept for a judge.
    heard: bool,
}

/// The head of a provider's answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// The next of a committed answer.
#[derive(Debug)]
pub(crate) enum Next {
    /// Bytes for the client, possibly none.
    Bytes(Bytes),
    /// The provider's body ended, and this is the rest for the client.
    End(Bytes),
    /// It broke.
    Broken(Outcome),
}

impl Attempt {
    pub(crate) fn new(call: &Arc<CallContext>, lane: &Lane, key: KeyChoice, lane_number: u32) -> Self {
        let key_id = KeyId::new(&lane.target.provider, &lane.endpoint, key);
        let now = Instant::now();
        call.core.health.begin(&key_id, &lane.endpoint, &lane.model);
        let name = Name::new(&lane.target.provider, &lane.model);
        call.core.evidence.begin(&name);
        Self {
            call: Arc::clone(call),
            lane: lane.clone(),
            key,
            key_id,
            name,
            number: call.begin_attempt(),
            lane_number,
            started: now,
            first_content: None,
            authorisation: Authorisation::None,
            sending: None,
            response: None,
            head: None,
            format: None,
            dropped: Dropped::default(),
            framing: None,
            relay: None,
            complete: false,
            held: BytesMut::new(),
            last_piece: now,
            error_body: None,
            received: 0,
            recorded: call.is_recorded().then(Vec::new),
            heard: call.is_behind() || Judging::wants(call, lane),
        }
    }

    /// What the answer has said; `None` before its body.
    pub(crate) fn tally(&self) -> Option<&Tally> {
        self.relay.as_ref().map(Relay::tally)
    }

    /// Whether what it says is kept for a judge.
    pub(crate) const fn is_heard(&self) -> bool {
        self.heard
    }

    /// The arm of an experiment that it is.
    pub(crate) fn tried(&self) -> Option<Tried> {
        Some(Tried {
            experiment: Arc::clone(self.call.routed.rule.experiment.as_ref()?),
            arm: self.lane.arm?,
            class: self.call.task().map(|task| Arc::clone(&task.class)),
        })
    }

    /// What the client asked for and the provider was not told.
    pub(crate) fn dropped(&self) -> &Dropped {
        &self.dropped
    }

    pub(crate) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// `NAMESPACE/PROVIDERKEY/MODEL`.
    pub(crate) fn target(&self) -> String {
        format!("{}/{}", self.lane.target.provider, self.lane.model)
    }

    /// Whether the provider's body has been read to its end.
    pub(crate) fn complete(&self) -> bool {
        self.complete
    }

    /// Whether the answer is an answer, though it may say nothing.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.complete
            && self
                .tally()
                .is_some_and(|tally| tally.ended && tally.finish.is_some())
    }

    /// Takes what was held back for the client.
    pub(crate) fn take_held(&mut self) -> Bytes {
        self.held.split().freeze()
    }

    /// Takes what has come from the provider since, where a cache wants it.
    pub(crate) fn take_recorded(&mut self) -> Vec<Bytes> {
        self.recorded.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Nobody wants the provider's bytes any more.
    pub(crate) fn stop_recording(&mut self) {
        self.recorded = None;
    }

    /// How the provider's answer is read; `None` before its body.
    pub(crate) fn shape(&self) -> Option<ProviderShape> {
        Some(ProviderShape {
            format: self.format?,
            framing: self.framing?,
            quirks: self.lane.endpoint.vendor.quirks,
        })
    }

    /// Sends the request and reads its answer until the gate lets it through (`Ok`) or it has failed.
    pub(crate) async fn run(&mut self, gate: &Gate<'_>) -> Result<(), Outcome> {
        if self.format.is_none() {
            self.send()?;
        }
        if self.relay.is_none() {
            self.await_start(gate).await?;
        }
        loop {
            match self.judge(gate) {
                Verdict::Acceptable => return Ok(()),
                Verdict::Unacceptable(class, message) => return Err(self.outcome(class, message)),
                Verdict::Wait { recheck } => self.read_more(recheck).await?,
            }
        }
    }

    /// Reads on after the gate: what is ready comes together.
    pub(crate) async fn next(&mut self) -> Next {
        if self.complete {
            return Next::End(Bytes::new());
        }
        let until = self
            .call
            .deadline
            .min(self.last_piece + self.call.routed.rule.timeouts.idle);
        match tokio::time::timeout_at(until, self.read()).await {
            Ok(Ok(())) => {}
            Ok(Err(outcome)) => return Next::Broken(outcome),
            Err(_) => return Next::Broken(self.late()),
        }
        self.read_what_is_ready().await;
        if self.tally().is_some_and(|tally| tally.ended) {
            self.linger().await;
        }
        let bytes = self.take_held();
        if self.complete {
            Next::End(bytes)
        } else {
            Next::Bytes(bytes)
        }
    }

    /// A client that does not stream gets nothing before the end, so nothing is decided before it either.
    fn judge(&self, gate: &Gate<'_>) -> Verdict {
        let Some(tally) = self.tally() else {
            return Verdict::Wait { recheck: None };
        };
        if self.call.client().framing == Framing::Whole && !self.complete && tally.fault.is_none() {
            return Verdict::Wait { recheck: None };
        }
        gate.judge(Progress {
            tally,
            complete: self.complete,
            since_content: self.first_content.map_or(Duration::ZERO, |at| at.elapsed()),
            held: self.held.len(),
        })
    }

    fn set_relay(&mut self, format: WireFormat, framing: Framing, gate: &Gate<'_>) {
        let provider = ProviderShape {
            format,
            framing,
            quirks: self.lane.endpoint.vendor.quirks,
        };
        self.framing = Some(framing);
        self.relay = Some(Relay::new(RelayOptions {
            client: self.call.client(),
            provider,
            model: &self.lane.model,
            created: self.call.started_at().as_second(),
            keep: match gate.accept.json {
                JsonAccept::Off if self.heard => Keep::Transcript(MOST_TRANSCRIPT),
                JsonAccept::Off => Keep::Nothing,
                JsonAccept::Parse | JsonAccept::Schema => Keep::Text(MAX_JSON_BYTES),
            },
        }));
    }
}
