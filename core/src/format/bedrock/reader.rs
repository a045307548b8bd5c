//! Reads answers of Converse into events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::citation::cite;
use super::frame::{Block, Delta, Frame, Reasoning, ReasoningText, ToolUse, Whole};
use super::{blob, exception, stop};
use crate::chat::proof::{Origin, Proof};
use crate::client_error::{in_band, malformed};
use crate::event::{Event, Finish, Start};
use crate::format::lenient::{Text, json_text, parse};
use crate::format::reading::{NotAnAnswer, Notes, Read, Sink};
use crate::vendor::Quirks;

/// The most tool calls of one answer that are open at once. More is no answer.
const MAX_OPEN: usize = 256;

/// Reads one answer.
#[derive(Debug)]
pub(crate) struct Reader {
    origin: Origin,
    finish: Option<(Finish, Option<String>)>,
    ended: bool,
    calls: u32,
    /// The slots of the client's tool calls that are open, by their block's number. Other blocks have no beginning.
    open: BTreeMap<u64, u32>,
}

impl Read for Reader {
    fn read(&mut self, name: &[u8], data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        let mut repaired = Vec::new();
        let (frame, _): (Frame<'_>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
        let index = frame.content_block_index.or_zero();
        match name {
            b"messageStart" => sink(Event::Start(Start::default())),
            b"contentBlockStart" => self.begin(index, &frame.start.unwrap_or_default(), sink),
            b"contentBlockDelta" => self.delta(index, frame.delta.unwrap_or_default(), sink),
            b"contentBlockStop" => {
                self.open.remove(&index);
            }
            b"messageStop" => {
                self.finished(frame.stop_reason.as_str(), frame.additional_model_response_fields);
            }
            b"metadata" => {
                if let Some(usage) = frame.usage {
                    sink(Event::Usage(usage.report(frame.service_tier.as_ref())));
                }
                if self.complete() {
                    self.end(sink);
                }
            }
            _ if name.ends_with(b"Exception") || !frame.error.is_empty() => {
                let said = if frame.error.is_empty() {
                    &frame.message
                } else {
                    &frame.error
                };
                let fault = exception::read(
                    &String::from_utf8_lossy(name),
                    said.as_str(),
                    frame.original_status_code.0,
                );
                sink(Event::Error(fault));
                return Ok(Notes {
                    error: true,
                    ..Notes::default()
                });
            }
            // What is newer than this.
            _ => {}
        }
        Ok(Notes::default())
    }

    fn read_whole(&mut self, data: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        let mut repaired = Vec::new();
        let (answer, base): (Whole<'_>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
        let Some(output) = answer.output else {
            if answer.message.is_empty() {
                return Err(NotAnAnswer);
            }
            sink(Event::Error(in_band(base)));
            return Ok(());
        };
        sink(Event::Start(Start::default()));
        for block in output.message.unwrap_or_default().content.0 {
            self.block(block, sink);
        }
        if let Some(usage) = answer.usage {
            sink(Event::Usage(usage.report(answer.service_tier.as_ref())));
        }
        self.finished(
            answer.stop_reason.as_str(),
            answer.additional_model_response_fields,
        );
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
        if let Some((mut reason, stop_sequence)) = self.finish.take() {
            if reason == Finish::Stop && self.calls > 0 {
                reason = Finish::ToolCalls;
            }
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
            origin: quirks.proofs.unwrap_or(Origin::Amazon),
            finish: None,
            ended: false,
            calls: 0,
            open: BTreeMap::new(),
        }
    }

    /// Usage follows, so the end is held back.
    fn finished(&mut self, reason: &str, fields: Option<&RawValue>) {
        if !reason.is_empty() {
            self.finish = Some((stop::read(reason), fields.and_then(stop_sequence)));
        }
    }

    fn block(&mut self, block: Block<'_>, sink: Sink<'_>) {
        if let Some(said) = block.text {
            text(said, sink);
        } else if let Some(reasoning) = block.reasoning_content {
            self.reasoning(reasoning, sink);
        } else if let Some(tool) = block.tool_use.filter(is_for_client) {
            let slot = self.call(&tool, sink);
            argue(slot, tool.input, sink);
        } else if let Some(cited) = block.citations_content {
            for piece in cited.content.0 {
                text(piece.text, sink);
            }
            for citation in cited.citations.0 {
                cite(&citation, sink);
            }
        } else {
            sink(Event::Opaque { choice: 0 });
        }
    }

    /// Only tools have a beginning, Bedrock's own among them.
    fn begin(&mut self, index: u64, start: &Block<'_>, sink: Sink<'_>) {
        let Some(tool) = start.tool_use.as_ref().filter(|tool| is_for_client(tool)) else {
            return sink(Event::Opaque { choice: 0 });
        };
        if self.open.len() == MAX_OPEN {
            return sink(Event::Error(malformed(
                "the provider calls too many tools at once",
            )));
        }
        let slot = self.call(tool, sink);
        self.open.insert(index, slot);
    }

    fn call(&mut self, tool: &ToolUse<'_>, sink: Sink<'_>) -> u32 {
        let slot = self.calls;
        self.calls += 1;
        sink(Event::ToolCall {
            choice: 0,
            slot,
            id: Cow::Borrowed(tool.tool_use_id.as_str()),
            name: Cow::Borrowed(tool.name.as_str()),
        });
        slot
    }

    fn delta(&mut self, index: u64, delta: Delta<'_>, sink: Sink<'_>) {
        text(delta.text, sink);
        if let Some(reasoning) = delta.reasoning_content {
            self.reasoning(reasoning, sink);
        }
        if let Some((tool, slot)) = delta.tool_use.zip(self.open.get(&index)) {
            argue(*slot, tool.input, sink);
        }
        if let Some(citation) = delta.citation {
            cite(&citation, sink);
        }
    }

    fn reasoning(&self, reasoning: Reasoning<'_>, sink: Sink<'_>) {
        let ReasoningText { text, signature } = reasoning.reasoning_text.unwrap_or(ReasoningText {
            text: reasoning.text,
            signature: reasoning.signature,
        });
        if !text.is_empty() {
            sink(Event::Reasoning {
                choice: 0,
                text: text.0,
            });
        }
        if !signature.is_empty() {
            sink(Event::ReasoningSignature {
                choice: 0,
                proof: Proof::new(self.origin, signature.0),
            });
        }
        if !reasoning.redacted_content.is_empty() {
            sink(Event::RedactedReasoning {
                choice: 0,
                proof: blob::read(reasoning.redacted_content.0, self.origin),
            });
        }
    }
}

fn is_for_client(tool: &ToolUse<'_>) -> bool {
    tool.kind.as_str() != "server_tool_use"
}

fn text(text: Text<'_>, sink: Sink<'_>) {
    if !text.is_empty() {
        sink(Event::Text {
            choice: 0,
            text: text.0,
        });
    }
}

fn argue(slot: u32, input: Option<&RawValue>, sink: Sink<'_>) {
    let json = input.map(json_text).unwrap_or_default();
    if !json.is_empty() {
        sink(Event::ToolArguments {
            choice: 0,
            slot,
            json,
        });
    }
}

/// The stop sequence that hit, which our requests ask to be told.
fn stop_sequence(fields: &RawValue) -> Option<String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Fields<'a> {
        #[serde(borrow)]
        stop_sequence: Text<'a>,
    }
    let fields: Fields<'_> = serde_json::from_str(fields.get()).ok()?;
    let sequence = fields.stop_sequence;
    (!sequence.is_empty()).then(|| sequence.0.into_owned())
}
