//! What a recording says, read from it alone and by rules of its own: the providers' documents and what all recordings
//! show, not the gateway's code.

mod chat;
mod messages;

use serde_json::Value;

use super::corpus::Exchange;
use super::spoken::Spoken;
use wayleave_tests::Format;

/// What a recording says.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) spoken: Spoken,
    /// What the provider says it charged, in 1e-10 USD.
    pub(super) billed: Option<i64>,
    /// Whether its usage has a `cost` of its own.
    pub(super) tells_cost: bool,
}

pub(super) fn hear(exchange: &Exchange) -> Heard {
    match exchange.format() {
        Some(Format::OpenAi) => chat::hear(exchange),
        Some(Format::Anthropic) => messages::hear(exchange),
        None => panic!("{} is no chat", exchange.id),
    }
}

/// The message of an error document, in any of the providers' forms.
pub(super) fn error_message(document: &Value) -> Option<String> {
    let document = document.get(0).unwrap_or(document);
    let error = document.get("error").filter(|error| !error.is_null());
    let texts = [
        error,
        error.and_then(|error| error.get("message")),
        document.get("message"),
        document.get("detail"),
    ];
    texts
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
        .map(str::to_owned)
}

/// A member as a count, if it is one.
fn count(value: &Value) -> Option<u64> {
    value.as_u64()
}

/// A member as a text; empty if it is none.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A member as a list; empty if it is none.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
