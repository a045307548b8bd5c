//! What a relay stands between.

use crate::format::{Framing, WireFormat};
use crate::money::Ticks;
use crate::usage::Report;
use crate::vendor::Quirks;

/// What the client expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// How this answer is framed: see [`Framing::detect`].
    pub framing: Framing,
    /// The vendor's deviations.
    pub quirks: Quirks,
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
    /// Unix seconds to name where the provider tells no time and the client's format wants one.
    pub created: i64,
    /// What is kept of the answer, for a judgement on the whole of it.
    pub keep: Keep,
}

/// What is kept of the first choice of an answer, up to so many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    #[default]
    Nothing,
    /// Its text.
    Text(usize),
    /// Its text and the tools that it calls, for a reader.
    Transcript(usize),
}

/// Tells the call's total cost so far, with this usage as the present attempt's, at the model that the provider says it
/// serves. `None`: not priced.
pub type TotalCost<'a> = &'a dyn Fn(&Report, Option<&str>) -> Option<Ticks>;
