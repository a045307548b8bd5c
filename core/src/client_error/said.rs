//! What an error body says, in whatever form.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::classify::{classify, implied_status};
use super::redact::redact;
use crate::event::Fault;

/// The longest message kept, in bytes.
const MAX_MESSAGE: usize = 2048;

/// The longest body that is read as JSON, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The forms of error bodies brought into one.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) message: String,
    /// The most telling of code, reason and type.
    pub(super) code: Option<String>,
    /// All codes, types and reasons, and the message, in small letters: what classification looks through.
    pub(super) haystack: String,
    /// A status that the body names.
    pub(super) status: Option<u16>,
}

impl Said {
    /// Of an answer with an error status.
    pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut said = Self::of_document(body);
        for name in ["x-amzn-errortype", "x-ms-error-code"] {
            // Bedrock: `ValidationException:http://internal.amazon.com/…`
            let value = headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            said.add_code(value.split(':').next().unwrap_or_default());
        }
        if said.message.is_empty() {
            said.message = format!("the provider answered {status} without saying why");
        }
        said
    }

    /// Of an error document alone.
    pub(super) fn of_document(document: &[u8]) -> Self {
        let mut said = Self::default();
        let json = document.get(..document.len().min(MAX_BODY)).unwrap_or_default();
        match serde_json::from_slice::<Value>(json) {
            Ok(Value::Array(list)) => said.read(list.first().unwrap_or(&Value::Null)),
            Ok(value) => said.read(&value),
            Err(_) => said.message = plain_text(document),
        }
        said.message = shorten(&redact(said.message.trim()));
        said.haystack.push_str(&said.message.to_ascii_lowercase());
        said
    }

    /// The status that an error inside a 200 stands for.
    pub(super) fn implied_status(&self) -> u16 {
        self.status
            .or_else(|| implied_status(&self.haystack))
            .unwrap_or(502)
    }

    /// The error, classified.
    pub(super) fn fault(self, status: u16) -> Fault {
        let (class, status) = classify(status, &self.haystack);
        let message = if self.message.is_empty() {
            String::from("the provider reports an error without saying which")
        } else {
            self.message
        };
        Fault {
            class,
            status,
            code: self.code,
            message,
        }
    }

    fn read(&mut self, body: &Value) {
        match body {
            Value::String(text) => self.message.clone_from(text),
            Value::Object(_) => {
                // Anthropic's `type` beside `error` is just "error".
                let error = body.get("error").filter(|error| !error.is_null());
                match error {
                    Some(Value::Object(_)) => self.members(error.unwrap_or(body)),
                    // xAI, and servers that only say a sentence.
                    Some(Value::String(text)) => {
                        self.members(body);
                        self.message.clone_from(text);
                    }
                    _ => self.members(body),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
        }
    }

    fn members(&mut self, error: &Value) {
        let member = |name: &str| error.get(name).unwrap_or(&Value::Null);
        for detail in member("details").as_array().into_iter().flatten() {
            self.add_code(detail.get("reason").and_then(Value::as_str).unwrap_or_default());
        }
        for code in [
            member("code"),
            member("type"),
            member("status"),
            &member("innererror")["code"],
        ] {
            match code {
                Value::String(code) => self.add_code(code),
                Value::Number(code) => self.add_status(code.as_u64()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
            }
        }
        self.add_status(member("status_code").as_u64());
        self.add_status(member("raw_status_code").as_u64());
        let parts = [
            member("message"),
            member("detail"),
            member("errors"),
            member("msg"),
        ];
        self.message = parts
            .into_iter()
            .map(sentence)
            .find(|text| !text.is_empty())
            .unwrap_or_default();
        // OpenRouter hides the upstream's own words here.
        let raw = sentence(&member("metadata")["raw"]);
        if !raw.is_empty() {
            self.message = format!("{}: {raw}", self.message);
        }
        for reason in member("metadata")["reasons"].as_array().into_iter().flatten() {
            self.add_code(reason.as_str().unwrap_or_default());
        }
    }

    fn add_code(&mut self, code: &str) {
        let code = shorten(&redact(code.trim()));
        // Azure writes the status as text.
        if let Ok(number) = code.parse() {
            return self.add_status(Some(number));
        }
        if code.is_empty() || code == "error" {
            return;
        }
        self.haystack.push_str(&code.to_ascii_lowercase());
        self.haystack.push('\n');
        self.code.get_or_insert(code);
    }

    fn add_status(&mut self, status: Option<u64>) {
        let status = status
            .and_then(|status| u16::try_from(status).ok())
            .filter(|s| (400..600).contains(s));
        self.status = self.status.or(status);
    }
}

/// A message that may be a text, an object that holds one, or `FastAPI`'s list of `{loc, msg}`.
fn sentence(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let parts: Vec<_> = list
                .iter()
                .map(sentence)
                .filter(|text| !text.is_empty())
                .collect();
            parts.join("; ")
        }
        Value::Object(object) => {
            let text = ["msg", "message", "detail"]
                .iter()
                .find_map(|name| object.get(*name))
                .map(sentence);
            let place = object.get("loc").and_then(Value::as_array).map(|loc| {
                let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
                loc.iter().map(step).collect::<Vec<_>>().join(".")
            });
            match (place, text) {
                (Some(place), Some(text)) => format!("{place}: {text}"),
                (None, Some(text)) => text,
                (_, None) => value.to_string(),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// What a body that is no JSON says: the title of a page, or the text itself.
fn plain_text(body: &[u8]) -> String {
    let head = body.get(..body.len().min(4 * MAX_MESSAGE)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    if !text.trim_start().starts_with('<') {
        return text.into_owned();
    }
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    let title = title.map_or("", |(title, _)| title.trim());
    format!("the provider answered with a page of HTML: {title:?}")
}

fn shorten(text: &str) -> String {
    let longest = text.len().min(MAX_MESSAGE);
    (0..=longest)
        .rev()
        .find_map(|end| text.get(..end))
        .unwrap_or_default()
        .to_owned()
}
