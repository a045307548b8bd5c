//! The OpenAI chat format, as `api.openai.com` speaks it.

pub(crate) mod completions;
pub(crate) mod embeddings;
pub(crate) mod error;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;

use serde_json::{Value, json};

use crate::answer::{Finish, Usage};
use crate::ids;

pub(crate) const FINGERPRINT: &str = "fp_51ab0a2d9e";

/// Says that the stream is over.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

fn completion_id() -> String {
    ids::random("chatcmpl-", 29)
}

fn call_id() -> String {
    ids::random("call_", 24)
}

/// A call forced by name ends with `stop`, as the real API does.
fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Refusal | Finish::NamedTool => "stop",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
        Finish::ToolCalls => "tool_calls",
    }
}

/// Here `prompt_tokens` includes the cached ones.
fn usage(usage: Usage) -> Value {
    let prompt = usage.input + usage.cached;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

/// The answer of `GET …/models`.
pub(crate) fn models(names: &[String]) -> Value {
    let model =
        |name: &String| json!({"id": name, "object": "model", "created": 1_750_000_000, "owned_by": "sim"});
    json!({"object": "list", "data": names.iter().map(model).collect::<Vec<_>>()})
}
