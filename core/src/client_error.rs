//! Errors as the client's own format writes them.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::event::Fault;
use crate::format::WireFormat;
use crate::outcome::Class;

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
        let _ = format;
        todo!()
    }
}

/// Reads a provider's error answer: its class, and the status that a client should see. By the body where the status
/// alone would mislead (a bad key is 400 at Gemini and xAI; context length and content filter hide in 400).
pub fn read_fault(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    let _ = (status, headers, body);
    todo!()
}
