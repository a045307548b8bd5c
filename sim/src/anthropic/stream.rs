//! A streamed answer: message start, blocks of deltas, message delta with the usage, message stop.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{call_id, message_id, signature, stop_reason, usage};
use crate::answer::{Answer, Call, Usage};
use crate::frame::{Frame, Frames, Template};
use crate::pieces::{Cutting, Pieces};

const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";

/// One event; `rest` are the members after `type`.
fn event(name: &str, rest: &str) -> String {
    let comma = if rest.is_empty() { "" } else { "," };
    format!("event: {name}\ndata: {{\"type\":\"{name}\"{comma}{rest}}}\n\n")
}

fn start(answer: &Answer, model: &str) -> Frame {
    let placeholder = Usage {
        output: answer.usage.output.min(1),
        ..answer.usage
    };
    let message = json!({
        "id": message_id(),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage(placeholder),
    });
    Frame::plain(event("message_start", &format!("\"message\":{message}")))
}

fn stop() -> Frame {
    Frame::terminal(event("message_stop", ""))
}

/// A message that starts and stops and says nothing.
pub(crate) fn empty(answer: &Answer, model: &str) -> Vec<Bytes> {
    vec![start(answer, model).bytes, stop().bytes]
}

/// The events of an answer.
pub(crate) fn frames(answer: Answer, model: &str) -> Frames {
    let opening = start(&answer, model);
    let cutting = answer.cutting;
    if answer.endless {
        let text = Block::text(0, String::new());
        let same = Frame::content(text.template.fill(&answer.text));
        let events = std::iter::once(opening)
            .chain(text.open())
            .chain(std::iter::repeat(same));
        return Frames {
            events: Box::new(events),
            content: None,
        };
    }
    let closing = json!({
        "input_tokens": answer.usage.input,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": answer.usage.cached,
        "output_tokens": answer.usage.output,
    });
    let delta = json!({"stop_reason": stop_reason(answer.finish), "stop_sequence": null});
    let end = [
        Frame::terminal(event(
            "message_delta",
            &format!("\"delta\":{delta},\"usage\":{closing}"),
        )),
        stop(),
    ];
    let blocks = blocks(answer);
    let count = blocks.iter().map(|block| block.content(cutting)).sum();
    let middle = blocks.into_iter().flat_map(move |block| block.frames(cutting));
    Frames {
        events: Box::new(std::iter::once(opening).chain(middle).chain(end)),
        content: Some(count),
    }
}

fn blocks(answer: Answer) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !answer.reasoning.is_empty() {
        blocks.push(Block::thinking(blocks.len(), answer.reasoning));
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
    /// The block as it starts, empty.
    opening: Value,
    template: Template,
    text: String,
    /// Deltas before and after those of the text.
    before: Option<Frame>,
    after: Option<Frame>,
    /// The block's own cutting; else the answer's.
    cutting: Option<Cutting>,
}

impl Block {
    fn new(index: usize, opening: Value, kind: &str, member: &str, text: String) -> Self {
        let start = format!("\"index\":{index},\"delta\":{{\"type\":\"{kind}\",\"{member}\":");
        let before = format!("event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",{start}");
        let template = Template::new(before, "}}\n\n");
        Self {
            index,
            opening,
            template,
            text,
            before: None,
            after: None,
            cutting: None,
        }
    }

    fn text(index: usize, text: String) -> Self {
        Self::new(
            index,
            json!({"type": "text", "text": ""}),
            "text_delta",
            "text",
            text,
        )
    }

    fn thinking(index: usize, text: String) -> Self {
        let opening = json!({"type": "thinking", "thinking": "", "signature": ""});
        let delta = json!({"type": "signature_delta", "signature": signature()});
        let signature = event(
            "content_block_delta",
            &format!("\"index\":{index},\"delta\":{delta}"),
        );
        let block = Self::new(index, opening, "thinking_delta", "thinking", text);
        Self {
            after: Some(Frame::content(signature)),
            ..block
        }
    }

    /// A call without arguments is streamed as one empty delta.
    fn call(index: usize, call: Call) -> Self {
        let opening = json!({"type": "tool_use", "id": call_id(), "name": call.name, "input": {}});
        let text = if call.arguments == "{}" {
            String::new()
        } else {
            call.arguments
        };
        let block = Self::new(index, opening, "input_json_delta", "partial_json", text);
        Self {
            before: Some(Frame::content(block.template.fill(""))),
            cutting: Some(Cutting::default()),
            ..block
        }
    }

    /// How many content events this makes.
    fn content(&self, cutting: Cutting) -> usize {
        let cutting = self.cutting.unwrap_or(cutting);
        cutting.pieces(self.text.len())
            + usize::from(self.before.is_some())
            + usize::from(self.after.is_some())
    }

    /// The start, and after the message's first one a ping.
    fn open(&self) -> impl Iterator<Item = Frame> + use<> {
        let rest = format!("\"index\":{},\"content_block\":{}", self.index, self.opening);
        let ping = (self.index == 0).then(|| Frame::plain(PING));
        std::iter::once(Frame::plain(event("content_block_start", &rest))).chain(ping)
    }

    fn frames(self, cutting: Cutting) -> impl Iterator<Item = Frame> + Send {
        let opening = self.open();
        let Self {
            index,
            template,
            text,
            before,
            after,
            cutting: own,
            ..
        } = self;
        let mut pieces = Pieces::new(text, own.unwrap_or(cutting));
        let deltas = std::iter::from_fn(move || {
            pieces
                .next_piece()
                .map(|piece| Frame::content(template.fill(piece)))
        });
        let stop = Frame::plain(event("content_block_stop", &format!("\"index\":{index}")));
        opening
            .chain(before)
            .chain(deltas)
            .chain(after)
            .chain(std::iter::once(stop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Finish;
    use crate::frame::FrameKind;

    fn events(answer: Answer) -> Vec<(String, Value)> {
        let read = |frame: Frame| {
            let text = String::from_utf8(frame.bytes.to_vec()).expect("text");
            let (name, data) = text.split_once('\n').expect("two lines");
            let data = data
                .strip_prefix("data: ")
                .and_then(|t| t.strip_suffix("\n\n"))
                .expect("data");
            let data: Value = serde_json::from_str(data).expect(data);
            let name = name.strip_prefix("event: ").expect("event");
            assert_eq!(data["type"], name);
            (name.to_owned(), data)
        };
        frames(answer, "m").events.map(read).collect()
    }

    #[test]
    fn a_text_in_order() {
        let usage = Usage {
            input: 7,
            cached: 2,
            output: 2,
            reasoning: 0,
        };
        let events = events(Answer {
            text: "abcdefgh".to_owned(),
            usage,
            ..Answer::default()
        });
        let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "message_start",
                "content_block_start",
                "ping",
                "content_block_delta",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop"
            ]
        );
        assert_eq!(events[0].1["message"]["usage"]["output_tokens"], 1);
        assert_eq!(
            events[3].1["delta"],
            json!({"type": "text_delta", "text": "abcd"})
        );
        assert_eq!(events[6].1["delta"]["stop_reason"], "end_turn");
        assert_eq!(events[6].1["usage"]["output_tokens"], 2);
        assert_eq!(events[6].1["usage"]["cache_read_input_tokens"], 2);
    }

    #[test]
    fn thinking_is_signed_and_calls_are_cut() {
        let call = |arguments: &str| Call {
            name: "f".to_owned(),
            arguments: arguments.to_owned(),
        };
        let answer = Answer {
            reasoning: "hm".to_owned(),
            calls: vec![call(r#"{"city":"Rome"}"#), call("{}")],
            finish: Finish::ToolCalls,
            ..Answer::default()
        };
        let events = events(answer);
        let deltas = |index: u64| {
            let of_block =
                |(name, data): &&(String, Value)| name == "content_block_delta" && data["index"] == index;
            events
                .iter()
                .filter(of_block)
                .map(|(_, data)| data["delta"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            deltas(0).last().map(|delta| &delta["type"]),
            Some(&json!("signature_delta"))
        );
        let parts: Vec<_> = deltas(1)
            .iter()
            .map(|d| d["partial_json"].as_str().expect("text").to_owned())
            .collect();
        assert!(parts.len() > 3 && parts[0].is_empty());
        assert_eq!(parts.concat(), r#"{"city":"Rome"}"#);
        assert_eq!(
            deltas(2),
            [json!({"type": "input_json_delta", "partial_json": ""})]
        );
    }

    #[test]
    fn content_is_counted() {
        let answer = Answer {
            reasoning: "hmhmhm".to_owned(),
            text: "abcdefgh".to_owned(),
            calls: vec![Call {
                name: "f".to_owned(),
                arguments: r#"{"a":1}"#.to_owned(),
            }],
            ..Answer::default()
        };
        let frames = frames(answer, "m");
        let count = frames.content;
        assert_eq!(
            count,
            Some(
                frames
                    .events
                    .filter(|frame| frame.kind == FrameKind::Content)
                    .count()
            )
        );
    }
}
