//! What an answer says, in the oracle's own words.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wayleave_core::format::{Framing, WireFormat};

use crate::recordings::api::{Api, Frames};
use crate::recordings::exchange::Exchange;
use crate::recordings::oracle;

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) choices: BTreeMap<u64, Choice>,
    pub(crate) usage: Option<Usage>,
    pub(crate) model: String,
    pub(crate) ended: bool,
    pub(crate) error: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) refusal: String,
    /// What proves reasoning to its provider: signatures, and reasoning that is sent encrypted.
    pub(crate) signatures: Vec<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) citations: Vec<Citation>,
    /// The tokens of text and refusal, each with its logarithm and how many others are told.
    pub(crate) logprobs: Vec<(String, f64, usize)>,
    /// Pieces of output that no other API has words for: tools of the provider, audio, images, empty reasoning.
    pub(crate) opaque: usize,
    /// In OpenAI's words, and "refusal", "pause", "context".
    pub(crate) finish: Option<String>,
    pub(crate) stop_sequence: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Call {
    /// What tells it apart in a stream.
    pub(crate) index: Option<u64>,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

/// A source. Of a file there is only a title.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Citation {
    pub(crate) url: String,
    pub(crate) title: String,
}

/// Input counts what was read from a cache and written to it; output counts reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

impl Said {
    /// What a recorded answer says.
    pub(crate) fn of_exchange(exchange: &Exchange) -> Self {
        oracle::read(
            exchange.api(),
            exchange.frames,
            &exchange.body,
            &exchange.provider,
        )
    }

    /// What the gateway told a client.
    pub(crate) fn of_client(format: WireFormat, framing: Framing, bytes: &[u8]) -> Self {
        oracle::read(Api::of(format), Frames::of(framing), bytes, oracle::US)
    }

    /// The choice that it is about where there is but one.
    pub(crate) fn only(&mut self) -> &mut Choice {
        self.choices.entry(0).or_default()
    }
}

impl Choice {
    /// Adds what proves reasoning; nothing where it is empty. What is not the vendor's own has a tag in front of it,
    /// `wayleave.VENDOR.`, where the format has no member for that.
    pub(crate) fn prove(&mut self, proof: &str) {
        // Gemini's member has to be base64.
        let decoded = STANDARD.decode(proof).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let proof = decoded
            .as_deref()
            .filter(|text| text.starts_with("wayleave."))
            .unwrap_or(proof);
        let tagged = proof
            .strip_prefix("wayleave.")
            .and_then(|rest| rest.split_once('.'));
        let proof = tagged.map_or(proof, |(_, proof)| proof);
        self.signatures
            .extend((!proof.is_empty()).then(|| proof.to_owned()));
    }

    /// Adds a source; nothing where neither its address nor its title is told.
    pub(crate) fn cite(&mut self, url: &str, title: &str) {
        if !url.is_empty() || !title.is_empty() {
            self.citations.push(Citation {
                url: url.to_owned(),
                title: title.to_owned(),
            });
        }
    }
}

/// Arguments as parsed JSON, written again; none are an empty object.
pub(crate) fn arguments(text: &str) -> String {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |value| value.to_string())
}
