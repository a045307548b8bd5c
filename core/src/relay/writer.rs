//! The writer of the client's format.

use bytes::BytesMut;

use crate::event::Event;
use crate::format::answer::{Answer, TooLong};
use crate::format::writing::{Bill, Setting};
use crate::format::{Framing, WireFormat, anthropic, openai_chat};

#[derive(Debug)]
pub(super) enum Writer {
    OpenAiStream(openai_chat::StreamWriter),
    OpenAiWhole(Answer, Setting),
    AnthropicStream(anthropic::StreamWriter),
    AnthropicWhole(Answer, Setting),
}

impl Writer {
    /// `None`: the format's answers only pass.
    pub(super) fn new(format: WireFormat, framing: Framing, setting: Setting) -> Option<Self> {
        Some(match (format, framing) {
            (WireFormat::OpenAIChat, Framing::Sse) => {
                Self::OpenAiStream(openai_chat::StreamWriter::new(setting))
            }
            (WireFormat::OpenAIChat, Framing::Whole) => Self::OpenAiWhole(Answer::default(), setting),
            (WireFormat::AnthropicMessages, Framing::Sse) => {
                Self::AnthropicStream(anthropic::StreamWriter::new(setting))
            }
            (WireFormat::AnthropicMessages, Framing::Whole) => {
                Self::AnthropicWhole(Answer::default(), setting)
            }
            (WireFormat::OpenAIEmbeddings, _) => return None,
        })
    }

    /// Writes one event, or keeps it for the end.
    pub(super) fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        match self {
            Self::OpenAiStream(writer) => {
                writer.write(event, out);
                Ok(())
            }
            Self::AnthropicStream(writer) => writer.write(event, out),
            Self::OpenAiWhole(answer, _) | Self::AnthropicWhole(answer, _) => answer.take(event),
        }
    }

    /// Writes the end of an answer that ended properly.
    pub(super) fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        match self {
            Self::OpenAiStream(writer) => writer.end(bill, out),
            Self::AnthropicStream(writer) => writer.end(bill, out),
            Self::OpenAiWhole(answer, setting) => openai_chat::write_whole(answer, setting, bill, out),
            Self::AnthropicWhole(answer, setting) => anthropic::write_whole(answer, setting, bill, out),
        }
    }
}
