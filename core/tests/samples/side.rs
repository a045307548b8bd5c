//! The formats on both sides, with a model of each.

use wayleave_core::endpoint::Asked;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::vendor::{Quirks, Vendor};

/// A format, and what stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// The name of its files.
    pub(crate) file: &'static str,
    /// As the document says it.
    pub(crate) title: &'static str,
    /// A short title, for a column.
    pub(crate) column: &'static str,
    pub(crate) format: WireFormat,
    /// A vendor that speaks it.
    pub(crate) vendor: &'static str,
    /// A model of that vendor.
    pub(crate) model: &'static str,
}

pub(crate) const CHAT: Side = Side {
    file: "openai_chat",
    title: "OpenAI chat completions",
    column: "chat",
    format: WireFormat::OpenAIChat,
    vendor: "OpenAI",
    model: "gpt-5.1",
};

pub(crate) const RESPONSES: Side = Side {
    file: "openai_responses",
    title: "OpenAI responses",
    column: "responses",
    format: WireFormat::OpenAIResponses,
    vendor: "OpenAI",
    model: "gpt-5.1",
};

pub(crate) const COMPLETIONS: Side = Side {
    file: "openai_completions",
    title: "OpenAI completions",
    column: "completions",
    format: WireFormat::OpenAICompletions,
    vendor: "OpenAI",
    model: "gpt-3.5-turbo-instruct",
};

pub(crate) const MESSAGES: Side = Side {
    file: "anthropic",
    title: "Anthropic messages",
    column: "messages",
    format: WireFormat::AnthropicMessages,
    vendor: "Anthropic",
    model: "claude-sonnet-4-6",
};

pub(crate) const GEMINI: Side = Side {
    file: "gemini",
    title: "Gemini generateContent",
    column: "Gemini",
    format: WireFormat::GeminiGenerate,
    vendor: "Gemini",
    model: "gemini-2.5-flash",
};

pub(crate) const CONVERSE: Side = Side {
    file: "bedrock",
    title: "Bedrock Converse",
    column: "Converse",
    format: WireFormat::BedrockConverse,
    vendor: "Bedrock",
    model: "us.anthropic.claude-sonnet-4-6-v1:0",
};

/// The formats of clients.
pub(crate) const CLIENTS: &[Side] = &[CHAT, RESPONSES, COMPLETIONS, MESSAGES, GEMINI];

/// The formats of providers.
pub(crate) const PROVIDERS: &[Side] = &[CHAT, RESPONSES, COMPLETIONS, MESSAGES, GEMINI, CONVERSE];

impl Side {
    pub(crate) fn quirks(self) -> Quirks {
        Vendor::named(self.vendor).expect("a row of the table").quirks
    }

    /// What the path of a client's request says.
    pub(crate) fn asked(self, stream: bool) -> Asked {
        match self.format {
            WireFormat::GeminiGenerate | WireFormat::BedrockConverse => Asked {
                format: self.format,
                model: Some(self.model.to_owned()),
                framing: Some(if stream { self.streamed() } else { Framing::Whole }),
            },
            WireFormat::OpenAIChat
            | WireFormat::OpenAIResponses
            | WireFormat::OpenAICompletions
            | WireFormat::OpenAIEmbeddings
            | WireFormat::AnthropicMessages
            | WireFormat::AnthropicTokens => self.format.into(),
        }
    }

    /// How its streams are framed.
    pub(crate) fn streamed(self) -> Framing {
        if self.format == WireFormat::BedrockConverse {
            Framing::EventStream
        } else {
            Framing::Sse
        }
    }
}
