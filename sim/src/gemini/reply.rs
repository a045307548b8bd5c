//! A whole answer.

use serde_json::{Value, json};

use super::{
    CALL_MESSAGE, call_part, finish_reason, response_id, signature, signs_calls, usage, wants_signatures,
};
use crate::answer::{Answer, Finish, Usage};

/// The `GenerateContentResponse` object.
pub(crate) fn render(answer: &Answer, model: &str) -> String {
    let usage = usage(answer.usage);
    if answer.finish == Finish::Refusal {
        return blocked(answer.usage, model).to_string();
    }
    let mut parts = Vec::new();
    if !answer.reasoning.is_empty() {
        parts.push(json!({"text": answer.reasoning, "thought": true}));
    }
    if !answer.text.is_empty() {
        let mut part = json!({"text": answer.text});
        if wants_signatures(model)
            && answer.calls.is_empty()
            && let Some(members) = part.as_object_mut()
        {
            members.insert("thoughtSignature".to_owned(), signature().into());
        }
        parts.push(part);
    }
    let signed = |index: usize| index == 0 && signs_calls(model);
    let calls = answer.calls.iter().enumerate();
    parts.extend(calls.map(|(index, call)| call_part(call, signed(index))));
    json!({
        "candidates": [candidate(answer.finish, parts, !answer.calls.is_empty())],
        "usageMetadata": usage,
        "modelVersion": model,
        "responseId": response_id(),
    })
    .to_string()
}

/// The last candidate of an answer; without parts its content has none at all.
pub(super) fn candidate(finish: Finish, parts: Vec<Value>, calls: bool) -> Value {
    let mut content = json!({"role": "model"});
    if let Some(members) = content.as_object_mut()
        && !parts.is_empty()
    {
        members.insert("parts".to_owned(), parts.into());
    }
    let mut candidate = json!({"content": content, "finishReason": finish_reason(finish), "index": 0});
    if let Some(members) = candidate.as_object_mut()
        && calls
    {
        members.insert("finishMessage".to_owned(), CALL_MESSAGE.into());
    }
    candidate
}

/// A refusal is no candidate at all, but a blocked prompt.
pub(super) fn blocked(counts: Usage, model: &str) -> Value {
    let counts = usage(Usage {
        output: 0,
        reasoning: 0,
        ..counts
    });
    json!({
        "promptFeedback": {"blockReason": finish_reason(Finish::Refusal)},
        "usageMetadata": counts,
        "modelVersion": model,
        "responseId": response_id(),
    })
}
