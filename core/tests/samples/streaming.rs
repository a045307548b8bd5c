//! A whole answer as its provider would stream it.

mod anthropic;
mod bedrock;
mod gemini;
mod openai;
mod responses;

use std::fmt::Display;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::Value;
use wayleave_core::format::{Framing, WireFormat};

/// One event of a stream: its name, where the API names them, and its data.
pub(crate) type Named = (&'static str, Value);

/// The events of an answer.
pub(crate) fn events(format: WireFormat, whole: &Value) -> Vec<Named> {
    match format {
        WireFormat::OpenAIChat => openai::chat(whole),
        WireFormat::OpenAIResponses => responses::events(whole),
        WireFormat::OpenAICompletions => openai::completions(whole),
        WireFormat::AnthropicMessages => anthropic::events(whole),
        WireFormat::GeminiGenerate => gemini::events(whole),
        WireFormat::BedrockConverse => bedrock::events(whole),
        WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => Vec::new(),
    }
}

/// The bytes of a stream.
pub(crate) fn framed<N: AsRef<str>>(events: &[(N, impl Display)], framing: Framing, done: bool) -> Vec<u8> {
    let mut out = Vec::new();
    match framing {
        Framing::Sse => {
            for (name, data) in events {
                let name = name.as_ref();
                if !name.is_empty() {
                    out.extend_from_slice(format!("event: {name}\n").as_bytes());
                }
                out.extend_from_slice(format!("data: {data}\n\n").as_bytes());
            }
            if done {
                out.extend_from_slice(b"data: [DONE]\n\n");
            }
        }
        Framing::JsonArray => {
            let items: Vec<_> = events.iter().map(|(_, data)| data.to_string()).collect();
            out.extend_from_slice(format!("[{}\n]", items.join("\n,\r\n")).as_bytes());
        }
        Framing::EventStream => {
            for (name, data) in events {
                let text = |text: &str| HeaderValue::String(text.to_owned().into());
                let message = Message::new(data.to_string())
                    .add_header(Header::new(":event-type", text(name.as_ref())))
                    .add_header(Header::new(":content-type", text("application/json")))
                    .add_header(Header::new(":message-type", text("event")));
                write_message_to(&message, &mut out).expect("a short message");
            }
        }
        Framing::Whole => {}
    }
    out
}

/// Whether streams of a format end with `[DONE]`.
pub(crate) fn says_done(format: WireFormat) -> bool {
    matches!(format, WireFormat::OpenAIChat | WireFormat::OpenAICompletions)
}

fn list<'a>(value: &'a Value, pointer: &str) -> Vec<&'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(|items| items.iter().collect())
        .unwrap_or_default()
}

fn with(base: &Value, members: Value) -> Value {
    let mut whole = base.clone();
    if let Value::Object(members) = members {
        for (name, value) in members {
            whole[name] = value;
        }
    }
    whole
}
