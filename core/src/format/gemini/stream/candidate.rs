//! What a stream's writer has to know of a candidate.

use std::collections::{BTreeMap, VecDeque};

use crate::event::citation::Citation;
use crate::event::{Event, Finish};
use crate::format::answer::Block;
use crate::format::gemini::grounding::GroundingOut;
use crate::format::gemini::parts::Parts;
use crate::format::scan::JsonScan;

/// The longest text, in bytes, of which pieces are told.
const MAX_TEXT: usize = 256 * 1024;

/// The most citations.
const MAX_CITATIONS: usize = 256;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) finish: Option<Finish>,
    pub(super) parts: Parts,
    /// What is not written: a call that is not whole, and what comes behind it.
    held: VecDeque<Block>,
    held_bytes: usize,
    /// Of the calls that are held, by slot.
    calls: BTreeMap<u32, JsonScan>,
    citations: Vec<Citation>,
    /// All text, for the places of citations; nothing where it is too long.
    text: String,
    cut: bool,
}

impl State {
    /// Takes what the candidate says next.
    pub(super) fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::ToolCall { slot, .. } => {
                self.calls.insert(*slot, JsonScan::default());
            }
            Event::ToolArguments { slot, json, .. } => {
                // Of a call that was written already.
                let Some(scan) = self.calls.get_mut(slot) else {
                    return;
                };
                scan.push(json);
            }
            Event::Text { text, .. } | Event::Refusal { text, .. } => {
                self.cut |= self.text.len() + text.len() > MAX_TEXT;
                if self.cut {
                    self.text.clear();
                } else {
                    self.text.push_str(text);
                }
            }
            Event::Start(_)
            | Event::Reasoning { .. }
            | Event::ReasoningSignature { .. }
            | Event::RedactedReasoning { .. }
            | Event::Citation { .. }
            | Event::Logprobs { .. }
            | Event::Opaque { .. }
            | Event::Finish { .. }
            | Event::Usage(_)
            | Event::Error(_)
            | Event::End => {}
        }
        self.held_bytes += event.text().len();
        Block::add(&mut self.held, event);
    }

    /// What can be written now.
    pub(super) fn ready(&mut self) -> Vec<Block> {
        let mut ready = Vec::new();
        while let Some(block) = self.held.pop_front() {
            if let Block::ToolCall { slot, .. } = &block {
                if !self.calls.get(slot).is_some_and(|scan| scan.whole()) {
                    self.held.push_front(block);
                    break;
                }
                self.calls.remove(slot);
            }
            ready.push(block);
        }
        if self.held.is_empty() {
            self.held_bytes = 0;
        }
        ready
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.held).into()
    }

    /// Bytes that are not written.
    pub(super) const fn held(&self) -> usize {
        self.held_bytes
    }

    pub(super) fn cite(&mut self, citation: &Citation) {
        if self.citations.len() < MAX_CITATIONS {
            self.citations.push(citation.clone());
        }
    }

    pub(super) fn grounding(&self) -> Option<GroundingOut<'_>> {
        GroundingOut::new(self.citations.iter(), &self.text)
    }
}
