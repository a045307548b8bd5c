//! What a client makes of the bytes that it gets: as strict as an SDK, or stricter.

mod chat;
mod messages;

use serde_json::Value;
use wayleave_core::format::Family;

use super::view::View;
use crate::recordings::api::{Api, Frames};
use crate::recordings::frames;
use crate::recordings::said::Said;

/// An answer as its client saw it: of several choices the first.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) said: Said,
    /// `usage.cost` in dollars, as it was written.
    pub(super) cost: Option<f64>,
    /// Whether it ended as answers of its format end.
    pub(super) ended: bool,
}

/// Reads an answer that was translated. What breaks the format's rules is an error.
pub(super) fn read(view: View, body: &[u8]) -> Result<Seen, String> {
    match (view.api, view.frames) {
        (Api::OpenAIChat, Frames::Sse) => chat::read_stream(body),
        (Api::OpenAIChat, Frames::Whole) => chat::read_whole(body),
        (Api::AnthropicMessages, Frames::Sse) => messages::read_stream(body),
        (Api::AnthropicMessages, Frames::Whole) => messages::read_whole(body),
        _ => Err(format!("nothing is translated for {view:?}")),
    }
}

/// Whether the end of a stream tells an error, and nothing else.
pub(super) fn tells_error(view: View, end: &[u8]) -> bool {
    let documents = frames::documents(view.frames, end);
    let is_error = |document: &Value| document["error"].is_object() || document["type"] == "error";
    !documents.is_empty() && documents.iter().all(is_error)
}

/// Reads an error body: its message.
pub(super) fn read_error(view: View, status: u16, body: &[u8]) -> Result<String, String> {
    let document = json(body)?;
    let error = &document["error"];
    match view.format().family() {
        Family::OpenAI => openai_error(error)?,
        Family::Anthropic => {
            need(
                document["type"] == "error",
                "an error needs type error",
                &document,
            )?;
            openai_error(error)?;
            let kind = need_text(error, "type")?;
            let known = messages::error_types(status).contains(&kind);
            need(known, &format!("{status} has another type"), error)?;
        }
        Family::Google => {
            need(error["code"] == status, "code is the status", error)?;
            need_text(error, "status")?;
        }
        Family::Amazon => return Err(String::from("no client speaks Converse")),
    }
    match need_text(error, "message")? {
        "" => Err("an empty message".to_owned()),
        message => Ok(message.to_owned()),
    }
}

/// The members that OpenAI's errors have, and ours in Anthropic's format.
fn openai_error(error: &Value) -> Result<(), String> {
    need_text(error, "type")?;
    for name in ["param", "code"] {
        let text = error[name].is_null() || error[name].is_string();
        need(text, "param and code are texts", error)?;
    }
    Ok(())
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
