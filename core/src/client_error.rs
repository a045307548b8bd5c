//! Errors as the client's own format writes them, and as providers' formats say them.

mod body;
mod classify;
mod event;
mod form;
mod redact;
mod retry_after;
mod said;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::event::Fault;
use crate::format::{Framing, WireFormat};
use crate::outcome::Class;

pub use retry_after::retry_after;

use said::Said;

/// An error for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The provider's or our own short code (`model_not_found`), where there is one.
    pub code: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
    /// The member at fault, where one is.
    pub param: Option<String>,
    /// What was tried, in order.
    pub attempts: Vec<AttemptNote>,
}

/// One attempt in an error's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptNote {
    /// `NAMESPACE/PROVIDERKEY/MODEL`.
    pub target: String,
    /// How it ended.
    pub class: Class,
    /// The provider's status, where an answer came.
    pub status: Option<u16>,
}

impl ClientError {
    /// The JSON body in this format. The type member follows from the status as the vendor's own API has it.
    pub fn body(&self, format: WireFormat) -> Bytes {
        body::write(self, format)
    }

    /// What tells it inside a stream of this format and framing. `begun`: whether the client has got anything of the
    /// stream.
    pub fn event(&self, format: WireFormat, framing: Framing, begun: bool) -> Bytes {
        event::write(self, format, framing, begun)
    }
}

/// Reads a provider's error answer: its class, and the status that a client should see. By the body where the status
/// alone would mislead (a bad key is 400 at Gemini and xAI; context length and content filter hide in 400).
///
/// The message is the provider's, without what looks like a whole key, and at most 2 KiB long.
pub fn read_fault(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    Said::of_answer(status, headers, body).fault(status.as_u16())
}

/// Whether a provider's error body is one that the client's API would send, so that it may pass as it is.
pub fn is_own_form(body: &[u8], format: WireFormat) -> bool {
    form::fits(body, format)
}

/// Whether an error body may stand in an answer with this status: it names no other.
pub fn agrees_with(body: &[u8], status: StatusCode) -> bool {
    form::agrees(body, status)
}

/// Reads an error that stands inside a 200. The status is the one that the error names or implies; an error that tells
/// nothing is the provider's failure.
pub(crate) fn in_band(document: &[u8]) -> Fault {
    let said = Said::of_document(document);
    let status = said.implied_status();
    said.fault(status)
}

/// What is not an answer of the provider's format.
pub(crate) fn malformed(message: &str) -> Fault {
    let message = message.to_owned();
    Fault {
        class: Class::Malformed,
        status: StatusCode::BAD_GATEWAY.as_u16(),
        code: None,
        message,
    }
}

#[cfg(test)]
mod tests;
