//! The items of an answer, as they are written.

use serde::Serialize;

use crate::event::logprobs::{Candidate, TokenLogprob};
use crate::format::scan::JsonScan;

/// One item.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) what: What,
}

/// What it is.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum What {
    Message {
        status: Status,
        role: &'static str,
        content: Vec<Part>,
    },
    Reasoning {
        summary: Vec<Part>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
    },
    FunctionCall {
        status: Status,
        call_id: String,
        name: String,
        arguments: String,
        #[serde(skip)]
        scan: JsonScan,
    },
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    InProgress,
    Completed,
    Incomplete,
}

/// A part of a message or of reasoning.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part {
    OutputText {
        annotations: Vec<Annotation>,
        logprobs: Vec<Logprob>,
        text: String,
    },
    Refusal {
        refusal: String,
    },
    SummaryText {
        text: String,
    },
}

/// A page that a text leans on.
#[derive(Debug, Serialize)]
pub(super) struct Annotation {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) start_index: u32,
    pub(super) end_index: u32,
    pub(super) url: String,
    pub(super) title: String,
}

/// A token of the text.
#[derive(Debug, Serialize)]
pub(super) struct Logprob {
    #[serde(flatten)]
    chosen: Token,
    top_logprobs: Vec<Token>,
}

#[expect(clippy::struct_field_names, reason = "the format's names")]
#[derive(Debug, Serialize)]
struct Token {
    token: String,
    bytes: Vec<u8>,
    logprob: f64,
}

impl Logprob {
    pub(super) fn new(token: &TokenLogprob) -> Self {
        Self {
            chosen: Token::new(&token.chosen),
            top_logprobs: token.top.iter().map(Token::new).collect(),
        }
    }
}

impl Token {
    fn new(candidate: &Candidate) -> Self {
        Self {
            token: candidate.token.clone(),
            bytes: candidate
                .bytes
                .clone()
                .unwrap_or_else(|| candidate.token.clone().into_bytes()),
            logprob: candidate.logprob,
        }
    }
}

impl Part {
    pub(super) const fn output_text() -> Self {
        Self::OutputText {
            annotations: Vec::new(),
            logprobs: Vec::new(),
            text: String::new(),
        }
    }

    pub(super) const fn summary_text() -> Self {
        Self::SummaryText { text: String::new() }
    }

    pub(super) const fn refusal() -> Self {
        Self::Refusal {
            refusal: String::new(),
        }
    }
}
