//! Writes a whole answer.

use bytes::BytesMut;

use super::finish;
use super::grounding::GroundingOut;
use super::logprobs::LogprobsOut;
use super::parts::Parts;
use super::usage::UsageOut;
use super::wire::{Candidate, Chunk};
use crate::format::answer::{Answer, Block, Choice};
use crate::format::writing::{Bill, Setting, write_json};

/// Writes an answer that ended properly.
pub(crate) fn write_whole(answer: &Answer, setting: &Setting, bill: Bill, out: &mut BytesMut) {
    let silent = [Choice::default()];
    let choices = if answer.choices.is_empty() {
        &silent[..]
    } else {
        &answer.choices
    };
    let texts: Vec<String> = choices.iter().map(text).collect();
    let candidates = (0..).zip(choices.iter().zip(&texts));
    let response = Chunk {
        candidates: candidates
            .map(|(index, (choice, text))| candidate(index, choice, text))
            .collect(),
        usage_metadata: bill.report.map(|report| UsageOut::new(&report.usage, bill.cost)),
        model_version: if answer.model.is_empty() {
            &setting.model
        } else {
            &answer.model
        },
        response_id: &setting.id("", &answer.id),
    };
    write_json(out, &response);
}

fn candidate<'a>(index: u32, choice: &'a Choice, text: &str) -> Candidate<'a> {
    let (mut proofs, mut parts) = (Parts::default(), Vec::new());
    for block in &choice.blocks {
        proofs.add(block, &mut parts);
    }
    proofs.flush(&mut parts);
    let citations = choice.blocks.iter().flat_map(|block| match block {
        Block::Text { citations, .. } => citations.as_slice(),
        Block::Reasoning { .. } | Block::Redacted(_) | Block::ToolCall { .. } | Block::Refusal(_) => &[],
    });
    Candidate {
        finish_reason: Some(finish::write(choice.finish)),
        grounding_metadata: GroundingOut::new(citations, text),
        logprobs_result: LogprobsOut::new(&choice.logprobs),
        ..Candidate::saying(index, parts)
    }
}

/// All text, for the places of citations.
fn text(choice: &Choice) -> String {
    let texts = choice.blocks.iter().map(|block| match block {
        Block::Text { text, .. } | Block::Refusal(text) => text.as_str(),
        Block::Reasoning { .. } | Block::Redacted(_) | Block::ToolCall { .. } => "",
    });
    texts.collect()
}
