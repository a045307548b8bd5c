//! The members of an answer that are read. All others are ignored, and none is required.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::format::lenient::{Count, List, Text, TextOrList};

/// One chunk of a stream, or a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) object: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    pub(super) created: Count,
    #[serde(borrow)]
    pub(super) choices: Option<List<Choice<'a>>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) x_groq: Option<Groq<'a>>,
    #[serde(borrow)]
    pub(super) service_tier: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) detail: Option<&'a RawValue>,
    /// Perplexity's and xAI's sources.
    #[serde(borrow)]
    pub(super) citations: Option<&'a RawValue>,
    /// The same with their titles (Perplexity).
    #[serde(borrow)]
    pub(super) search_results: Option<&'a RawValue>,
}

/// Groq's own member.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Groq<'a> {
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

/// One of `n` answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    pub(super) index: Count,
    #[serde(borrow)]
    pub(super) delta: Option<Spoken<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Spoken<'a>>,
    /// Of the older API, which has no messages.
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) finish_reason: Text<'a>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// A `delta` or a `message`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spoken<'a> {
    #[serde(borrow)]
    pub(super) content: TextOrList<'a, Part<'a>>,
    #[serde(borrow)]
    pub(super) reasoning: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_content: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_details: List<ReasoningDetail<'a>>,
    #[serde(borrow)]
    pub(super) refusal: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_calls: List<ToolCall<'a>>,
    #[serde(borrow)]
    pub(super) function_call: Option<Function<'a>>,
    /// Audio output.
    #[serde(borrow)]
    pub(super) audio: Option<&'a RawValue>,
    /// Images that OpenRouter's models make.
    #[serde(borrow)]
    pub(super) images: List<&'a RawValue>,
    /// Tools that Groq runs itself.
    #[serde(borrow)]
    pub(super) executed_tools: List<&'a RawValue>,
    #[serde(borrow)]
    pub(super) annotations: List<&'a RawValue>,
    /// What Google adds.
    #[serde(borrow)]
    pub(super) extra_content: Option<&'a RawValue>,
}

/// A part of a content that is a list (Mistral).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) thinking: TextOrList<'a, ThinkingPart<'a>>,
}

/// A part of a thinking part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ThinkingPart<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
}

/// OpenRouter's form of reasoning: `reasoning.text`, `reasoning.summary` or `reasoning.encrypted`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReasoningDetail<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    #[serde(borrow)]
    pub(super) signature: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Text<'a>,
    /// Whose: `anthropic-claude-v1`.
    #[serde(borrow)]
    pub(super) format: Text<'a>,
}

/// A tool call or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall<'a> {
    pub(super) index: Count,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
    /// A call whose input is free text instead of JSON.
    #[serde(borrow)]
    pub(super) custom: Option<&'a RawValue>,
    /// What Google adds.
    #[serde(borrow)]
    pub(super) extra_content: Option<&'a RawValue>,
}

/// The called function or a piece of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    /// JSON text in a string; an object at some.
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}
