//! What a request asks for, whatever its format.

use serde_json::Value;

use crate::responses::echo::Echo;

/// A chat request, as far as the answer depends on it.
#[derive(Debug, Default)]
pub(crate) struct Ask {
    /// Without the behaviour suffix.
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// `stream_options.include_usage`; Anthropic streams always tell.
    pub(crate) include_usage: bool,
    /// Upper bound of the answer's words, if the request has one.
    pub(crate) max_tokens: Option<usize>,
    pub(crate) prompt_tokens: u64,
    pub(crate) last_user_text: String,
    /// The last message gives the result of a tool call.
    pub(crate) after_tool: bool,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: ToolChoice,
    pub(crate) json: Option<JsonShape>,
    /// What the answer repeats of the request: only the Responses format does.
    pub(crate) echo: Echo,
}

/// A tool that the request offers.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// JSON schema of the arguments.
    pub(crate) schema: Value,
}

/// Whether the answer has to call a tool.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    #[default]
    Auto,
    Never,
    Any,
    Named(String),
}

/// The request wants JSON.
#[derive(Debug)]
pub(crate) enum JsonShape {
    AnyObject,
    Schema(Value),
}

/// Counts tokens about as a tokenizer would: one for four bytes of text.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    bytes: u64,
    extra: u64,
}

/// Framing that every message costs.
const MESSAGE_TOKENS: u64 = 4;

impl Meter {
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes += text.len() as u64;
    }

    pub(crate) fn message(&mut self) {
        self.extra += MESSAGE_TOKENS;
    }

    pub(crate) fn tokens(&mut self, tokens: u64) {
        self.extra += tokens;
    }

    /// JSON that the model reads as text: tool definitions, calls, schemas.
    pub(crate) fn json(&mut self, value: &Value) {
        self.bytes += value.to_string().len() as u64;
    }

    /// The count, at least 1.
    pub(crate) fn total(&self) -> u64 {
        (self.bytes.div_ceil(4) + self.extra).max(1)
    }
}

/// The strings of a content that is a string or a list of `{type: text, text}` parts, joined.
pub(crate) fn joined_text(content: &Value) -> String {
    match content.as_array() {
        Some(parts) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        None => content.as_str().unwrap_or_default().to_owned(),
    }
}

/// A member as text, empty if it is absent or no string.
pub(crate) fn text_of<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A member as a list, empty if it is absent or no list.
pub(crate) fn list_of<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value
        .get(member)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A member as a count of tokens.
pub(crate) fn limit_of(value: &Value, member: &str) -> Option<usize> {
    value
        .get(member)
        .and_then(Value::as_u64)
        .and_then(|n| usize::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn four_bytes_are_a_token() {
        let mut meter = Meter::default();
        meter.text("Hello");
        meter.message();
        assert_eq!(meter.total(), 2 + MESSAGE_TOKENS);
        assert_eq!(Meter::default().total(), 1);
    }

    #[test]
    fn content_is_a_string_or_parts() {
        assert_eq!(joined_text(&json!("a b")), "a b");
        let parts =
            json!([{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]);
        assert_eq!(joined_text(&parts), "ab");
        assert_eq!(joined_text(&Value::Null), "");
    }
}
