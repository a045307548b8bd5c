//! Azure's OpenAI deployments: chat and embeddings with Azure's keys, versions, errors and content filters.

pub(crate) mod error;

use http::HeaderMap;
use http::request::Parts;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::format::{bearer, header_text};
use crate::frame::{Frame, Frames};
use crate::openai;
use crate::path;
use crate::problem::Problem;

/// The key, or a token of Entra ID, which is a JWT: keys are not taken as bearer tokens.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    header_text(headers, "api-key").or_else(|| bearer(headers).filter(|token| token.starts_with("eyJ")))
}

/// Deployments are only found with a version.
pub(crate) fn check(head: &Parts) -> Result<(), Problem> {
    let needs = path::azure_model(head.uri.path()).is_some();
    if needs && path::query(head, "api-version").is_none_or(|version| version.is_empty()) {
        return Err(Problem::NoSuchPath(head.uri.path().to_owned()));
    }
    Ok(())
}

/// What the content filters say of the prompt.
fn prompt_results() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    let results = json!({
        "hate": safe, "jailbreak": {"filtered": false, "detected": false}, "self_harm": safe, "sexual": safe,
        "violence": safe,
    });
    json!([{"prompt_index": 0, "content_filter_results": results}])
}

/// A whole answer: a chat completion with the filters' results.
pub(crate) fn render(answer: &Answer, model: &str) -> String {
    let text = openai::reply::render(answer, model);
    let Ok(Value::Object(mut body)) = serde_json::from_str(&text) else {
        return text;
    };
    body.insert("prompt_filter_results".to_owned(), prompt_results());
    if let Some(Value::Object(choice)) = body.get_mut("choices").and_then(|choices| choices.get_mut(0)) {
        choice.insert("content_filter_results".to_owned(), json!({}));
    }
    Value::Object(body).to_string()
}

/// The chunks of an answer: before those of chat one that has the filters' results and nothing else.
pub(crate) fn frames(answer: Answer, model: &str, include_usage: bool) -> Frames {
    let first = json!({
        "choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": prompt_results(),
    });
    let Frames { events, content } = openai::stream::frames(answer, model, include_usage);
    let first = Frame::plain(format!("data: {first}\n\n"));
    Frames {
        events: Box::new(std::iter::once(first).chain(events)),
        content,
    }
}
