//! The members of an answer that are read. All others are ignored, and none is required.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::format::lenient::{Count, List, Text};

/// One chunk of a stream, or a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) candidates: List<Candidate<'a>>,
    #[serde(borrow)]
    pub(super) prompt_feedback: Option<Feedback<'a>>,
    #[serde(borrow)]
    pub(super) usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model_version: Text<'a>,
    #[serde(borrow)]
    pub(super) response_id: Text<'a>,
    /// Vertex alone tells it.
    #[serde(borrow)]
    pub(super) create_time: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

/// What became of the prompt.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Feedback<'a> {
    #[serde(borrow)]
    pub(super) block_reason: Text<'a>,
}

/// One of `candidateCount` answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    pub(super) index: Count,
    #[serde(borrow)]
    pub(super) content: Option<Content<'a>>,
    /// A word, or its number.
    #[serde(borrow)]
    pub(super) finish_reason: Text<'a>,
    #[serde(borrow)]
    pub(super) grounding_metadata: Option<Leaning<'a>>,
    #[serde(borrow)]
    pub(super) logprobs_result: Option<Logprobs<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) parts: List<Part<'a>>,
}

/// A piece of a content.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    /// Whether the text is reasoning.
    #[serde(borrow)]
    pub(super) thought: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) thought_signature: Text<'a>,
    #[serde(borrow)]
    pub(super) function_call: Option<FunctionCall<'a>>,
}

/// A call of a function: always whole, unless the client itself asked Vertex for pieces.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionCall<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) args: Option<&'a RawValue>,
}

/// What the answer leans on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Leaning<'a> {
    #[serde(borrow)]
    pub(super) grounding_chunks: List<Source<'a>>,
    pub(super) grounding_supports: List<Support>,
    #[serde(borrow)]
    pub(super) web_search_queries: List<Text<'a>>,
}

/// A source. One of its members is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Source<'a> {
    #[serde(borrow)]
    pub(super) web: Option<Place<'a>>,
    #[serde(borrow)]
    pub(super) maps: Option<Place<'a>>,
    #[serde(borrow)]
    pub(super) retrieved_context: Option<Place<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) uri: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
}

/// Which piece of the text leans on which sources.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Support {
    pub(super) segment: Option<Segment>,
    pub(super) grounding_chunk_indices: List<Count>,
}

/// A piece of the text, in bytes of its part.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Segment {
    #[serde(rename = "partIndex")]
    pub(super) part: Count,
    #[serde(rename = "startIndex")]
    pub(super) start: Count,
    #[serde(rename = "endIndex")]
    pub(super) end: Count,
}

/// How likely the tokens were.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Logprobs<'a> {
    #[serde(borrow)]
    pub(super) chosen_candidates: List<Token<'a>>,
    #[serde(borrow)]
    pub(super) top_candidates: List<Top<'a>>,
}

/// What could have stood at one place.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Top<'a> {
    #[serde(borrow)]
    pub(super) candidates: List<Token<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Token<'a> {
    #[serde(borrow)]
    pub(super) token: Text<'a>,
    #[serde(borrow)]
    pub(super) log_probability: Option<&'a RawValue>,
}
