//! Writes a whole chat completion.

use std::collections::VecDeque;

use bytes::BytesMut;
use serde::Serialize;

use super::delta::ReasoningDetail;
use super::google::ExtraOut;
use super::logprobs::LogprobsOut;
use super::sources::{AnnotationOut, Place};
use super::stream::finish_reason;
use super::usage::{UsageOut, write_tier};
use crate::chat::proof::Origin;
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
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageOut>,
}

#[derive(Serialize)]
struct ChoiceOut<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<LogprobsOut<'a>>,
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
    annotations: Vec<AnnotationOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<ExtraOut<'a>>,
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
        service_tier: write_tier(bill.report.and_then(|report| report.tier)),
        usage: bill.report.map(|report| UsageOut::new(&report.usage, bill.cost)),
    };
    write_json(out, &completion);
}

impl<'a> ChoiceOut<'a> {
    fn new(index: usize, choice: &'a Choice) -> Self {
        let message = Message::new(&choice.blocks);
        let refused = message.refusal.is_some();
        let reason = finish_reason(choice.finish, choice.calls(), refused);
        let of_refusal = refused && message.content.is_none();
        Self {
            index,
            message,
            logprobs: LogprobsOut::new(&choice.logprobs, of_refusal),
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
            annotations: Vec::new(),
            tool_calls: Vec::new(),
        };
        let (mut place, mut signature) = (Place::default(), None);
        for block in blocks {
            if let Block::Text { text, citations } = block {
                place.text(text);
                for citation in citations {
                    place.cited();
                    message
                        .annotations
                        .extend(AnnotationOut::new(citation, &place, None));
                }
            }
            message.add(block, signature.take());
            if let Block::Reasoning {
                proof: Some(proof), ..
            } = block
            {
                signature = (proof.origin == Origin::Google).then_some(proof.data.as_ref());
            }
        }
        if message.content.is_none() && message.tool_calls.is_empty() && message.refusal.is_none() {
            message.content = Some(String::new());
        }
        message
    }

    /// `signature`: Google's, of the block.
    fn add(&mut self, block: &'a Block, signature: Option<&'a str>) {
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
                    extra_content: signature.map(ExtraOut::new),
                });
            }
        }
    }
}

fn append(text: &mut Option<String>, more: &str) {
    text.get_or_insert_default().push_str(more);
}
