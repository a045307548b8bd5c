//! Proofs of reasoning, with what they are of.

use super::super::super::wire::{Content, Part, PartData, Role};
use crate::chat::Dropped;
use crate::format::gemini::STAND_IN;

/// Proofs that look for what they are of.
#[derive(Default)]
pub(super) struct Pending<'a>(Vec<&'a str>);

impl<'a> Pending<'a> {
    pub(super) fn push(&mut self, proof: &'a str) {
        self.0.push(proof);
    }

    /// The last is of the call that follows; one before that is of the text before.
    pub(super) fn of_call(&mut self, written: &mut Vec<Part<'a>>, dropped: &mut Dropped) -> Option<&'a str> {
        let last = self.0.pop();
        self.of_text(written, dropped);
        last
    }

    /// No call follows: it is of the text before.
    pub(super) fn of_text(&mut self, written: &mut Vec<Part<'a>>, dropped: &mut Dropped) {
        let Some(proof) = self.0.pop() else { return };
        if !self.0.is_empty() {
            dropped.note("reasoning of earlier turns");
            self.0.clear();
        }
        match written.last_mut() {
            Some(
                last @ Part {
                    data: PartData::Text(_),
                    thought_signature: None,
                },
            ) => last.thought_signature = Some(proof),
            Some(_) | None => written.push(Part {
                data: PartData::Text(""),
                thought_signature: Some(proof),
            }),
        }
    }
}

/// In the present turn the first call of each step has to have a proof.
pub(super) fn stand_in(contents: &mut [Content<'_>]) {
    let asks = |content: &Content<'_>| {
        let answers = content
            .parts
            .first()
            .is_some_and(|part| matches!(part.data, PartData::FunctionResponse(_)));
        content.role == Some(Role::User) && !answers
    };
    let from = contents.iter().rposition(asks).map_or(0, |at| at + 1);
    for step in contents.iter_mut().skip(from) {
        let first = step
            .parts
            .iter_mut()
            .find(|part| matches!(part.data, PartData::FunctionCall(_)));
        if let Some(first) = first {
            first.thought_signature.get_or_insert(STAND_IN);
        }
    }
}
