//! A whole answer.

use serde_json::json;

use super::{FINGERPRINT, call_id, completion_id, finish_reason, usage};
use crate::answer::{Answer, Call, Finish};
use crate::frame::json_string;
use crate::ids;

/// The `chat.completion` object, its members in the provider's order.
pub(crate) fn render(answer: &Answer, model: &str) -> String {
    let (id, created, model) = (completion_id(), ids::unix_seconds(), json_string(model));
    let (message, finish, usage) = (message(answer), finish_reason(answer.finish), usage(answer.usage));
    format!(
        "{{\"id\":\"{id}\",\"object\":\"chat.completion\",\"created\":{created},\"model\":{model},\"choices\":\
         [{{\"index\":0,\"message\":{message},\"logprobs\":null,\"finish_reason\":\"{finish}\"}}],\
         \"usage\":{usage},\"service_tier\":\"default\",\"system_fingerprint\":\"{FINGERPRINT}\"}}"
    )
}

fn message(answer: &Answer) -> String {
    let refused = answer.finish == Finish::Refusal;
    let silent = refused || (answer.text.is_empty() && !answer.calls.is_empty());
    let null = || "null".to_owned();
    let content = if silent { null() } else { json_string(&answer.text) };
    let refusal = if refused {
        json_string(&answer.text)
    } else {
        null()
    };
    let mut message = format!("{{\"role\":\"assistant\",\"content\":{content},\"refusal\":{refusal}");
    if !answer.reasoning.is_empty() {
        message.push_str(",\"reasoning_content\":");
        message.push_str(&json_string(&answer.reasoning));
    }
    if !answer.calls.is_empty() {
        let calls: Vec<String> = answer.calls.iter().map(call).collect();
        message.extend([",\"tool_calls\":[", &calls.join(","), "]"]);
    }
    message.push_str(",\"annotations\":[]}");
    message
}

fn call(call: &Call) -> String {
    let function = json!({"name": call.name, "arguments": call.arguments});
    format!(
        "{{\"id\":\"{}\",\"type\":\"function\",\"function\":{function}}}",
        call_id()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Usage;
    use serde_json::Value;

    fn body(answer: &Answer) -> Value {
        serde_json::from_str(&render(answer, "m")).expect("JSON")
    }

    #[test]
    fn text_finish_and_usage() {
        let usage = Usage {
            input: 7,
            cached: 5,
            output: 3,
            reasoning: 1,
        };
        let answer = Answer {
            text: "one two".to_owned(),
            reasoning: "hm".to_owned(),
            usage,
            ..Answer::default()
        };
        let body = body(&answer);
        assert_eq!(body["model"], "m");
        assert_eq!(body["choices"][0]["message"]["content"], "one two");
        assert_eq!(body["choices"][0]["message"]["reasoning_content"], "hm");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
        assert_eq!(body["usage"]["prompt_tokens"], 12);
        assert_eq!(body["usage"]["prompt_tokens_details"]["cached_tokens"], 5);
        assert_eq!(body["usage"]["total_tokens"], 15);
        assert_eq!(body["usage"]["completion_tokens_details"]["reasoning_tokens"], 1);
    }

    #[test]
    fn a_refusal_has_its_own_member() {
        let answer = Answer {
            text: "no".to_owned(),
            finish: Finish::Refusal,
            ..Answer::default()
        };
        let body = body(&answer);
        assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
        assert_eq!(body["choices"][0]["message"]["refusal"], "no");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
    }

    #[test]
    fn calls_stand_beside_a_null_content() {
        let calls = vec![Call {
            name: "f".to_owned(),
            arguments: "{}".to_owned(),
        }];
        let body = body(&Answer {
            calls,
            finish: Finish::ToolCalls,
            ..Answer::default()
        });
        let message = &body["choices"][0]["message"];
        assert_eq!(message["content"], Value::Null);
        assert_eq!(
            message["tool_calls"][0]["function"],
            json!({"name": "f", "arguments": "{}"})
        );
        assert!(
            message["tool_calls"][0]["id"]
                .as_str()
                .expect("id")
                .starts_with("call_")
        );
        assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    }
}
