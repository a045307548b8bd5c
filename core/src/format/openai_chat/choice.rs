//! Reads what a document says in one of its choices.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::chunk::{Function, Part, ReasoningDetail, Spoken, ToolCall};
use super::reader::Shape;
use super::tool_slots::{Piece, Place, ToolSlots};
use super::{google, sources};
use crate::chat::proof::{Origin, Proof};
use crate::client_error::malformed;
use crate::event::{Event, Finish};
use crate::format::lenient::{TextOrList, json_text};
use crate::format::reading::Sink;

/// What is known of a choice.
#[derive(Debug, Default)]
pub(super) struct ChoiceState {
    finish: Option<Finish>,
    slots: ToolSlots,
    refused: bool,
    /// Of the last proof: some tell it twice.
    proved: u64,
}

impl ChoiceState {
    /// Takes a finish reason. Some come twice or on every chunk: the first that is more than "stop" counts. Gives an
    /// error document where the reason is one.
    pub(super) fn finished(&mut self, reason: &str) -> Option<String> {
        let finish = match reason.to_ascii_lowercase().as_str() {
            "error" | "insufficient_system_resource" => {
                let error = serde_json::json!({"error": {
                    "message": format!("the provider ended its answer with {reason:?}"), "code": 503,
                }});
                return Some(error.to_string());
            }
            "length" | "max_tokens" | "model_length" => Finish::Length,
            "tool_calls" | "function_call" | "tool_use" => Finish::ToolCalls,
            "content_filter" | "safety" | "recitation" | "prohibited_content" => Finish::ContentFilter,
            // `eos` and `end_turn` are a plain end, and so is what is not known.
            _ => Finish::Stop,
        };
        if self.finish.is_none_or(|finish| finish == Finish::Stop) {
            self.finish = Some(finish);
        }
        None
    }

    /// How the choice ended. Some say "stop" where they call tools (Gemini, and OpenAI when a named tool is forced).
    pub(super) fn finish(&self) -> Option<Finish> {
        let finish = self.finish?;
        if finish != Finish::Stop {
            return Some(finish);
        }
        Some(match (self.slots.is_empty(), self.refused) {
            (false, _) => Finish::ToolCalls,
            (true, true) => Finish::Refusal,
            (true, false) => Finish::Stop,
        })
    }
}

/// Reads what one document says in one choice.
pub(super) struct ChoiceReader<'r, 's> {
    pub(super) choice: u32,
    pub(super) shape: Shape,
    pub(super) seed: u64,
    /// Whose proofs of reasoning are that do not say it themselves.
    pub(super) origin: Origin,
    pub(super) state: &'r mut ChoiceState,
    pub(super) sink: Sink<'s>,
}

impl ChoiceReader<'_, '_> {
    /// Reads it.
    pub(super) fn read(mut self, content: Spoken<'_>) {
        let choice = self.choice;
        let reasoning = if content.reasoning.is_empty() {
            content.reasoning_content
        } else {
            content.reasoning
        };
        self.reasoning(reasoning.0, content.reasoning_details.0);
        match content.content {
            TextOrList::Neither => {}
            TextOrList::Text(text) => self.text(text),
            TextOrList::List(parts) => parts.into_iter().for_each(|part| self.part(part)),
        }
        for raw in content.annotations.0 {
            if let Some(citation) = sources::annotation(raw) {
                (self.sink)(Event::Citation {
                    choice,
                    citation: Box::new(citation),
                });
            }
        }
        if !content.refusal.is_empty() {
            self.state.refused = true;
            (self.sink)(Event::Refusal {
                choice,
                text: content.refusal.0,
            });
        }
        let made =
            content.audio.is_some() || !content.images.0.is_empty() || !content.executed_tools.0.is_empty();
        if made {
            (self.sink)(Event::Opaque { choice });
        }
        self.google(content.extra_content);
        for call in content.tool_calls.0 {
            self.google(call.extra_content);
            self.tool_call(&call);
        }
        if let Some(function) = &content.function_call {
            self.function(Some(u64::MAX), "", function);
        }
    }

    fn text(&mut self, text: Cow<'_, str>) {
        if !text.is_empty() {
            (self.sink)(Event::Text {
                choice: self.choice,
                text,
            });
        }
    }

    fn reasoned(&mut self, text: Cow<'_, str>) {
        if !text.is_empty() {
            (self.sink)(Event::Reasoning {
                choice: self.choice,
                text,
            });
        }
    }

    fn part(&mut self, part: Part<'_>) {
        match part.kind.as_str() {
            "thinking" => match part.thinking {
                TextOrList::Neither => {}
                TextOrList::Text(text) => self.reasoned(text),
                TextOrList::List(parts) => parts.into_iter().for_each(|part| self.reasoned(part.text.0)),
            },
            // A citation of a document in the request; it has no text of its own.
            "reference" => {}
            _ if part.text.is_empty() => (self.sink)(Event::Opaque { choice: self.choice }),
            _ => self.text(part.text.0),
        }
    }

    /// OpenRouter tells the same reasoning twice: plain, and in details that also prove it. The details count if
    /// they hold all of it, so that each signature follows its own text.
    fn reasoning(&mut self, plain: Cow<'_, str>, details: Vec<ReasoningDetail<'_>>) {
        let choice = self.choice;
        let detailed: usize = details
            .iter()
            .map(|detail| detail.text.0.len() + detail.summary.0.len())
            .sum();
        let use_details = plain.is_empty() || detailed == plain.len();
        if !use_details {
            self.reasoned(plain);
        }
        for detail in details {
            if use_details {
                self.reasoned(detail.text.0);
                self.reasoned(detail.summary.0);
            }
            let origin = Origin::of_detail(detail.format.as_str()).unwrap_or(self.origin);
            if !detail.signature.is_empty() {
                self.prove(Proof::new(origin, detail.signature.0));
            }
            if !detail.data.is_empty() {
                (self.sink)(Event::RedactedReasoning {
                    choice,
                    proof: Proof::new(origin, detail.data.0),
                });
            }
        }
    }

    /// Google's signature of the call that follows, or of the text before it.
    fn google(&mut self, extra: Option<&RawValue>) {
        if let Some(signature) = extra.and_then(google::signature) {
            self.prove(Proof::new(Origin::Google, signature));
        }
    }

    fn prove(&mut self, proof: Proof<'_>) {
        let hash = fnv(0, proof.data.as_bytes());
        if std::mem::replace(&mut self.state.proved, hash) != hash {
            (self.sink)(Event::ReasoningSignature {
                choice: self.choice,
                proof,
            });
        }
    }

    fn tool_call(&mut self, call: &ToolCall<'_>) {
        if call.custom.is_some() {
            (self.sink)(Event::Opaque { choice: self.choice });
        }
        if let Some(function) = &call.function {
            self.function(call.index.0, call.id.as_str(), function);
        }
    }

    fn function(&mut self, index: Option<u64>, id: &str, function: &Function<'_>) {
        let choice = self.choice;
        let piece = Piece {
            index,
            id,
            name: function.name.as_str(),
        };
        let place = match self.shape {
            Shape::Chunk => self.state.slots.place(piece),
            Shape::Whole => self.state.slots.begin(piece),
        };
        let slot = match place {
            Place::New(slot) => {
                self.begin(slot, piece);
                slot
            }
            Place::Known(slot) => slot,
            Place::Nowhere => return,
            Place::TooMany => {
                return (self.sink)(Event::Error(malformed(
                    "the provider calls too many tools at once",
                )));
            }
        };
        let json = function.arguments.map(json_text).unwrap_or_default();
        if self.state.slots.arguments(slot, &json) {
            (self.sink)(Event::ToolArguments {
                choice,
                slot: slot_number(slot),
                json,
            });
        }
    }

    fn begin(&mut self, slot: usize, piece: Piece<'_>) {
        let id = if piece.id.is_empty() {
            let place = u64::from(self.choice) << 32 | u64::from(slot_number(slot));
            Cow::Owned(format!("call_{:016x}", fnv(self.seed, &place.to_be_bytes())))
        } else {
            Cow::Borrowed(piece.id)
        };
        let (choice, slot) = (self.choice, slot_number(slot));
        (self.sink)(Event::ToolCall {
            choice,
            slot,
            id,
            name: Cow::Borrowed(piece.name),
        });
    }
}

fn slot_number(slot: usize) -> u32 {
    u32::try_from(slot).unwrap_or(u32::MAX)
}

/// FNV-1a of `bytes`, going on from `seed` (0: from the start). Not secret: it only has to differ.
pub(crate) fn fnv(seed: u64, bytes: &[u8]) -> u64 {
    let start = if seed == 0 { 0xcbf2_9ce4_8422_2325 } else { seed };
    bytes.iter().fold(start, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
