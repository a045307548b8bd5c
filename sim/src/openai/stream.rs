//! A streamed answer: role, content, finish, usage if asked for, `[DONE]`.

use serde_json::json;

use super::{DONE, FINGERPRINT, call_id, completion_id, finish_reason, usage};
use crate::answer::{Answer, Call, Finish};
use crate::frame::{Frame, Frames, Template, json_string};
use crate::ids;
use crate::pieces::{Cutting, Pieces};

/// What all chunks of one stream have in common.
struct Envelope {
    /// From `data:` up to the value of `choices`.
    head: String,
    /// `"usage": null` is sent in all chunks, but only if usage was asked for.
    usage: bool,
}

impl Envelope {
    fn new(model: &str, usage: bool) -> Self {
        let (id, created, model) = (completion_id(), ids::unix_seconds(), json_string(model));
        let head = format!(
            "data: {{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":{created},\"model\":{model},\
             \"service_tier\":\"default\",\"system_fingerprint\":\"{FINGERPRINT}\",\"choices\":"
        );
        Self { head, usage }
    }

    /// The chunk around a delta: `delta` is `before`, a string, `after`.
    fn template(&self, before: &str, after: &str) -> Template {
        let end = self.end("null");
        Template::new(
            format!("{}[{{\"index\":0,\"delta\":{before}", self.head),
            format!("{after}{end}"),
        )
    }

    fn chunk(&self, delta: &str, finish: &str) -> String {
        format!(
            "{}[{{\"index\":0,\"delta\":{delta}{}",
            self.head,
            self.end(finish)
        )
    }

    fn end(&self, finish: &str) -> String {
        let usage = if self.usage { ",\"usage\":null" } else { "" };
        format!(",\"logprobs\":null,\"finish_reason\":{finish}}}]{usage}}}\n\n")
    }
}

/// The chunks of an answer.
pub(crate) fn frames(answer: Answer, model: &str, include_usage: bool) -> Frames {
    let envelope = Envelope::new(model, include_usage);
    let cutting = answer.cutting;
    let refused = answer.finish == Finish::Refusal;
    let content = if answer.calls.is_empty() && !refused {
        "\"\""
    } else {
        "null"
    };
    let role = envelope.chunk(
        &format!("{{\"role\":\"assistant\",\"content\":{content},\"refusal\":null}}"),
        "null",
    );
    let said = envelope.template(if refused { "{\"refusal\":" } else { "{\"content\":" }, "}");
    if answer.endless {
        let same = Frame::content(said.fill(&answer.text));
        let events = Box::new(std::iter::once(Frame::plain(role)).chain(std::iter::repeat(same)));
        return Frames {
            events,
            content: None,
        };
    }
    let calls: Vec<Frame> = answer
        .calls
        .iter()
        .enumerate()
        .flat_map(|(index, call)| call_frames(&envelope, index, call))
        .collect();
    let count = cutting.pieces(answer.reasoning.len()) + cutting.pieces(answer.text.len()) + calls.len();
    let thought = envelope.template("{\"reasoning_content\":", "}");
    let events = std::iter::once(Frame::plain(role))
        .chain(filled(thought, Pieces::new(answer.reasoning, cutting)))
        .chain(filled(said, Pieces::new(answer.text, cutting)))
        .chain(calls);
    let mut end = vec![Frame::terminal(
        envelope.chunk("{}", &json_string(finish_reason(answer.finish))),
    )];
    if include_usage {
        let usage = usage(answer.usage);
        end.push(Frame::terminal(format!(
            "{}[],\"usage\":{usage}}}\n\n",
            envelope.head
        )));
    }
    end.push(Frame::terminal(DONE));
    Frames {
        events: Box::new(events.chain(end)),
        content: Some(count),
    }
}

fn filled(template: Template, mut pieces: Pieces) -> impl Iterator<Item = Frame> + Send {
    std::iter::from_fn(move || {
        pieces
            .next_piece()
            .map(|piece| Frame::content(template.fill(piece)))
    })
}

/// First the name with empty arguments, then the arguments in several pieces.
fn call_frames(envelope: &Envelope, index: usize, call: &Call) -> Vec<Frame> {
    let function = json!({"name": call.name, "arguments": ""});
    let id = call_id();
    let opening = format!(
        "{{\"tool_calls\":[{{\"index\":{index},\"id\":\"{id}\",\"type\":\"function\",\"function\":{function}}}]}}"
    );
    let before = format!("{{\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":");
    let template = envelope.template(&before, "}}]}");
    let pieces = Pieces::new(call.arguments.clone(), Cutting::default());
    std::iter::once(Frame::content(envelope.chunk(&opening, "null")))
        .chain(filled(template, pieces))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Usage;
    use serde_json::Value;

    fn payloads(answer: Answer, include_usage: bool) -> Vec<Value> {
        let texts: Vec<String> = frames(answer, "m", include_usage)
            .events
            .map(|frame| String::from_utf8(frame.bytes.to_vec()).expect("text"))
            .collect();
        assert_eq!(texts.last().map(String::as_str), Some(DONE));
        let payload = |text: &String| {
            let json = text
                .strip_prefix("data: ")
                .and_then(|t| t.strip_suffix("\n\n"))
                .expect("one event");
            serde_json::from_str(json).expect(json)
        };
        texts[..texts.len() - 1].iter().map(payload).collect()
    }

    fn spoken(text: &str) -> Answer {
        Answer {
            text: text.to_owned(),
            usage: Usage {
                output: 2,
                ..Usage::default()
            },
            ..Answer::default()
        }
    }

    #[test]
    fn role_content_finish() {
        let chunks = payloads(spoken("abcdefgh"), false);
        let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
        assert_eq!(deltas.len(), 4);
        assert_eq!(
            *deltas[0],
            json!({"role": "assistant", "content": "", "refusal": null})
        );
        assert_eq!(
            (&deltas[1]["content"], &deltas[2]["content"]),
            (&json!("abcd"), &json!("efgh"))
        );
        assert_eq!(chunks[3]["choices"][0]["finish_reason"], "stop");
        assert!(
            chunks
                .iter()
                .all(|chunk| chunk.get("usage").is_none() && chunk["id"] == chunks[0]["id"])
        );
    }

    #[test]
    fn usage_comes_in_a_chunk_of_its_own_if_asked_for() {
        let chunks = payloads(spoken("abcd"), true);
        let (last, others) = chunks.split_last().expect("chunks");
        assert_eq!(
            (&last["choices"], &last["usage"]["completion_tokens"]),
            (&json!([]), &json!(2))
        );
        assert!(
            others
                .iter()
                .all(|chunk| chunk["usage"] == Value::Null && chunk.get("usage").is_some())
        );
    }

    #[test]
    fn arguments_come_in_several_deltas() {
        let call = |city: &str| Call {
            name: "f".to_owned(),
            arguments: json!({"city": city}).to_string(),
        };
        let calls = vec![call("Rome"), call("Bonn")];
        let chunks = payloads(
            Answer {
                calls,
                finish: Finish::ToolCalls,
                ..Answer::default()
            },
            false,
        );
        let mut arguments = [String::new(), String::new()];
        let mut deltas = 0;
        for call in chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0))
        {
            let index = usize::try_from(call["index"].as_u64().expect("index")).expect("small");
            arguments[index].push_str(call["function"]["arguments"].as_str().expect("arguments"));
            deltas += 1;
        }
        assert_eq!(arguments, [r#"{"city":"Rome"}"#, r#"{"city":"Bonn"}"#]);
        assert!(deltas >= 6, "{deltas}");
        assert_eq!(chunks[0]["choices"][0]["delta"]["content"], Value::Null);
    }

    #[test]
    fn content_is_counted() {
        let answer = Answer {
            reasoning: "hmhmhm".to_owned(),
            ..spoken("abcdefgh")
        };
        let frames = frames(answer, "m", true);
        let count = frames.content;
        let content = frames
            .events
            .filter(|frame| frame.kind == crate::frame::FrameKind::Content)
            .count();
        assert_eq!(count, Some(content));
    }
}
