//! How a scripted provider answers one request.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use serde_json::{Value, json};
use wayleave_core::format::WireFormat;

use super::script::Asked;

/// One step of a body.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Wait(Duration),
    Send(Bytes),
    /// The connection is cut.
    Break,
    /// Nothing more, ever.
    Hang,
}

/// The whole of an answer.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) before_head: Duration,
    /// `None`: the connection is reset.
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
    pub(super) content_type: &'static str,
    pub(super) steps: Vec<Step>,
}

fn millis(rng: &mut Rng, most: u64) -> Duration {
    Duration::from_millis(rng.u64(0..=most))
}

impl Course {
    /// Half of the requests are answered well; the others fail in every way there is.
    pub(super) fn draw(rng: &mut Rng, asked: &Asked) -> Self {
        let never = rng.u8(..) < 10;
        let before_head = if never {
            Duration::from_secs(3600)
        } else {
            millis(rng, 800)
        };
        match rng.u8(0..100) {
            0..50 => Self::answer(rng, asked, before_head),
            50..70 => Self::broken(rng, asked, before_head),
            70..75 => Self::error(rng, before_head, None),
            _ => {
                let statuses = [
                    400, 401, 403, 404, 408, 413, 429, 429, 429, 500, 500, 502, 503, 529, 302,
                ];
                let status = statuses[rng.usize(0..statuses.len())];
                Self::error(rng, before_head, Some(status))
            }
        }
    }

    fn error(rng: &mut Rng, before_head: Duration, status: Option<u16>) -> Self {
        let body = json!({"type": "error", "error": {"type": "some_error", "message": "It failed."}});
        Self {
            before_head,
            status,
            retry_after: rng.bool().then(|| millis(rng, 3000)),
            content_type: "application/json",
            steps: vec![Step::Send(body.to_string().into())],
        }
    }

    fn answer(rng: &mut Rng, asked: &Asked, before_head: Duration) -> Self {
        let words = rng.u32(0..12);
        // Some never tell their usage.
        let usage = (rng.u8(..) > 25).then(|| (rng.u32(1..5000), rng.u32(1..500)));
        let pieces = match (asked.format, asked.stream) {
            (WireFormat::AnthropicMessages, true) => anthropic_stream(&asked.model, words, usage),
            (WireFormat::AnthropicMessages, false) => halves(&anthropic_whole(&asked.model, words, usage)),
            (_, true) => openai_stream(&asked.model, words, usage),
            (_, false) => halves(&openai_whole(&asked.model, words, usage)),
        };
        let pace = rng.u64(0..400);
        let steps = pieces
            .into_iter()
            .flat_map(|piece| [Step::Wait(millis(rng, pace)), Step::Send(piece)]);
        Self {
            before_head,
            status: Some(200),
            retry_after: None,
            content_type: if asked.stream {
                "text/event-stream"
            } else {
                "application/json"
            },
            steps: steps.collect(),
        }
    }

    /// A good answer that goes wrong somewhere.
    fn broken(rng: &mut Rng, asked: &Asked, before_head: Duration) -> Self {
        let mut course = Self::answer(rng, asked, before_head);
        let place = rng.usize(0..=course.steps.len());
        course.steps.truncate(place);
        let error = "data: {\"error\": {\"message\": \"overloaded\", \"type\": \"overloaded_error\"}}\n\n";
        match rng.u8(0..5) {
            0 => {}
            1 => course.steps.push(Step::Break),
            2 => course.steps.push(Step::Hang),
            3 => course
                .steps
                .push(Step::Send(Bytes::from_static(error.as_bytes()))),
            _ => course
                .steps
                .push(Step::Send(Bytes::from_static(b"\x00<html> oops {\n\n"))),
        }
        course
    }
}

type Usage = Option<(u32, u32)>;

fn halves(body: &Value) -> Vec<Bytes> {
    let mut first = Bytes::from(body.to_string());
    let second = first.split_off(first.len() / 2);
    vec![first, second]
}

fn openai_usage(usage: Usage) -> Value {
    usage.map_or(Value::Null, |(input, output)| {
        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
    })
}

fn openai_whole(model: &str, words: u32, usage: Usage) -> Value {
    let text = "word ".repeat(words as usize);
    json!({
        "id": "c-1", "object": "chat.completion", "created": 1, "model": model, "usage": openai_usage(usage),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
    })
}

fn openai_stream(model: &str, words: u32, usage: Usage) -> Vec<Bytes> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices,
            "usage": usage,
        });
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let mut pieces = vec![chunk(
        choice(json!({"role": "assistant"}), Value::Null),
        Value::Null,
    )];
    for _ in 0..words {
        pieces.push(chunk(
            choice(json!({"content": "word "}), Value::Null),
            Value::Null,
        ));
    }
    pieces.push(chunk(choice(json!({}), json!("stop")), Value::Null));
    if usage.is_some() {
        pieces.push(chunk(json!([]), openai_usage(usage)));
    }
    pieces.push(Bytes::from_static(b"data: [DONE]\n\n"));
    pieces
}

fn anthropic_whole(model: &str, words: u32, usage: Usage) -> Value {
    let (input, output) = usage.unwrap_or_default();
    let text = "word ".repeat(words as usize);
    json!({
        "id": "m-1", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
        "content": [{"type": "text", "text": text}], "usage": {"input_tokens": input, "output_tokens": output},
    })
}

fn anthropic_stream(model: &str, words: u32, usage: Usage) -> Vec<Bytes> {
    let (input, output) = usage.unwrap_or_default();
    let start = json!({
        "id": "m-1", "type": "message", "role": "assistant", "model": model, "stop_reason": null, "content": [],
        "usage": {"input_tokens": input, "output_tokens": 1},
    });
    let text = json!({"type": "text", "text": ""});
    let mut events = vec![
        json!({"type": "message_start", "message": start}),
        json!({"type": "content_block_start", "index": 0, "content_block": text}),
    ];
    for _ in 0..words {
        let delta = json!({"type": "text_delta", "text": "word "});
        events.push(json!({"type": "content_block_delta", "index": 0, "delta": delta}));
    }
    let (delta, usage) = (
        json!({"stop_reason": "end_turn"}),
        json!({"output_tokens": output}),
    );
    events.push(json!({"type": "content_block_stop", "index": 0}));
    events.push(json!({"type": "message_delta", "delta": delta, "usage": usage}));
    events.push(json!({"type": "message_stop"}));
    let frame = |event: &Value| {
        Bytes::from(format!(
            "event: {}\ndata: {event}\n\n",
            event["type"].as_str().unwrap_or("")
        ))
    };
    events.iter().map(frame).collect()
}
