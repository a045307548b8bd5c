//! Writes a whole completion.

use bytes::BytesMut;

use super::answer::{Choice, Completion, ID, UsageMember, UsageOut, finish_reason};
use crate::format::answer::{Answer, Block, Choice as Said};
use crate::format::writing::{Bill, Setting, write_json};

/// Writes an answer that ended properly.
pub(crate) fn write_whole(answer: &Answer, setting: &Setting, bill: Bill, out: &mut BytesMut) {
    let silent = [Said::default()];
    let said = if answer.choices.is_empty() {
        &silent[..]
    } else {
        &answer.choices
    };
    let texts: Vec<String> = said.iter().map(text).collect();
    let choices: Vec<_> = said
        .iter()
        .zip(&texts)
        .enumerate()
        .map(|(index, (choice, text))| Choice {
            text,
            index,
            logprobs: None,
            finish_reason: Some(finish_reason(choice.finish)),
        })
        .collect();
    let completion = Completion {
        id: &setting.id(ID, &answer.id),
        object: "text_completion",
        created: answer.created.unwrap_or(setting.created),
        model: if answer.model.is_empty() {
            &setting.model
        } else {
            &answer.model
        },
        choices: &choices,
        usage: UsageOut::of(bill).map_or(UsageMember::LeftOut, UsageMember::Told),
    };
    write_json(out, &completion);
}

/// Text and refusal: all that the format has.
fn text(choice: &Said) -> String {
    let texts = choice.blocks.iter().filter_map(|block| match block {
        Block::Text { text, .. } | Block::Refusal(text) => Some(text.as_str()),
        Block::Reasoning { .. } | Block::Redacted(_) | Block::ToolCall { .. } => None,
    });
    texts.collect()
}
