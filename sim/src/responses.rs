//! OpenAI's Responses format.

pub(crate) mod echo;
pub(crate) mod error;
mod input;
mod item;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;

use serde_json::{Value, json};

use crate::answer::{Finish, Usage};

/// How a response ends, and why it is not complete.
fn status(finish: Finish) -> (&'static str, Value) {
    match finish {
        Finish::Stop | Finish::Refusal | Finish::ToolCalls | Finish::NamedTool => ("completed", Value::Null),
        Finish::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
        Finish::ContentFilter => ("incomplete", json!({"reason": "content_filter"})),
    }
}

/// Here `input_tokens` includes the cached ones.
fn usage(usage: Usage) -> Value {
    let input = usage.input + usage.cached;
    json!({
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": input + usage.output,
    })
}
