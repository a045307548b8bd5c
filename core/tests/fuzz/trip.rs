//! One way through the relay, and whether what comes out is well formed.

use bytes::Bytes;
use proptest::sample::Index;
use serde::de::IgnoredAny;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::relay::{ClientShape, Keep, ProviderShape, Relay, RelayOptions, Tally};

use crate::cases::Fate;
use crate::samples::side::Side;

/// From a provider to a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trip {
    pub(crate) provider: Side,
    pub(crate) from: Framing,
    pub(crate) client: Side,
    pub(crate) to: Framing,
}

/// What came out.
#[derive(Debug, PartialEq)]
pub(crate) struct Came {
    pub(crate) bytes: Vec<u8>,
    pub(crate) tally: Tally,
    /// What tells a client of a broken stream.
    pub(crate) cut: Bytes,
}

impl Came {
    pub(crate) fn fate(&self) -> Fate {
        if self.tally.fault.is_none() && self.tally.ended {
            Fate::Sound
        } else {
            Fate::Broken
        }
    }
}

impl Trip {
    /// The framings in which a side may stream or not.
    pub(crate) fn framings(side: Side) -> &'static [Framing] {
        match side.format {
            WireFormat::GeminiGenerate => &[Framing::Sse, Framing::JsonArray, Framing::Whole],
            WireFormat::BedrockConverse => &[Framing::EventStream, Framing::Whole],
            WireFormat::OpenAIChat
            | WireFormat::OpenAIResponses
            | WireFormat::OpenAICompletions
            | WireFormat::OpenAIEmbeddings
            | WireFormat::AnthropicMessages
            | WireFormat::AnthropicTokens => &[Framing::Sse, Framing::Whole],
        }
    }

    /// Sends bytes in pieces.
    pub(crate) fn run(self, pieces: impl IntoIterator<Item = Bytes>) -> Came {
        let mut relay = Relay::new(RelayOptions {
            client: ClientShape {
                format: self.client.format,
                framing: self.to,
                include_usage: true,
            },
            provider: ProviderShape {
                format: self.provider.format,
                framing: self.from,
                quirks: self.provider.quirks(),
            },
            model: "asked-for",
            created: 5,
            keep: Keep::Text(1_000),
        });
        let mut bytes = Vec::new();
        for piece in pieces {
            bytes.extend_from_slice(&relay.push(piece, &|_, _| None));
        }
        bytes.extend_from_slice(&relay.finish(&|_, _| None));
        let tally = relay.tally().clone();
        let cut = tally.fault.as_ref().map(|fault| relay.cut(fault));
        Came {
            bytes,
            tally,
            cut: cut.unwrap_or_default(),
        }
    }

    pub(crate) fn passes(self) -> bool {
        self.client.format == self.provider.format && self.from == self.to
    }

    /// What was written is whole where the answer ended, and can be ended by the event of an error where it did not.
    pub(crate) fn well_formed(self, came: &Came) -> Result<(), String> {
        let ended = came.tally.ended && came.tally.fault.is_none();
        match self.to {
            Framing::Whole | Framing::JsonArray if ended => is_json(&came.bytes),
            Framing::Sse => {
                are_events(&came.bytes)?;
                are_events(&came.cut)
            }
            Framing::JsonArray if came.tally.fault.is_some() => {
                is_json(&[&came.bytes[..], &came.cut].concat())
            }
            Framing::Whole | Framing::JsonArray | Framing::EventStream => Ok(()),
        }
    }
}

fn is_json(bytes: &[u8]) -> Result<(), String> {
    let parsed: Result<IgnoredAny, _> = serde_json::from_slice(bytes);
    parsed
        .map(|_| ())
        .map_err(|error| format!("{error} in {}", String::from_utf8_lossy(bytes)))
}

/// Names and data, each event with its end.
fn are_events(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    // Google ends its lines in its own way.
    if !text.is_empty() && !text.ends_with("\n\n") && !text.ends_with("\r\n\r\n") {
        return Err(format!("an event without its end: {text}"));
    }
    for line in text.lines() {
        match line.split_once(": ") {
            None if line.is_empty() => {}
            Some(("event", name)) if !name.is_empty() => {}
            Some(("data", "[DONE]")) => {}
            Some(("data", data)) => is_json(data.as_bytes())?,
            _ => return Err(format!("a strange line: {line}")),
        }
    }
    Ok(())
}

/// Cuts bytes at some places.
pub(crate) fn pieces(bytes: &Bytes, cuts: &[Index]) -> Vec<Bytes> {
    let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.push(0);
    at.push(bytes.len());
    at.sort_unstable();
    at.windows(2).map(|ends| bytes.slice(ends[0]..ends[1])).collect()
}
