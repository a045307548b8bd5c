//! The reader of the provider's format.

use super::ProviderShape;
use crate::format::openai_chat::Shape;
use crate::format::reading::{NotAnAnswer, Notes, Sink};
use crate::format::{WireFormat, anthropic, openai_chat, openai_embeddings};

#[derive(Debug)]
pub(super) enum Reader {
    OpenAiChat(openai_chat::Reader),
    Anthropic(anthropic::Reader),
    OpenAiEmbeddings,
}

impl Reader {
    pub(super) fn new(provider: ProviderShape) -> Self {
        match provider.format {
            WireFormat::OpenAIChat => Self::OpenAiChat(openai_chat::Reader::new(provider.quirks)),
            WireFormat::AnthropicMessages => Self::Anthropic(anthropic::Reader::default()),
            WireFormat::OpenAIEmbeddings => Self::OpenAiEmbeddings,
        }
    }

    /// Reads the data of a frame.
    pub(super) fn read(&mut self, data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        match self {
            Self::OpenAiChat(reader) => reader.read(data, Shape::Chunk, sink),
            Self::Anthropic(reader) => reader.read(data, sink),
            Self::OpenAiEmbeddings => Err(NotAnAnswer),
        }
    }

    /// Reads a whole body.
    pub(super) fn read_whole(&mut self, body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        match self {
            Self::OpenAiChat(reader) => reader.read(body, Shape::Whole, sink).map(|_| ()),
            Self::Anthropic(reader) => reader.read_whole(body, sink).map(|_| ()),
            Self::OpenAiEmbeddings => openai_embeddings::read_whole(body, sink),
        }
    }

    /// Whether every choice has told how it ended.
    pub(super) fn complete(&self) -> bool {
        match self {
            Self::OpenAiChat(reader) => reader.complete(),
            Self::Anthropic(reader) => reader.complete(),
            Self::OpenAiEmbeddings => false,
        }
    }

    /// The provider has said all. Only the first time counts.
    pub(super) fn end(&mut self, sink: Sink<'_>) {
        match self {
            Self::OpenAiChat(reader) => reader.end(sink),
            Self::Anthropic(reader) => reader.end(sink),
            Self::OpenAiEmbeddings => {}
        }
    }
}
