//! A whole answer.

use super::{call_id, message_id, signature, stop_reason, usage};
use crate::answer::{Answer, Call};
use crate::frame::json_string;

/// The `message` object, its members in the provider's order.
pub(crate) fn render(answer: &Answer, model: &str) -> String {
    let mut blocks = Vec::new();
    if !answer.reasoning.is_empty() {
        let thinking = json_string(&answer.reasoning);
        blocks.push(format!(
            "{{\"type\":\"thinking\",\"thinking\":{thinking},\"signature\":\"{}\"}}",
            signature()
        ));
    }
    if !answer.text.is_empty() {
        blocks.push(format!(
            "{{\"type\":\"text\",\"text\":{}}}",
            json_string(&answer.text)
        ));
    }
    blocks.extend(answer.calls.iter().map(call));
    let (id, model, content) = (message_id(), json_string(model), blocks.join(","));
    let (reason, usage) = (stop_reason(answer.finish), usage(answer.usage));
    format!(
        "{{\"model\":{model},\"id\":\"{id}\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{content}],\
         \"stop_reason\":\"{reason}\",\"stop_sequence\":null,\"usage\":{usage}}}"
    )
}

/// The arguments are JSON already.
fn call(call: &Call) -> String {
    let (id, name) = (call_id(), json_string(&call.name));
    format!(
        "{{\"type\":\"tool_use\",\"id\":\"{id}\",\"name\":{name},\"input\":{}}}",
        call.arguments
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Finish, Usage};
    use serde_json::{Value, json};

    fn body(answer: &Answer) -> Value {
        serde_json::from_str(&render(answer, "m")).expect("JSON")
    }

    #[test]
    fn thinking_text_and_calls_are_blocks() {
        let answer = Answer {
            reasoning: "hm".to_owned(),
            text: "one".to_owned(),
            calls: vec![Call {
                name: "f".to_owned(),
                arguments: r#"{"a":1}"#.to_owned(),
            }],
            finish: Finish::ToolCalls,
            usage: Usage {
                input: 7,
                cached: 5,
                output: 3,
                reasoning: 1,
            },
            ..Answer::default()
        };
        let body = body(&answer);
        let kinds: Vec<&Value> = (0..3).map(|i| &body["content"][i]["type"]).collect();
        assert_eq!(kinds, ["thinking", "text", "tool_use"]);
        assert_eq!(body["content"][2]["input"], json!({"a": 1}));
        assert_eq!(
            (&body["stop_reason"], &body["model"]),
            (&json!("tool_use"), &json!("m"))
        );
        assert_eq!(
            (
                &body["usage"]["input_tokens"],
                &body["usage"]["cache_read_input_tokens"]
            ),
            (&json!(7), &json!(5))
        );
    }

    #[test]
    fn no_text_is_no_block() {
        assert_eq!(body(&Answer::default())["content"], json!([]));
    }
}
