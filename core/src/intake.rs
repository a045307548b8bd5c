//! A client's request: the members that policy needs, and the body for each target.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::format::WireFormat;
use crate::vendor::Quirks;

/// A request that parses. Only what policy needs is typed; the body stays as it came.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The format it is written in.
    pub format: WireFormat,
    /// The model that the client asks for.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the client wants usage in the stream (OpenAI `stream_options.include_usage`; Anthropic always).
    pub include_usage: bool,
    /// The names of the tools that it offers.
    pub tools: Vec<String>,
    /// The most output tokens it allows, where it says.
    pub max_output: Option<u64>,
    /// Input tokens, estimated from the text (about four characters a token; an image counts 1,000).
    pub input_tokens: u64,
    /// The JSON schema that the answer is to fit, where it asks for one.
    pub json_schema: Option<serde_json::Value>,
    /// `metadata` and `user`, where they are text.
    pub metadata: BTreeMap<String, String>,
    body: Bytes,
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

impl Intake {
    /// Reads a request body.
    pub fn read(format: WireFormat, body: Bytes) -> Result<Self, BadRequest> {
        let _ = (format, body);
        todo!()
    }

    /// The body to send to a target: patched where the format is the same, translated where it is not.
    pub fn body_for(&self, target: TargetShape<'_>) -> Result<Bytes, BadRequest> {
        let _ = (target, &self.body);
        todo!()
    }
}
