//! Chat completions and completions.

use serde_json::{Value, json};

use super::{Named, list, with};

pub(super) fn chat(whole: &Value) -> Vec<Named> {
    let head = json!({"id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"],
        "model": whole["model"]});
    let (mut said, mut ended) = (Vec::new(), Vec::new());
    for choice in list(whole, "/choices") {
        let mut delta = choice["message"].clone();
        if let Some(calls) = delta["tool_calls"].as_array_mut() {
            for (index, call) in calls.iter_mut().enumerate() {
                call["index"] = json!(index);
            }
        }
        said.push(
            json!({"index": choice["index"], "delta": delta, "logprobs": choice["logprobs"],
            "finish_reason": null}),
        );
        ended.push(json!({"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}));
    }
    vec![
        ("", with(&head, json!({"choices": said}))),
        ("", with(&head, json!({"choices": ended}))),
        ("", with(&head, json!({"choices": [], "usage": whole["usage"]}))),
    ]
}

pub(super) fn completions(whole: &Value) -> Vec<Named> {
    let head = json!({"id": whole["id"], "object": "text_completion", "created": whole["created"],
        "model": whole["model"]});
    vec![
        ("", with(&head, json!({"choices": whole["choices"]}))),
        ("", with(&head, json!({"choices": [], "usage": whole["usage"]}))),
    ]
}
