//! An error inside a stream, as each format tells it.

use bytes::{Bytes, BytesMut};

use super::ClientError;
use crate::format::writing::write_raw_frame;
use crate::format::{Framing, WireFormat};

/// `begun`: whether the client has got anything of the stream.
pub(super) fn write(error: &ClientError, format: WireFormat, framing: Framing, begun: bool) -> Bytes {
    let body = error.body(format);
    let mut out = BytesMut::new();
    match framing {
        Framing::Sse => {
            let name = match format {
                WireFormat::AnthropicMessages | WireFormat::OpenAIResponses => "error",
                WireFormat::OpenAIChat
                | WireFormat::OpenAICompletions
                | WireFormat::OpenAIEmbeddings
                | WireFormat::AnthropicTokens
                | WireFormat::GeminiGenerate
                | WireFormat::BedrockConverse => "",
            };
            if format == WireFormat::OpenAIResponses {
                write_raw_frame(&mut out, name, &responses(error));
            } else {
                write_raw_frame(&mut out, name, &body);
            }
        }
        // The list is ended, so that it parses.
        Framing::JsonArray => {
            out.extend_from_slice(if begun { b"," } else { b"[" });
            out.extend_from_slice(&body);
            out.extend_from_slice(b"]");
        }
        Framing::EventStream | Framing::Whole => {}
    }
    out.freeze()
}

/// The event `error` of OpenAI's responses, which is no object in an object. Its number is not known here: clients
/// take it in the order of its coming.
fn responses(error: &ClientError) -> Vec<u8> {
    let event = serde_json::json!({
        "type": "error",
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "sequence_number": 0,
    });
    event.to_string().into_bytes()
}
