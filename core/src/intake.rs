//! A client's request: the members that policy needs, and the body for each target.

mod conversation;
mod object;
mod policy;
mod said;
mod sample;
mod scan;
mod splice;
mod stranger;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;

pub(crate) use self::object::{Kind, Object, Path, camel_case, items, text};
pub use self::said::Said;
use self::splice::Edit;
pub(crate) use self::splice::span;
use crate::chat::Dropped;
use crate::chat::proof::Origin;
use crate::digest::Digest;
use crate::endpoint::Asked;
use crate::format::{Framing, WireFormat, decode, encode, plain};
use crate::vendor::{Quirks, StreamUsage};

/// A request that parses. Only what policy needs is typed; the body stays as it came.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The format it is written in.
    pub format: WireFormat,
    /// The model that the client asks for.
    pub model: String,
    /// How the answer is to be framed.
    pub framing: Framing,
    /// Whether the client wants usage in the stream (OpenAI `stream_options.include_usage`; Anthropic always).
    pub include_usage: bool,
    /// The names of the tools that it offers.
    pub tools: Vec<String>,
    /// The most output tokens it allows, where it says.
    pub max_output: Option<u64>,
    /// Input tokens, estimated from the text (about four characters a token; an image, a sound or a file counts
    /// 1,000).
    pub input_tokens: u64,
    /// Images, sounds and files in the input.
    pub media: u64,
    /// The JSON schema that the answer is to fit, where it asks for one. Any JSON: `true`.
    pub json_schema: Option<serde_json::Value>,
    /// `metadata` and `user`, where they are text.
    pub metadata: BTreeMap<String, String>,
    body: Bytes,
    model_at: Option<Range<usize>>,
    ask_for_usage: Option<Edit>,
}

/// Why a request cannot be served as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRequest {
    /// What is wrong and what to do.
    pub message: String,
    /// The member at fault, where one is (`messages[2].content`).
    pub param: Option<String>,
}

/// What a target needs its request to look like.
#[derive(Clone, Copy, Debug)]
pub struct TargetShape<'a> {
    /// The format to write.
    pub format: WireFormat,
    /// The model to ask for.
    pub model: &'a str,
    /// The vendor's deviations.
    pub quirks: Quirks,
}

impl TargetShape<'_> {
    /// Whose proofs of reasoning it can read.
    pub fn origin(&self) -> Origin {
        self.quirks.proofs.unwrap_or(Origin::of(self.format))
    }
}

/// A request as a target gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// The body to send.
    pub body: Bytes,
    /// What the client asked for and the target's format cannot say.
    pub dropped: Dropped,
}

impl Intake {
    /// Reads a request body. What policy does not need is checked to be JSON, and is otherwise the provider's to
    /// judge.
    pub fn read(asked: impl Into<Asked>, body: Bytes) -> Result<Self, BadRequest> {
        let asked = asked.into();
        let policy = policy::read(&asked, utf8(&body)?)?;
        Ok(Self {
            format: asked.format,
            model: policy.model,
            framing: policy.framing,
            include_usage: policy.include_usage,
            tools: policy.tools,
            max_output: policy.max_output,
            input_tokens: policy.input_tokens,
            media: policy.media,
            json_schema: policy.json_schema,
            metadata: policy.metadata,
            body,
            model_at: policy.model_at,
            ask_for_usage: policy.ask_for_usage,
        })
    }

    /// The body as it came.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether the answer is to be streamed.
    pub const fn stream(&self) -> bool {
        self.framing.is_stream()
    }

    /// Names the conversation by what it begins with: instructions, tools and the first turn. `None`: it has no turns.
    pub fn conversation(&self) -> Option<Digest> {
        conversation::of(utf8(&self.body).ok()?)
    }

    /// What the user said last, and how much there is to the conversation. Read from the body anew.
    pub fn said(&self) -> Said {
        utf8(&self.body)
            .map(|body| said::of(self.format, body))
            .unwrap_or_default()
    }

    /// Input tokens, counted by a vocabulary: from at most `most` bytes of the text, which stand for the rest.
    pub fn counted_tokens(&self, most: usize) -> u64 {
        let sample = utf8(&self.body)
            .map(|body| sample::of(body, most))
            .unwrap_or_default();
        let known = sample.chars().count() as u64;
        let estimate = |characters: u64| characters.div_ceil(4).max(1);
        // What the estimate counts beside text is kept in proportion.
        let tokens = u128::from(crate::tokens::count(&sample)) * u128::from(self.input_tokens);
        u64::try_from(tokens.div_ceil(u128::from(estimate(known)))).unwrap_or(u64::MAX)
    }

    /// The body to send to a target: patched where the format is the same, translated where it is not. Anthropic
    /// demands a bound on the output: where an OpenAI client sets none it is 4,096, and the tokens for thinking.
    pub fn body_for(&self, target: TargetShape<'_>) -> Result<Bytes, BadRequest> {
        self.outbound(target).map(|outbound| outbound.body)
    }

    /// [`Intake::body_for`], with what got lost in translation.
    pub fn outbound(&self, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
        if self.format == target.format {
            return self.patched(target);
        }
        let body = plain(self.format, utf8(&self.body)?)?;
        let mut request = decode(self.format, &body)?;
        request.stream = self.stream();
        encode(&request, target)
    }

    /// The body with nothing changed but the model, proofs that the target cannot read and, where the gateway needs it,
    /// the wish for usage.
    fn patched(&self, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
        let mut dropped = Dropped::default();
        let mut edits = stranger::edits(&self.body, target, &mut dropped)?;
        if let Some(at) = self.model_at.clone().filter(|_| target.model != self.model) {
            let name = serde_json::Value::from(target.model).to_string();
            edits.push(Edit {
                at,
                text: name.into(),
            });
        }
        match target.quirks.stream_usage {
            StreamUsage::OnRequest => edits.extend(self.ask_for_usage.clone()),
            StreamUsage::Always => {}
        }
        Ok(Outbound {
            body: splice::apply(&self.body, edits),
            dropped,
        })
    }
}

fn utf8(body: &[u8]) -> Result<&str, BadRequest> {
    std::str::from_utf8(body).map_err(|error| {
        Path::Root.error(format_args!(
            "is not UTF-8 from byte {}; encode it as UTF-8",
            error.valid_up_to()
        ))
    })
}
