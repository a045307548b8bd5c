//! The Anthropic Messages format, as `api.anthropic.com` speaks it.

pub(crate) mod error;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;

use serde_json::{Value, json};

use crate::answer::{Finish, Usage};
use crate::ids;
use crate::problem::Malformed;

fn message_id() -> String {
    ids::random("msg_01", 22)
}

fn call_id() -> String {
    ids::random("toolu_01", 22)
}

/// What proves that a thinking block is the provider's own.
fn signature() -> String {
    ids::random("Eq", 86)
}

/// There is no reason of its own for filtered content; a refusal is the nearest.
fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ContentFilter | Finish::Refusal => "refusal",
        Finish::ToolCalls | Finish::NamedTool => "tool_use",
    }
}

/// Here `input_tokens` does not include the cached ones.
fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.output,
        "service_tier": "standard",
    })
}

/// The answer of `POST …/v1/messages/count_tokens`.
pub(crate) fn count(body: &Value, model: &str) -> Result<Value, Malformed> {
    let ask = request::read_input(body, model)?;
    Ok(json!({"input_tokens": ask.prompt_tokens}))
}

/// The answer of `GET …/v1/models`.
pub(crate) fn models(names: &[String]) -> Value {
    let model = |name: &String| json!({"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"});
    json!({
        "data": names.iter().map(model).collect::<Vec<_>>(),
        "has_more": false,
        "first_id": names.first(),
        "last_id": names.last(),
    })
}
