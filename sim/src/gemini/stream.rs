//! A streamed answer: one response object after the other, as events or as the members of an array.

use std::iter;

use serde_json::json;

use super::reply::{blocked, candidate};
use super::{call_part, response_id, signature, signs_calls, usage, wants_signatures};
use crate::answer::{Answer, Finish, Usage};
use crate::format::Delivery;
use crate::frame::{Frame, FrameKind, Frames, json_string};
use crate::pieces::{Cutting, Pieces};

/// A response object and when it is sent.
type Chunk = (FrameKind, String);

/// What the objects of one stream have in common.
#[derive(Clone)]
struct Envelope {
    model: String,
    id: String,
    /// The members after the candidates.
    rest: String,
}

impl Envelope {
    /// Until the end only the prompt is counted.
    fn new(counts: Usage, model: &str) -> Self {
        let counts = Usage {
            output: 0,
            reasoning: 0,
            ..counts
        };
        let envelope = Self {
            model: json_string(model),
            id: response_id(),
            rest: String::new(),
        };
        envelope.counting(counts)
    }

    fn counting(self, counts: Usage) -> Self {
        let rest = format!(
            "\"usageMetadata\":{},\"modelVersion\":{},\"responseId\":\"{}\"",
            usage(counts),
            self.model,
            self.id
        );
        Self { rest, ..self }
    }

    fn part(&self, part: &str) -> String {
        format!(
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{part}],\"role\":\"model\"}},\"index\":0}}],{}}}",
            self.rest
        )
    }

    fn text(&self, piece: &str, end: &str) -> String {
        self.part(&format!("{{\"text\":{}{end}}}", json_string(piece)))
    }
}

/// The events of an answer.
pub(crate) fn frames(answer: Answer, model: &str, delivery: Delivery) -> Frames {
    if answer.finish == Finish::Refusal {
        let only = (FrameKind::Terminal, blocked(answer.usage, model).to_string());
        return Frames {
            events: framed(iter::once(only), delivery),
            content: Some(0),
        };
    }
    let envelope = Envelope::new(answer.usage, model);
    if answer.endless {
        let chunk = envelope.text(&answer.text, "");
        return Frames {
            events: framed(
                iter::repeat_with(move || (FrameKind::Content, chunk.clone())),
                delivery,
            ),
            content: None,
        };
    }
    let cutting = answer.cutting;
    let count =
        cutting.pieces(answer.reasoning.len()) + cutting.pieces(answer.text.len()) + answer.calls.len();
    let last = last(&answer, model, envelope.clone());
    let calls: Vec<Chunk> = answer
        .calls
        .iter()
        .enumerate()
        .map(|(index, call)| call_part(call, index == 0 && signs_calls(model)).to_string())
        .map(|part| (FrameKind::Content, envelope.part(&part)))
        .collect();
    let thoughts = spoken(answer.reasoning, cutting, &envelope, ",\"thought\":true");
    let said = spoken(answer.text, cutting, &envelope, "");
    let chunks = thoughts
        .chain(said)
        .chain(calls)
        .chain([(FrameKind::Terminal, last)]);
    Frames {
        events: framed(chunks, delivery),
        content: Some(count),
    }
}

fn spoken(
    text: String,
    cutting: Cutting,
    envelope: &Envelope,
    end: &'static str,
) -> impl Iterator<Item = Chunk> + Send + use<> {
    let mut pieces = Pieces::new(text, cutting);
    let envelope = envelope.clone();
    iter::from_fn(move || {
        let piece = pieces.next_piece()?;
        Some((FrameKind::Content, envelope.text(piece, end)))
    })
}

/// The reason and the whole usage. Gemini 3 ends with an empty text, others without any part.
fn last(answer: &Answer, model: &str, envelope: Envelope) -> String {
    let parts = if !wants_signatures(model) || answer.finish == Finish::ContentFilter {
        Vec::new()
    } else if answer.calls.is_empty() {
        vec![json!({"text": "", "thoughtSignature": signature()})]
    } else {
        vec![json!({"text": ""})]
    };
    let candidate = candidate(answer.finish, parts, !answer.calls.is_empty());
    let rest = envelope.counting(answer.usage).rest;
    format!("{{\"candidates\":[{candidate}],{rest}}}")
}

/// Puts every object into its event, or between the marks of an array.
fn framed(
    chunks: impl Iterator<Item = Chunk> + Send + 'static,
    delivery: Delivery,
) -> Box<dyn Iterator<Item = Frame> + Send> {
    let frame = |kind: FrameKind, text: String| Frame {
        kind,
        bytes: text.into(),
    };
    match delivery {
        Delivery::Events => {
            Box::new(chunks.map(move |(kind, chunk)| frame(kind, format!("data: {chunk}\r\n\r\n"))))
        }
        Delivery::Array | Delivery::Whole => {
            let members = chunks.enumerate().map(move |(index, (kind, chunk))| {
                let mark = if index == 0 { "[" } else { ",\r\n" };
                frame(kind, format!("{mark}{chunk}\n"))
            });
            Box::new(members.chain(iter::once(Frame::terminal("]\n"))))
        }
    }
}
