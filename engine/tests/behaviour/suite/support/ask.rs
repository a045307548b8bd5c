//! Requests of clients.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use wayleave_core::endpoint::Endpoint;
use wayleave_engine::call::Call;

/// The credential that clients send. It must never leave the gateway.
pub(crate) const CLIENT_SECRET: &str = "sk-of-the-client-0123456789";

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    endpoint: Endpoint,
    headers: HeaderMap,
    body: Value,
}

impl Ask {
    /// A chat completion for the model `chat`, not streamed.
    pub(crate) fn chat() -> Self {
        let body = json!({
            "model": "chat",
            "messages": [{"role": "user", "content": "Say something about the rain, please."}],
        });
        Self::new(Endpoint::ChatCompletions, body)
    }

    /// The same in the Anthropic format.
    pub(crate) fn messages() -> Self {
        let body = json!({
            "model": "chat",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "Say something about the rain, please."}],
        });
        Self::new(Endpoint::Messages, body).header("anthropic-version", "2023-06-01")
    }

    pub(crate) fn embeddings() -> Self {
        Self::new(
            Endpoint::Embeddings,
            json!({"model": "chat", "input": "rain on the hills"}),
        )
    }

    /// The count of the tokens of a message.
    pub(crate) fn count() -> Self {
        let body = json!({
            "model": "chat",
            "messages": [{"role": "user", "content": "Say something about the rain, please."}],
        });
        Self::new(Endpoint::CountTokens, body).header("anthropic-version", "2023-06-01")
    }

    pub(crate) fn models() -> Self {
        Self::new(Endpoint::Models, Value::Null)
    }

    /// Feedback on a call, with these members.
    pub(crate) fn feedback(call: &str, members: &Value) -> Self {
        let mut ask = Self::new(Endpoint::Feedback, members.clone());
        ask.body["call_id"] = json!(call);
        ask
    }

    fn new(endpoint: Endpoint, body: Value) -> Self {
        let ask = Self {
            endpoint,
            headers: HeaderMap::new(),
            body,
        };
        ask.header("authorization", &format!("Bearer {CLIENT_SECRET}"))
            .header("x-api-key", CLIENT_SECRET)
    }

    pub(crate) fn streamed(self) -> Self {
        self.with("stream", json!(true))
    }

    /// Streamed, with usage in the stream.
    pub(crate) fn streamed_with_usage(self) -> Self {
        self.streamed()
            .with("stream_options", json!({"include_usage": true}))
    }

    /// With a function that the model may call.
    pub(crate) fn with_tool(self) -> Self {
        let schema = json!({"type": "object"});
        let tool = if self.endpoint == Endpoint::Messages {
            json!({"name": "f", "input_schema": schema})
        } else {
            json!({"type": "function", "function": {"name": "f", "parameters": schema}})
        };
        self.with("tools", json!([tool]))
    }

    /// Sets a member of the body.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.body[name] = value;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn call(self) -> Call {
        let body = if self.body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(&self.body).expect("JSON")
        };
        Call {
            endpoint: self.endpoint,
            path: self.endpoint.path("m"),
            headers: self.headers,
            body: body.into(),
        }
    }
}
