//! A chunk of a stream, as it is written.

use serde::Serialize;

use super::google::ExtraOut;
use super::logprobs::LogprobsOut;
use super::sources::AnnotationOut;
use super::usage::UsageOut;
use crate::chat::proof::Proof;
use crate::event::Event;

#[derive(Serialize)]
pub(super) struct Chunk<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: i64,
    pub(super) model: &'a str,
    pub(super) choices: &'a [Choice<'a>],
    /// Told with the last chunks, as it may come with the usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<UsageOut>,
}

#[derive(Serialize)]
pub(super) struct Choice<'a> {
    pub(super) index: u32,
    pub(super) delta: Delta<'a>,
    pub(super) logprobs: Option<LogprobsOut<'a>>,
    pub(super) finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
#[serde(default)]
pub(super) struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_details: Option<[ReasoningDetail<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<[AnnotationOut<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[ToolCall<'a>; 1]>,
}

/// What proves or replaces reasoning, in the form that OpenRouter gave it.
#[derive(Serialize)]
pub(super) struct ReasoningDetail<'a> {
    /// From 0; the official SDK puts lists in streams together by it.
    index: usize,
    /// The call that Google's signature is of (OpenRouter).
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// Whose.
    format: &'static str,
    #[serde(flatten)]
    what: Detail<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Detail<'a> {
    #[serde(rename = "reasoning.text")]
    Text {
        #[serde(skip_serializing_if = "str::is_empty")]
        text: &'a str,
        signature: &'a str,
    },
    #[serde(rename = "reasoning.encrypted")]
    Encrypted { data: &'a str },
}

impl<'a> ReasoningDetail<'a> {
    pub(super) fn signed(index: usize, text: &'a str, proof: &'a Proof<'_>) -> Self {
        let signature = &proof.data;
        Self {
            index,
            id: None,
            format: proof.origin.detail_format(),
            what: Detail::Text { text, signature },
        }
    }

    pub(super) fn encrypted(index: usize, proof: &'a Proof<'_>) -> Self {
        Self {
            index,
            id: None,
            format: proof.origin.detail_format(),
            what: Detail::Encrypted { data: &proof.data },
        }
    }
}

impl<'a> ReasoningDetail<'a> {
    /// The same, of this call.
    pub(super) fn of(self, call: &'a str) -> Self {
        Self {
            id: Some(call),
            ..self
        }
    }
}

#[derive(Serialize)]
struct ToolCall<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<ExtraOut<'a>>,
}

/// What a delta has to know of its choice.
#[derive(Clone, Copy, Default)]
pub(super) struct Context<'a> {
    /// How many reasoning details there are.
    pub(super) details: usize,
    /// Google's signature of the call that begins.
    pub(super) signature: Option<&'a str>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

impl<'a> Delta<'a> {
    /// What opens a choice.
    pub(super) fn opening() -> Self {
        Self {
            role: Some("assistant"),
            content: Some(""),
            ..Self::default()
        }
    }

    /// What an event adds to its choice.
    pub(super) fn of(event: &'a Event<'_>, context: Context<'a>) -> Self {
        let details = context.details;
        let mut delta = Self::default();
        match event {
            Event::Text { text, .. } => delta.content = Some(text),
            Event::Reasoning { text, .. } => delta.reasoning_content = Some(text),
            Event::Refusal { text, .. } => delta.refusal = Some(text),
            Event::ReasoningSignature { proof, .. } => {
                delta.reasoning_details = Some([ReasoningDetail::signed(details, "", proof)]);
            }
            Event::RedactedReasoning { proof, .. } => {
                delta.reasoning_details = Some([ReasoningDetail::encrypted(details, proof)]);
            }
            Event::ToolCall { slot, id, name, .. } => {
                let function = Function {
                    name: Some(name),
                    arguments: "",
                };
                let call = ToolCall {
                    index: *slot,
                    id: Some(id),
                    kind: Some("function"),
                    function,
                    extra_content: context.signature.map(ExtraOut::new),
                };
                delta.tool_calls = Some([call]);
            }
            Event::ToolArguments { slot, json, .. } => return Self::arguments(*slot, json),
            Event::Start(_)
            | Event::Opaque { .. }
            | Event::Citation { .. }
            | Event::Logprobs { .. }
            | Event::Finish { .. }
            | Event::Usage(_)
            | Event::Error(_)
            | Event::End => {}
        }
        delta
    }

    /// A source.
    pub(super) fn cites(annotation: AnnotationOut<'a>) -> Self {
        Self {
            annotations: Some([annotation]),
            ..Self::default()
        }
    }

    /// A piece of a call's arguments.
    pub(super) fn arguments(slot: u32, json: &'a str) -> Self {
        let function = Function {
            name: None,
            arguments: json,
        };
        let call = ToolCall {
            index: slot,
            id: None,
            kind: None,
            function,
            extra_content: None,
        };
        Self {
            tool_calls: Some([call]),
            ..Self::default()
        }
    }
}
