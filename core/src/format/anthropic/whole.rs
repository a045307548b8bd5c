//! Writes a whole Anthropic message.

use std::borrow::Cow;

use bytes::BytesMut;
use serde::Serialize;
use serde_json::value::RawValue;

use super::citation::LocationOut;
use super::stop;
use super::usage::UsageOut;
use crate::chat::proof::Origin;
use crate::format::answer::{Answer, Block, Choice};
use crate::format::writing::{Bill, Setting, write_json};

#[derive(Serialize)]
struct Message<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Content<'a>>,
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    usage: UsageOut,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        citations: Vec<LocationOut<'a>>,
    },
    Thinking {
        thinking: &'a str,
        signature: Cow<'a, str>,
    },
    RedactedThinking {
        data: Cow<'a, str>,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Input<'a>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Input<'a> {
    Nothing {},
    Whole(&'a RawValue),
    Broken {
        #[serde(rename = "_unparsed")]
        unparsed: &'a str,
    },
}

/// Writes an answer that ended properly. Only the first of several choices can be said in this format.
pub(crate) fn write_whole(answer: &Answer, setting: &Setting, bill: Bill, out: &mut BytesMut) {
    let silent = Choice::default();
    let choice = answer.choices.first().unwrap_or(&silent);
    let stop_sequence = choice.stop_sequence.as_deref();
    let message = Message {
        id: setting.id("msg_", &answer.id),
        kind: "message",
        role: "assistant",
        model: if answer.model.is_empty() {
            &setting.model
        } else {
            &answer.model
        },
        content: choice
            .blocks
            .iter()
            .filter(|block| speaks(block))
            .map(content)
            .collect(),
        stop_reason: stop::write(choice.finish, choice.calls(), stop_sequence.is_some()),
        stop_sequence,
        usage: UsageOut::new(bill.report.as_ref(), bill.cost),
    };
    write_json(out, &message);
}

/// Text that is nothing but cited would be refused when it is sent back.
fn speaks(block: &Block) -> bool {
    !matches!(block, Block::Text { text, citations } if text.is_empty() && !citations.is_empty())
}

fn content(block: &Block) -> Content<'_> {
    match block {
        Block::Text { text, citations } => Content::Text {
            text,
            citations: citations.iter().filter_map(LocationOut::new).collect(),
        },
        Block::Refusal(text) => Content::Text {
            text,
            citations: Vec::new(),
        },
        Block::Reasoning { text, proof } => Content::Thinking {
            thinking: text,
            signature: proof
                .as_ref()
                .map(|proof| proof.write(Origin::Anthropic))
                .unwrap_or_default(),
        },
        Block::Redacted(proof) => Content::RedactedThinking {
            data: proof.write(Origin::Anthropic),
        },
        Block::ToolCall {
            id, name, arguments, ..
        } => Content::ToolUse {
            id,
            name,
            input: input(arguments),
        },
    }
}

/// Arguments as an object. A call that was cut off at the output limit holds broken JSON: it is kept as text under a
/// name of its own, so that nothing is lost and the body stays JSON.
fn input(arguments: &str) -> Input<'_> {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return Input::Nothing {};
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(object) if arguments.starts_with('{') => Input::Whole(object),
        _ => Input::Broken { unparsed: arguments },
    }
}
