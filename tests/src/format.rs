//! The two formats that clients speak.

use serde_json::{Value, json};

/// A client's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenAI chat completions.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// Where it is asked.
    pub const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    /// The headers that its SDK sends, the credential among them.
    pub fn headers(self, credential: &str) -> Vec<(&'static str, String)> {
        let json = ("content-type", "application/json".to_owned());
        match self {
            Self::OpenAi => vec![json, ("authorization", format!("Bearer {credential}"))],
            Self::Anthropic => vec![
                json,
                ("x-api-key", credential.to_owned()),
                ("anthropic-version", "2023-06-01".to_owned()),
            ],
        }
    }

    /// A short request.
    pub fn request(self, model: &str, stream: bool) -> Value {
        let mut request = json!({
            "model": model, "stream": stream, "max_tokens": 100_000,
            "messages": [{"role": "user", "content": "Hello there"}],
        });
        if self == Self::OpenAi && stream {
            request["stream_options"] = json!({"include_usage": true});
        }
        request
    }

    /// The text of an answer that came whole.
    pub fn text(self, answer: &Value) -> String {
        let text = match self {
            Self::OpenAi => &answer["choices"][0]["message"]["content"],
            Self::Anthropic => &answer["content"][0]["text"],
        };
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The text of one event of a stream.
    pub fn text_of_event(self, event: &Value) -> &str {
        let text = match self {
            Self::OpenAi => &event["choices"][0]["delta"]["content"],
            Self::Anthropic => &event["delta"]["text"],
        };
        text.as_str().unwrap_or_default()
    }

    /// Whether an event is the stream's good end.
    pub fn is_end(self, event: &Value) -> bool {
        match self {
            Self::OpenAi => event == "[DONE]",
            Self::Anthropic => event["type"] == "message_stop",
        }
    }

    /// Whether an event tells of an error.
    pub fn is_error(self, event: &Value) -> bool {
        match self {
            Self::OpenAi => event.get("error").is_some(),
            Self::Anthropic => event["type"] == "error",
        }
    }

    /// Checks that a body is an error in this format and in no other, and gives its message.
    ///
    /// # Panics
    /// When it is not.
    pub fn error_message(self, body: &Value) -> String {
        let error = &body["error"];
        let typed = error["type"].as_str().is_some_and(|kind| !kind.is_empty());
        let own = match self {
            Self::OpenAi => {
                body.get("type").is_none() && error.get("param").is_some() && error.get("code").is_some()
            }
            Self::Anthropic => body["type"] == "error",
        };
        let message = error["message"].as_str().unwrap_or_default();
        assert!(
            typed && own && !message.is_empty(),
            "no error in the format of {self:?}: {body}"
        );
        message.to_owned()
    }
}
