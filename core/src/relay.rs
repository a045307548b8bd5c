//! Carries one attempt's answer from the provider's bytes to the client's.

use bytes::Bytes;

use crate::event::{Fault, Finish};
use crate::format::{Framing, WireFormat};
use crate::money::Ticks;
use crate::usage::Report;
use crate::vendor::Quirks;

/// What the client expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientShape {
    /// Its format.
    pub format: WireFormat,
    /// Whether it asked for a stream.
    pub framing: Framing,
    /// Whether it wants usage in an OpenAI stream: where it did not ask, the chunk that only carries usage is left out.
    pub include_usage: bool,
}

/// What the provider sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderShape {
    /// Its format.
    pub format: WireFormat,
    /// How this answer is framed.
    pub framing: Framing,
    /// The vendor's deviations.
    pub quirks: Quirks,
}

/// What an answer has said so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Events seen, comments and keep-alives not counted.
    pub events: u32,
    /// Characters of text, reasoning, refusal and tool arguments.
    pub characters: u64,
    /// Whether real output came: text, reasoning, a refusal, a tool call's arguments (or a whole call without any).
    pub content: bool,
    /// Tool calls whose arguments are whole.
    pub whole_tool_calls: u32,
    /// Whether the model refused.
    pub refused: bool,
    /// How the first choice ended.
    pub finish: Option<Finish>,
    /// The last usage that the provider told.
    pub report: Option<Report>,
    /// The model that the provider says it serves.
    pub model: Option<String>,
    /// An error inside the answer.
    pub fault: Option<Fault>,
    /// Whether the provider said that this was all.
    pub ended: bool,
    /// The text of the first choice, kept only where [`RelayOptions::keep_text`] asks.
    pub text: String,
}

/// How a relay is set up.
#[derive(Clone, Copy, Debug)]
pub struct RelayOptions<'a> {
    /// The client's side.
    pub client: ClientShape,
    /// The provider's side.
    pub provider: ProviderShape,
    /// The model to name where the provider names none.
    pub model: &'a str,
    /// Keep the text for a judgement on the whole of it; at most this many bytes.
    pub keep_text: Option<usize>,
}

/// Tells the call's total cost so far, with this usage as the present attempt's. `None`: not priced.
pub type TotalCost<'a> = &'a dyn Fn(&Report) -> Option<Ticks>;

/// Carries one attempt's answer. Bytes go in as they come, cut anywhere; bytes for the client come out at frame ends.
#[derive(Debug)]
pub struct Relay {
    tally: Tally,
}

impl Relay {
    /// Sets up the way between two shapes.
    pub fn new(options: RelayOptions<'_>) -> Self {
        let _ = options;
        todo!()
    }

    /// Takes the next bytes of the provider and gives those for the client, possibly none. Never fails: what is not
    /// in the provider's format shows in the tally as a fault of class `Malformed`.
    pub fn push(&mut self, chunk: Bytes, cost: TotalCost<'_>) -> Bytes {
        let _ = (chunk, cost);
        todo!()
    }

    /// The provider's body ended: gives the rest for the client. A stream that ended without saying so leaves
    /// `tally().ended` false, and the rest holds no terminal event.
    pub fn finish(&mut self, cost: TotalCost<'_>) -> Bytes {
        let _ = cost;
        todo!()
    }

    /// What the answer has said so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The event that tells a streaming client that the answer broke; empty for a client that does not stream.
    pub fn cut(&self, fault: &Fault) -> Bytes {
        let _ = fault;
        todo!()
    }
}
