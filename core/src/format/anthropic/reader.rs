//! Reads answers of the Anthropic format into events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::frame::{Block, Delta, Frame, Message};
use super::usage::UsageState;
use super::{citation, stop};
use crate::chat::proof::{Origin, Proof};
use crate::client_error::{in_band, malformed};
use crate::event::citation::Citation;
use crate::event::{Event, Finish, Start};
use crate::format::lenient::{json_text, parse};
use crate::format::reading::{CostPlace, NotAnAnswer, Notes, Read, Sink};
use crate::vendor::Quirks;

/// The most content blocks of one answer that are open at once. More is no answer.
const MAX_OPEN: usize = 256;

/// The most citations that wait for the end of their text block. What is more is told before.
const MAX_CITED: usize = 256;

/// Reads one answer.
#[derive(Debug)]
pub(crate) struct Reader {
    origin: Origin,
    usage: UsageState,
    finish: Option<(Finish, Option<String>)>,
    ended: bool,
    calls: u32,
    /// The tool calls that are open, by their block's number.
    open: BTreeMap<u64, OpenCall>,
    text: TextBlock,
}

/// The text block that came last. Citations may come before its text; they are told after it.
#[derive(Debug, Default)]
struct TextBlock {
    /// Characters of the answer's text before it, and with it.
    from: u32,
    said: u32,
    cited: Vec<Citation>,
}

#[derive(Debug)]
struct OpenCall {
    slot: u32,
    /// What the block began with. It counts if no deltas follow.
    input: Option<String>,
}

impl Read for Reader {
    fn read(&mut self, _: &[u8], data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        let mut repaired = Vec::new();
        let (frame, base): (Frame<'_>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
        let mut notes = Notes::default();
        match frame.kind.as_str() {
            "message_start" => self.head(&frame.message.unwrap_or_default(), sink),
            "content_block_start" => self.open(
                frame.index.or_zero(),
                frame.content_block.unwrap_or_default(),
                sink,
            ),
            "content_block_delta" => self.delta(frame.index.or_zero(), frame.delta.unwrap_or_default(), sink),
            "content_block_stop" => self.close(frame.index.or_zero(), sink),
            "message_delta" => {
                let delta = frame.delta.unwrap_or_default();
                self.finished(delta.stop_reason.as_str(), delta.stop_sequence.as_str());
                let told = frame.usage.is_some_and(|usage| self.usage(usage, sink));
                notes.cost = frame
                    .usage
                    .filter(|_| told)
                    .and_then(|usage| CostPlace::find(base, usage));
            }
            "message_stop" => self.end(sink),
            _ if frame.error.is_some() => {
                notes.error = true;
                sink(Event::Error(in_band(base)));
            }
            // A whole answer where a stream was asked for.
            "message" => self.read_whole(base, sink)?,
            // Pings, and what is newer than this.
            _ => {}
        }
        Ok(notes)
    }

    fn read_whole(&mut self, data: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        let mut repaired = Vec::new();
        let (message, base): (Message<'_>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
        if message.kind.as_str() != "message" {
            let frame: Frame<'_> = serde_json::from_slice(base).map_err(|_| NotAnAnswer)?;
            frame.error.ok_or(NotAnAnswer)?;
            sink(Event::Error(in_band(base)));
            return Ok(());
        }
        self.head(&message, sink);
        for (index, block) in (0..).zip(message.content.0) {
            self.open(index, block, sink);
            self.close(index, sink);
        }
        self.finished(message.stop_reason.as_str(), message.stop_sequence.as_str());
        self.end(sink);
        Ok(())
    }

    fn complete(&self) -> bool {
        self.finish.is_some()
    }

    fn end(&mut self, sink: Sink<'_>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some((reason, stop_sequence)) = self.finish.take() {
            sink(Event::Finish {
                choice: 0,
                reason,
                stop_sequence: stop_sequence.map(Cow::Owned),
            });
        }
        sink(Event::End);
    }
}

impl Reader {
    pub(crate) fn new(quirks: Quirks) -> Self {
        Self {
            origin: quirks.proofs.unwrap_or(Origin::Anthropic),
            usage: UsageState::default(),
            finish: None,
            ended: false,
            calls: 0,
            open: BTreeMap::new(),
            text: TextBlock::default(),
        }
    }

    fn head(&mut self, message: &Message<'_>, sink: Sink<'_>) {
        let (id, model) = (
            Cow::Borrowed(message.id.as_str()),
            Cow::Borrowed(message.model.as_str()),
        );
        sink(Event::Start(Start {
            id,
            model,
            created: None,
        }));
        if let Some(usage) = message.usage {
            self.usage(usage, sink);
        }
    }

    fn usage(&mut self, raw: &RawValue, sink: Sink<'_>) -> bool {
        let report = self.usage.take(raw);
        if let Some(report) = report {
            sink(Event::Usage(report));
        }
        report.is_some()
    }

    fn finished(&mut self, reason: &str, sequence: &str) {
        if !reason.is_empty() {
            self.finish = Some((
                stop::read(reason),
                (!sequence.is_empty()).then(|| sequence.to_owned()),
            ));
        }
    }

    fn open(&mut self, index: u64, block: Block<'_>, sink: Sink<'_>) {
        self.text.end(sink);
        match block.kind.as_str() {
            "text" => {
                self.text.from = self.text.said;
                self.text.push(block.text.0, sink);
                for raw in block.citations.0 {
                    self.text.cite(raw, sink);
                }
            }
            "thinking" => {
                thinking(block.thinking.0, sink);
                self.signature(block.signature.0, sink);
            }
            "redacted_thinking" => sink(Event::RedactedReasoning {
                choice: 0,
                proof: Proof::new(self.origin, block.data.0),
            }),
            "tool_use" => self.call(index, &block, sink),
            // Tools that the provider runs, and what is newer than this.
            _ => sink(Event::Opaque { choice: 0 }),
        }
    }

    fn signature(&self, signature: Cow<'_, str>, sink: Sink<'_>) {
        if !signature.is_empty() {
            sink(Event::ReasoningSignature {
                choice: 0,
                proof: Proof::new(self.origin, signature),
            });
        }
    }

    fn call(&mut self, index: u64, block: &Block<'_>, sink: Sink<'_>) {
        if self.open.len() == MAX_OPEN {
            return sink(Event::Error(malformed(
                "the provider opens too many content blocks at once",
            )));
        }
        let slot = self.calls;
        self.calls += 1;
        let (id, name) = (
            Cow::Borrowed(block.id.as_str()),
            Cow::Borrowed(block.name.as_str()),
        );
        sink(Event::ToolCall {
            choice: 0,
            slot,
            id,
            name,
        });
        let input = block
            .input
            .map(json_text)
            .filter(|json| *json != "{}")
            .map(Cow::into_owned);
        self.open.insert(index, OpenCall { slot, input });
    }

    fn delta(&mut self, index: u64, delta: Delta<'_>, sink: Sink<'_>) {
        match delta.kind.as_str() {
            "text_delta" => self.text.push(delta.text.0, sink),
            "citations_delta" => {
                if let Some(raw) = delta.citation {
                    self.text.cite(raw, sink);
                }
            }
            "thinking_delta" => thinking(delta.thinking.0, sink),
            "signature_delta" => self.signature(delta.signature.0, sink),
            "input_json_delta" => {
                let json = delta.partial_json.0;
                if let Some(call) = self.open.get_mut(&index).filter(|_| !json.is_empty()) {
                    call.input = None;
                    sink(Event::ToolArguments {
                        choice: 0,
                        slot: call.slot,
                        json,
                    });
                }
            }
            // What is newer than this.
            _ => {}
        }
    }

    fn close(&mut self, index: u64, sink: Sink<'_>) {
        self.text.end(sink);
        if let Some(OpenCall {
            slot,
            input: Some(json),
        }) = self.open.remove(&index)
        {
            sink(Event::ToolArguments {
                choice: 0,
                slot,
                json: Cow::Owned(json),
            });
        }
    }
}

impl TextBlock {
    fn push(&mut self, text: Cow<'_, str>, sink: Sink<'_>) {
        if !text.is_empty() {
            let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            self.said = self.said.saturating_add(characters);
            sink(Event::Text { choice: 0, text });
        }
    }

    fn cite(&mut self, raw: &RawValue, sink: Sink<'_>) {
        self.cited.extend(citation::read(raw));
        if self.cited.len() >= MAX_CITED {
            self.end(sink);
        }
    }

    fn end(&mut self, sink: Sink<'_>) {
        for citation in self.cited.drain(..) {
            let citation = Box::new(Citation {
                span: Some(self.from..self.said),
                ..citation
            });
            sink(Event::Citation { choice: 0, citation });
        }
    }
}

fn thinking(text: Cow<'_, str>, sink: Sink<'_>) {
    if !text.is_empty() {
        sink(Event::Reasoning { choice: 0, text });
    }
}
