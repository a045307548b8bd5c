//! A whole answer.

use serde_json::{Value, json};

use super::{call_id, signature, stop_reason, usage};
use crate::answer::Answer;

/// The answer of `converse`.
pub(crate) fn render(answer: &Answer) -> String {
    let mut content = Vec::new();
    if !answer.reasoning.is_empty() {
        let text = json!({"text": answer.reasoning, "signature": signature()});
        content.push(json!({"reasoningContent": {"reasoningText": text}}));
    }
    if !answer.text.is_empty() {
        content.push(json!({"text": answer.text}));
    }
    for call in &answer.calls {
        let input: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
        content.push(json!({"toolUse": {"toolUseId": call_id(), "name": call.name, "input": input}}));
    }
    json!({
        "metrics": {"latencyMs": 1},
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason(answer.finish),
        "usage": usage(answer.usage),
    })
    .to_string()
}
