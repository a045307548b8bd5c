//! An answer as it is written.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::grounding::GroundingOut;
use super::logprobs::LogprobsOut;
use super::usage::UsageOut;

/// A chunk of a stream, or a whole answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chunk<'a> {
    pub(super) candidates: Vec<Candidate<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage_metadata: Option<UsageOut>,
    pub(super) model_version: &'a str,
    pub(super) response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    pub(super) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_reason: Option<&'static str>,
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grounding_metadata: Option<GroundingOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs_result: Option<LogprobsOut<'a>>,
}

#[derive(Serialize)]
pub(super) struct Content<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<Part<'a>>,
    pub(super) role: &'static str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
pub(super) struct FunctionCall<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) args: Args<'a>,
}

/// Arguments are an object. A call that was cut off at the output limit holds broken JSON: it is kept as text under a
/// name of its own, so that nothing is lost and the body stays JSON.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Args<'a> {
    Nothing {},
    Whole(&'a RawValue),
    Broken {
        #[serde(rename = "_unparsed")]
        unparsed: &'a str,
    },
}

impl<'a> Candidate<'a> {
    /// What one says, and nothing else.
    pub(super) fn saying(index: u32, parts: Vec<Part<'a>>) -> Self {
        Self {
            content: Content { parts, role: "model" },
            finish_reason: None,
            index,
            grounding_metadata: None,
            logprobs_result: None,
        }
    }
}

impl<'a> Args<'a> {
    pub(super) fn new(arguments: &'a str) -> Self {
        let arguments = arguments.trim();
        if arguments.is_empty() {
            return Self::Nothing {};
        }
        match serde_json::from_str::<&RawValue>(arguments) {
            Ok(object) if arguments.starts_with('{') => Self::Whole(object),
            _ => Self::Broken { unparsed: arguments },
        }
    }
}
