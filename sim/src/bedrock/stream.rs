//! A streamed answer: message start, deltas of blocks, message stop, and the usage as the last.

use std::iter;

use serde_json::{Value, json};

use super::message::event;
use super::{call_id, signature, stop_reason, usage};
use crate::answer::{Answer, Call};
use crate::frame::{Frame, FrameKind, Frames, json_string};
use crate::pieces::{Cutting, Pieces};

/// Hides from who only sees sizes how long the text is.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One event; `members` are those before the padding, of which there is always at least one.
fn frame(kind: FrameKind, name: &str, members: &str) -> Frame {
    let padding = PADDING
        .get(..fastrand::usize(2..PADDING.len()))
        .unwrap_or(PADDING);
    Frame {
        kind,
        bytes: event(name, &format!("{{{members},\"p\":\"{padding}\"}}")),
    }
}

/// The events of an answer.
pub(crate) fn frames(answer: Answer) -> Frames {
    let start = frame(FrameKind::Plain, "messageStart", "\"role\":\"assistant\"");
    let cutting = answer.cutting;
    if answer.endless {
        let block = Block::text(0, answer.text);
        let same = block.delta(&block.text);
        return Frames {
            events: Box::new(iter::once(start).chain(iter::repeat(same))),
            content: None,
        };
    }
    let stop = format!("\"stopReason\":\"{}\"", stop_reason(answer.finish));
    let counts = format!(
        "\"metrics\":{{\"latencyMs\":1}},\"usage\":{}",
        usage(answer.usage)
    );
    let end = [
        frame(FrameKind::Terminal, "messageStop", &stop),
        frame(FrameKind::Terminal, "metadata", &counts),
    ];
    let blocks = blocks(answer);
    let count = blocks.iter().map(|block| block.content(cutting)).sum();
    let middle = blocks.into_iter().flat_map(move |block| block.frames(cutting));
    Frames {
        events: Box::new(iter::once(start).chain(middle).chain(end)),
        content: Some(count),
    }
}

fn blocks(answer: Answer) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !answer.reasoning.is_empty() {
        blocks.push(Block::reasoning(blocks.len(), answer.reasoning));
    }
    if !answer.text.is_empty() {
        blocks.push(Block::text(blocks.len(), answer.text));
    }
    for call in answer.calls {
        blocks.push(Block::call(blocks.len(), call));
    }
    blocks
}

/// A content block and the text that its deltas carry.
struct Block {
    index: usize,
    text: String,
    /// A delta is this, the piece as a JSON string, and that.
    before: &'static str,
    after: &'static str,
    /// Only calls say that they start, and what they are.
    start: Option<Value>,
    /// A delta of its own after the text's.
    last: Option<Value>,
    /// The block's own cutting; else the answer's.
    cutting: Option<Cutting>,
}

impl Block {
    fn text(index: usize, text: String) -> Self {
        Self {
            index,
            text,
            before: "{\"text\":",
            after: "}",
            start: None,
            last: None,
            cutting: None,
        }
    }

    fn reasoning(index: usize, text: String) -> Self {
        Self {
            before: "{\"reasoningContent\":{\"text\":",
            after: "}}",
            last: Some(json!({"reasoningContent": {"signature": signature()}})),
            ..Self::text(index, text)
        }
    }

    fn call(index: usize, call: Call) -> Self {
        Self {
            before: "{\"toolUse\":{\"input\":",
            after: "}}",
            start: Some(json!({"toolUse": {"toolUseId": call_id(), "name": call.name}})),
            cutting: Some(Cutting::default()),
            ..Self::text(index, call.arguments)
        }
    }

    /// How many content events this makes.
    fn content(&self, cutting: Cutting) -> usize {
        self.cutting.unwrap_or(cutting).pieces(self.text.len()) + usize::from(self.last.is_some())
    }

    fn delta(&self, piece: &str) -> Frame {
        delta(
            self.index,
            &format!("{}{}{}", self.before, json_string(piece), self.after),
        )
    }

    fn frames(mut self, cutting: Cutting) -> impl Iterator<Item = Frame> + Send {
        let index = self.index;
        let start = self.start.take().map(|start| {
            let members = format!("\"contentBlockIndex\":{index},\"start\":{start}");
            frame(FrameKind::Plain, "contentBlockStart", &members)
        });
        let last = self.last.take().map(|last| delta(index, &last.to_string()));
        let stop = frame(
            FrameKind::Plain,
            "contentBlockStop",
            &format!("\"contentBlockIndex\":{index}"),
        );
        let mut pieces = Pieces::new(std::mem::take(&mut self.text), self.cutting.unwrap_or(cutting));
        let deltas = iter::from_fn(move || pieces.next_piece().map(|piece| self.delta(piece)));
        start
            .into_iter()
            .chain(deltas)
            .chain(last)
            .chain(iter::once(stop))
    }
}

fn delta(index: usize, delta: &str) -> Frame {
    let members = format!("\"contentBlockIndex\":{index},\"delta\":{delta}");
    frame(FrameKind::Content, "contentBlockDelta", &members)
}
