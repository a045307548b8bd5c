//! A whole answer.

use serde_json::{Value, json};

use super::{FINGERPRINT, call_id, completion_id, finish_reason, usage};
use crate::answer::{Answer, Call, Finish};
use crate::ids;

/// The `chat.completion` object.
pub(crate) fn render(answer: &Answer, model: &str) -> Value {
    json!({
        "id": completion_id(),
        "object": "chat.completion",
        "created": ids::unix_seconds(),
        "model": model,
        "choices": [{
            "index": 0,
            "message": message(answer),
            "logprobs": null,
            "finish_reason": finish_reason(answer.finish),
        }],
        "usage": usage(answer.usage),
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    })
}

fn message(answer: &Answer) -> Value {
    let refused = answer.finish == Finish::Refusal;
    let silent = refused || (answer.text.is_empty() && !answer.calls.is_empty());
    let mut message = json!({
        "role": "assistant",
        "content": if silent { Value::Null } else { json!(answer.text) },
        "refusal": if refused { json!(answer.text) } else { Value::Null },
        "annotations": [],
    });
    if let Some(members) = message.as_object_mut() {
        if !answer.calls.is_empty() {
            members.insert("tool_calls".to_owned(), answer.calls.iter().map(call).collect());
        }
        if !answer.reasoning.is_empty() {
            members.insert("reasoning_content".to_owned(), json!(answer.reasoning));
        }
    }
    message
}

fn call(call: &Call) -> Value {
    let function = json!({"name": call.name, "arguments": call.arguments});
    json!({"id": call_id(), "type": "function", "function": function})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Usage;

    #[test]
    fn text_finish_and_usage() {
        let usage = Usage { input: 7, cached: 5, output: 3, reasoning: 1 };
        let answer = Answer { text: "one two".to_owned(), reasoning: "hm".to_owned(), usage, ..Answer::default() };
        let body = render(&answer, "m");
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
        let answer = Answer { text: "no".to_owned(), finish: Finish::Refusal, ..Answer::default() };
        let body = render(&answer, "m");
        assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
        assert_eq!(body["choices"][0]["message"]["refusal"], "no");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
    }

    #[test]
    fn calls_stand_beside_a_null_content() {
        let calls = vec![Call { name: "f".to_owned(), arguments: "{}".to_owned() }];
        let body = render(&Answer { calls, finish: Finish::ToolCalls, ..Answer::default() }, "m");
        let message = &body["choices"][0]["message"];
        assert_eq!(message["content"], Value::Null);
        assert_eq!(message["tool_calls"][0]["function"], json!({"name": "f", "arguments": "{}"}));
        assert!(message["tool_calls"][0]["id"].as_str().expect("id").starts_with("call_"));
        assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    }
}
