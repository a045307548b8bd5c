//! Writes a whole chat completion.

use std::collections::VecDeque;

use bytes::BytesMut;
use serde::Serialize;

use super::delta::ReasoningDetail;
use super::stream::finish_reason;
use super::usage::UsageOut;
use crate::format::answer::{Answer, Block, Choice};
use crate::format::writing::{Bill, Setting, write_json};

#[derive(Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<ChoiceOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageOut>,
}

#[derive(Serialize)]
struct ChoiceOut<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning_details: Vec<ReasoningDetail<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// Writes an answer that ended properly.
pub(crate) fn write_whole(answer: &Answer, setting: &Setting, bill: Bill, out: &mut BytesMut) {
    let silent = [Choice::default()];
    let choices = if answer.choices.is_empty() {
        &silent[..]
    } else {
        &answer.choices
    };
    let completion = Completion {
        id: setting.id("chatcmpl-", &answer.id),
        object: "chat.completion",
        created: answer.created.unwrap_or(setting.created),
        model: if answer.model.is_empty() {
            &setting.model
        } else {
            &answer.model
        },
        choices: choices
            .iter()
            .enumerate()
            .map(|(index, choice)| ChoiceOut::new(index, choice))
            .collect(),
        usage: bill.report.map(|report| UsageOut::new(&report.usage, bill.cost)),
    };
    write_json(out, &completion);
}

impl<'a> ChoiceOut<'a> {
    fn new(index: usize, choice: &'a Choice) -> Self {
        let message = Message::new(&choice.blocks);
        let reason = finish_reason(choice.finish, choice.calls(), message.refusal.is_some());
        Self {
            index,
            message,
            logprobs: None,
            finish_reason: reason,
        }
    }
}

impl<'a> Message<'a> {
    fn new(blocks: &'a VecDeque<Block>) -> Self {
        let mut message = Self {
            role: "assistant",
            content: None,
            refusal: None,
            reasoning_content: None,
            reasoning_details: Vec::new(),
            tool_calls: Vec::new(),
        };
        for block in blocks {
            message.add(block);
        }
        if message.content.is_none() && message.tool_calls.is_empty() && message.refusal.is_none() {
            message.content = Some(String::new());
        }
        message
    }

    fn add(&mut self, block: &'a Block) {
        match block {
            Block::Text { text, .. } => append(&mut self.content, text),
            Block::Refusal(text) => append(&mut self.refusal, text),
            Block::Reasoning { text, proof } => {
                if !text.is_empty() {
                    append(&mut self.reasoning_content, text);
                }
                if let Some(proof) = proof {
                    let index = self.reasoning_details.len();
                    self.reasoning_details
                        .push(ReasoningDetail::signed(index, text, proof));
                }
            }
            Block::Redacted(proof) => {
                let index = self.reasoning_details.len();
                self.reasoning_details
                    .push(ReasoningDetail::encrypted(index, proof));
            }
            Block::ToolCall {
                id, name, arguments, ..
            } => {
                let arguments = if arguments.trim().is_empty() {
                    "{}"
                } else {
                    arguments
                };
                let function = Function { name, arguments };
                self.tool_calls.push(ToolCall {
                    id,
                    kind: "function",
                    function,
                });
            }
        }
    }
}

fn append(text: &mut Option<String>, more: &str) {
    text.get_or_insert_default().push_str(more);
}
