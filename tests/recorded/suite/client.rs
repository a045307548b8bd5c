//! What a client makes of the bytes that it gets: as strict as an SDK, or stricter.

mod chat;
mod messages;

use serde_json::Value;

use super::spoken::Spoken;
use wayleave_tests::Format;

/// An answer as its client saw it.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) spoken: Spoken,
    /// `usage.cost` in dollars, as it was written.
    pub(super) cost: Option<f64>,
    /// Whether it ended as answers of its format end.
    pub(super) ended: bool,
}

/// Reads an answer. What breaks the format's rules is an error.
pub(super) fn read(format: Format, stream: bool, body: &[u8]) -> Result<Seen, String> {
    match (format, stream) {
        (Format::OpenAi, true) => chat::read_stream(body),
        (Format::OpenAi, false) => chat::read_whole(body),
        (Format::Anthropic, true) => messages::read_stream(body),
        (Format::Anthropic, false) => messages::read_whole(body),
    }
}

/// Reads an error body: its message.
pub(super) fn read_error(format: Format, status: u16, body: &[u8]) -> Result<String, String> {
    let document = json(body)?;
    let error = &document["error"];
    if format == Format::Anthropic && document["type"] != "error" {
        return Err(format!("an Anthropic error needs type error: {document}"));
    }
    let kind = need_text(error, "type")?;
    if format == Format::Anthropic && !messages::error_types(status).contains(&kind) {
        return Err(format!("{status} is no {kind} in Anthropic's API"));
    }
    for name in ["param", "code"] {
        need(
            error[name].is_null() || error[name].is_string(),
            "param and code are texts",
            error,
        )?;
    }
    match need_text(error, "message")? {
        "" => Err("an empty message".to_owned()),
        message => Ok(message.to_owned()),
    }
}

fn json(text: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(text)
        .map_err(|error| format!("no JSON: {error}: {}", String::from_utf8_lossy(text)))
}

fn need_text<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    value[name]
        .as_str()
        .ok_or_else(|| format!("{name} has to be a text in {value}"))
}

fn need_count(value: &Value, name: &str) -> Result<u64, String> {
    value[name]
        .as_u64()
        .ok_or_else(|| format!("{name} has to be a count in {value}"))
}

fn need_list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], String> {
    value[name]
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| format!("{name} has to be a list in {value}"))
}

fn need(condition: bool, what: &str, value: &Value) -> Result<(), String> {
    if condition {
        Ok(())
    } else {
        Err(format!("{what}: {value}"))
    }
}
