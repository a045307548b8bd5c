//! Writes content blocks one after the other.
//!
//! The format has one open block at a time. OpenAI's parallel calls may interleave: what comes for a later block is
//! held back until the open call is whole.

use std::collections::VecDeque;

use bytes::BytesMut;
use serde::Serialize;

use super::citation::LocationOut;
use crate::chat::proof::{Origin, Proof};
use crate::event::Event;
use crate::event::citation::Citation;
use crate::format::answer::{Block, TooLong, beside};
use crate::format::scan::JsonScan;
use crate::format::writing::write_frame;

/// The most bytes held back.
const MAX_HELD: usize = 16 * 1024 * 1024;

/// The blocks of one answer.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// How many were opened.
    opened: u32,
    open: Option<Open>,
    /// What proves the open text (Gemini). Its sources may still come, and belong into its block.
    trailing: Option<Proof<'static>>,
    held: VecDeque<Block>,
    held_bytes: usize,
    calls: bool,
}

/// The open block.
#[derive(Debug)]
enum Open {
    Text { cited: bool },
    Thinking { signed: bool },
    Redacted,
    Call { slot: u32, scan: JsonScan },
}

#[derive(Serialize)]
struct Start<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
    content_block: Head<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Head<'a> {
    Text {
        text: &'static str,
    },
    Thinking {
        thinking: &'static str,
        signature: &'static str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: NoInput,
    },
}

/// The arguments follow in deltas.
#[derive(Serialize)]
struct NoInput {}

#[derive(Serialize)]
struct DeltaFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
    delta: Delta<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Delta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
    #[serde(rename = "citations_delta")]
    Citation { citation: LocationOut<'a> },
}

#[derive(Serialize)]
struct Stop {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
}

impl Blocks {
    /// Whether a tool is called.
    pub(super) fn calls(&self) -> bool {
        self.calls
    }

    /// Writes what an event says, or holds it back.
    pub(super) fn take(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        if let Event::ToolArguments { slot, json, .. } = event
            && self.argue(*slot, json, out)
        {
            self.release(out);
            return Ok(());
        }
        if self.busy() {
            return self.hold(event);
        }
        match event {
            Event::ReasoningSignature { proof, .. } if self.follows_text() => {
                match &mut self.trailing {
                    Some(trailing) => trailing.data.to_mut().push_str(&proof.data),
                    None => self.trailing = Some(proof.clone().into_owned()),
                }
                return Ok(());
            }
            Event::Citation { .. }
            | Event::Start(_)
            | Event::Opaque { .. }
            | Event::Logprobs { .. }
            | Event::Usage(_)
            | Event::Finish { .. }
            | Event::Error(_)
            | Event::End => {}
            Event::Text { .. }
            | Event::Refusal { .. }
            | Event::Reasoning { .. }
            | Event::ReasoningSignature { .. }
            | Event::RedactedReasoning { .. }
            | Event::ToolCall { .. }
            | Event::ToolArguments { .. } => self.prove(out),
        }
        match event {
            Event::Text { text, .. } | Event::Refusal { text, .. } => self.text(text, out),
            Event::Reasoning { text, .. } => self.think(text, out),
            Event::ReasoningSignature { proof, .. } => self.sign(proof, out),
            Event::Citation { citation, .. } => self.cite(citation, out),
            Event::RedactedReasoning { proof, .. } => self.redacted(proof, out),
            Event::ToolCall { slot, id, name, .. } => self.call(*slot, id, name, out),
            // Arguments of a call that is over, and what is no content.
            Event::ToolArguments { .. }
            | Event::Start(_)
            | Event::Opaque { .. }
            | Event::Logprobs { .. }
            | Event::Usage(_)
            | Event::Finish { .. }
            | Event::Error(_)
            | Event::End => {}
        }
        Ok(())
    }

    /// Writes all that is held back, and closes the last block.
    pub(super) fn end(&mut self, out: &mut BytesMut) {
        while let Some(block) = self.held.pop_front() {
            self.whole(&block, out);
        }
        self.prove(out);
        self.close(out);
    }

    /// Whether a proof that comes now is of the text before it.
    fn follows_text(&self) -> bool {
        matches!(self.open, Some(Open::Text { .. }))
    }

    /// Writes the proof of the text before it.
    fn prove(&mut self, out: &mut BytesMut) {
        if let Some(proof) = self.trailing.take() {
            self.sign(&proof, out);
        }
    }

    /// Whether the open block has to be whole before another can open.
    fn busy(&self) -> bool {
        matches!(&self.open, Some(Open::Call { scan, .. }) if !scan.whole())
    }

    fn hold(&mut self, event: &Event<'_>) -> Result<(), TooLong> {
        self.held_bytes += event.text().len() + beside(event);
        if self.held_bytes > MAX_HELD {
            return Err(TooLong);
        }
        Block::add(&mut self.held, event);
        Ok(())
    }

    fn release(&mut self, out: &mut BytesMut) {
        while !self.busy() {
            let Some(block) = self.held.pop_front() else { break };
            self.whole(&block, out);
        }
        if self.held.is_empty() {
            self.held_bytes = 0;
        }
    }

    fn whole(&mut self, block: &Block, out: &mut BytesMut) {
        match block {
            Block::Text { text, citations } => {
                if !text.is_empty() {
                    self.text(text, out);
                }
                for citation in citations {
                    self.cite(citation, out);
                }
            }
            Block::Refusal(text) => self.text(text, out),
            Block::Reasoning { text, proof } => {
                if !text.is_empty() {
                    self.think(text, out);
                }
                if let Some(proof) = proof {
                    self.sign(proof, out);
                }
            }
            Block::Redacted(proof) => self.redacted(proof, out),
            Block::ToolCall {
                slot,
                id,
                name,
                arguments,
            } => {
                self.call(*slot, id, name, out);
                if !arguments.is_empty() {
                    self.argue(*slot, arguments, out);
                }
            }
        }
    }

    fn text(&mut self, text: &str, out: &mut BytesMut) {
        // What is cited ends a block.
        if !matches!(self.open, Some(Open::Text { cited: false })) {
            self.open(Open::Text { cited: false }, Head::Text { text: "" }, out);
        }
        self.delta(Delta::Text { text }, out);
    }

    /// Only text that is still open can be cited.
    fn cite(&mut self, citation: &Citation, out: &mut BytesMut) {
        if let Some(Open::Text { cited }) = &mut self.open
            && let Some(citation) = LocationOut::new(citation)
        {
            *cited = true;
            self.delta(Delta::Citation { citation }, out);
        }
    }

    fn think(&mut self, thinking: &str, out: &mut BytesMut) {
        if !matches!(self.open, Some(Open::Thinking { signed: false })) {
            self.open(
                Open::Thinking { signed: false },
                Head::Thinking {
                    thinking: "",
                    signature: "",
                },
                out,
            );
        }
        self.delta(Delta::Thinking { thinking }, out);
    }

    fn sign(&mut self, proof: &Proof<'_>, out: &mut BytesMut) {
        if !matches!(self.open, Some(Open::Thinking { .. })) {
            self.open(
                Open::Thinking { signed: true },
                Head::Thinking {
                    thinking: "",
                    signature: "",
                },
                out,
            );
        }
        self.open = Some(Open::Thinking { signed: true });
        let signature = proof.write(Origin::Anthropic);
        self.delta(
            Delta::Signature {
                signature: &signature,
            },
            out,
        );
    }

    fn redacted(&mut self, proof: &Proof<'_>, out: &mut BytesMut) {
        let data = proof.write(Origin::Anthropic);
        self.open(Open::Redacted, Head::RedactedThinking { data: &data }, out);
    }

    fn call(&mut self, slot: u32, id: &str, name: &str, out: &mut BytesMut) {
        self.calls = true;
        let head = Head::ToolUse {
            id,
            name,
            input: NoInput {},
        };
        self.open(
            Open::Call {
                slot,
                scan: JsonScan::default(),
            },
            head,
            out,
        );
    }

    /// Writes arguments, if their call is the open block.
    fn argue(&mut self, wanted: u32, json: &str, out: &mut BytesMut) -> bool {
        match &mut self.open {
            Some(Open::Call { slot, scan }) if *slot == wanted => scan.push(json),
            _ => return false,
        }
        self.delta(Delta::InputJson { partial_json: json }, out);
        true
    }

    fn open(&mut self, open: Open, head: Head<'_>, out: &mut BytesMut) {
        self.close(out);
        let start = Start {
            kind: "content_block_start",
            index: self.opened,
            content_block: head,
        };
        write_frame(out, start.kind, &start);
        self.open = Some(open);
        self.opened += 1;
    }

    fn delta(&self, delta: Delta<'_>, out: &mut BytesMut) {
        let index = self.opened.saturating_sub(1);
        let frame = DeltaFrame {
            kind: "content_block_delta",
            index,
            delta,
        };
        write_frame(out, frame.kind, &frame);
    }

    fn close(&mut self, out: &mut BytesMut) {
        if self.open.take().is_some() {
            let stop = Stop {
                kind: "content_block_stop",
                index: self.opened.saturating_sub(1),
            };
            write_frame(out, stop.kind, &stop);
        }
    }
}
