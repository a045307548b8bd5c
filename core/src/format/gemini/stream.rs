//! Writes events as a stream of chunks: server-sent events, or a list that grows.

mod candidate;

use std::collections::BTreeMap;

use bytes::BytesMut;

use self::candidate::State;
use super::finish;
use super::logprobs::LogprobsOut;
use super::usage::UsageOut;
use super::wire::{Candidate, Chunk};
use crate::event::{Event, Start};
use crate::format::Framing;
use crate::format::answer::TooLong;
use crate::format::writing::{Bill, Setting, Write, write_json};

/// The most bytes of all calls that are not whole, and of what comes behind them.
const MAX_HELD: usize = 16 * 1024 * 1024;

/// Writes one stream. A call leaves whole. Usage and reasons are told when all is said.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    setting: Setting,
    framing: Framing,
    id: String,
    model: String,
    begun: bool,
    candidates: BTreeMap<u32, State>,
}

impl Write for StreamWriter {
    fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        match event {
            Event::Start(start) => self.start(start),
            Event::Text { choice, .. }
            | Event::Refusal { choice, .. }
            | Event::Reasoning { choice, .. }
            | Event::ReasoningSignature { choice, .. }
            | Event::RedactedReasoning { choice, .. }
            | Event::ToolCall { choice, .. }
            | Event::ToolArguments { choice, .. } => self.say(*choice, event, out)?,
            Event::Logprobs { choice, tokens } => {
                let candidate = Candidate {
                    logprobs_result: LogprobsOut::new(tokens),
                    ..Candidate::saying(*choice, Vec::new())
                };
                self.chunk(candidate, None, out);
            }
            Event::Citation { choice, citation } => self.state(*choice).cite(citation),
            Event::Finish { choice, reason, .. } => {
                self.state(*choice).finish.get_or_insert(*reason);
            }
            Event::Opaque { .. } | Event::Usage(_) | Event::Error(_) | Event::End => {}
        }
        Ok(())
    }

    fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        self.state(0);
        let mut candidates = std::mem::take(&mut self.candidates);
        let last = candidates.keys().next_back().copied();
        for (&index, state) in &mut candidates {
            let blocks = state.rest();
            let mut parts = Vec::new();
            for block in &blocks {
                state.parts.add(block, &mut parts);
            }
            state.parts.flush(&mut parts);
            let candidate = Candidate {
                finish_reason: Some(finish::write(state.finish)),
                grounding_metadata: state.grounding(),
                ..Candidate::saying(index, parts)
            };
            let report = bill.report.filter(|_| Some(index) == last);
            let usage = report.map(|report| UsageOut::new(&report.usage, bill.cost));
            self.chunk(candidate, usage, out);
        }
        if self.framing == Framing::JsonArray {
            out.extend_from_slice(b"\r\n]");
        }
    }
}

impl StreamWriter {
    pub(crate) fn new(setting: Setting, framing: Framing) -> Self {
        let mut writer = Self {
            setting,
            framing,
            id: String::new(),
            model: String::new(),
            begun: false,
            candidates: BTreeMap::new(),
        };
        writer.start(&Start::default());
        writer
    }

    fn start(&mut self, start: &Start<'_>) {
        self.id = self.setting.id("", &start.id);
        self.model = if start.model.is_empty() {
            self.setting.model.clone()
        } else {
            start.model.to_string()
        };
    }

    /// The readers bound the number of candidates.
    fn state(&mut self, choice: u32) -> &mut State {
        self.candidates.entry(choice).or_default()
    }

    fn say(&mut self, choice: u32, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        let state = self.state(choice);
        state.take(event);
        let blocks = state.ready();
        let mut proofs = std::mem::take(&mut state.parts);
        for block in &blocks {
            let mut parts = Vec::new();
            proofs.add(block, &mut parts);
            if !parts.is_empty() {
                self.chunk(Candidate::saying(choice, parts), None, out);
            }
        }
        self.state(choice).parts = proofs;
        let held: usize = self.candidates.values().map(State::held).sum();
        if held > MAX_HELD { Err(TooLong) } else { Ok(()) }
    }

    fn chunk(&mut self, candidate: Candidate<'_>, usage: Option<UsageOut>, out: &mut BytesMut) {
        let response = Chunk {
            candidates: vec![candidate],
            usage_metadata: usage,
            model_version: &self.model,
            response_id: &self.id,
        };
        let begun = std::mem::replace(&mut self.begun, true);
        if self.framing == Framing::JsonArray {
            out.extend_from_slice(if begun { b"\r\n,\r\n" } else { b"[" });
            write_json(out, &response);
        } else {
            out.extend_from_slice(b"data: ");
            write_json(out, &response);
            out.extend_from_slice(b"\r\n\r\n");
        }
    }
}
