//! The response object: it repeats most of the request.

use serde_json::{Value, json};

use crate::answer::Usage;
use crate::ask::{list_of, text_of};
use crate::ids;

/// What a response repeats.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    /// A response in progress.
    response: Value,
    /// Reasoning goes out encrypted too, so that it can come back without having been stored.
    pub(crate) sealed: bool,
}

impl Echo {
    pub(crate) fn new(body: &Value, model: &str) -> Self {
        let given = |name: &str, default: Value| match body.get(name) {
            None | Some(Value::Null) => default,
            Some(value) => value.clone(),
        };
        let null = || Value::Null;
        let reasoning = body.get("reasoning").unwrap_or(&Value::Null);
        let text = body.get("text").unwrap_or(&Value::Null);
        let format = text
            .get("format")
            .cloned()
            .unwrap_or_else(|| json!({"type": "text"}));
        let response = json!({
            "id": ids::random("resp_", 50),
            "object": "response",
            "created_at": ids::unix_seconds(),
            "status": "in_progress",
            "background": false,
            "error": null,
            "incomplete_details": null,
            "instructions": given("instructions", null()),
            "max_output_tokens": given("max_output_tokens", null()),
            "max_tool_calls": null,
            "model": model,
            "output": [],
            "parallel_tool_calls": given("parallel_tool_calls", json!(true)),
            "previous_response_id": given("previous_response_id", null()),
            "prompt_cache_key": given("prompt_cache_key", null()),
            "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
            "safety_identifier": null,
            "service_tier": "default",
            "store": given("store", json!(true)),
            "temperature": given("temperature", json!(1.0)),
            "text": {"format": format, "verbosity": "medium"},
            "tool_choice": given("tool_choice", json!("auto")),
            "tools": list_of(body, "tools"),
            "top_logprobs": 0,
            "top_p": given("top_p", json!(1.0)),
            "truncation": "disabled",
            "usage": null,
            "user": given("user", null()),
            "metadata": given("metadata", json!({})),
        });
        let sealed = list_of(body, "include")
            .iter()
            .any(|name| name.as_str() == Some("reasoning.encrypted_content"));
        Self { response, sealed }
    }

    /// As it is sent before there is anything to say.
    pub(crate) fn started(&self) -> &Value {
        &self.response
    }

    /// As it is sent when all has been said.
    pub(crate) fn ended(&self, status: &str, incomplete: Value, output: Vec<Value>, usage: Usage) -> Value {
        self.with([
            ("status", status.into()),
            ("incomplete_details", incomplete),
            ("output", output.into()),
            ("usage", super::usage(usage)),
        ])
    }

    /// As it is sent when something went wrong after its start.
    pub(crate) fn failed(&self, error: &Value) -> Value {
        let code = text_of(error, "code");
        let code = if code.is_empty() { "server_error" } else { code };
        self.with([
            ("status", "failed".into()),
            ("error", json!({"code": code, "message": error.get("message")})),
        ])
    }

    fn with<const N: usize>(&self, members: [(&str, Value); N]) -> Value {
        let mut response = self.response.clone();
        if let Some(object) = response.as_object_mut() {
            object.extend(members.map(|(name, value)| (name.to_owned(), value)));
        }
        response
    }
}
