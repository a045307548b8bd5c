//! The APIs of the recordings. An enum of their own, so that the oracle can read more than the relay speaks.

use wayleave_core::format::{Framing, WireFormat};

/// The formats of the clients that answers are translated for.
pub(crate) const CLIENTS: &[WireFormat] = &[
    WireFormat::OpenAIChat,
    WireFormat::OpenAICompletions,
    WireFormat::OpenAIResponses,
    WireFormat::AnthropicMessages,
    WireFormat::GeminiGenerate,
];

/// How a client of a format may want its answer.
pub(crate) fn framings(format: WireFormat) -> &'static [Framing] {
    match format {
        WireFormat::GeminiGenerate => &[Framing::Sse, Framing::JsonArray, Framing::Whole],
        WireFormat::OpenAIChat
        | WireFormat::OpenAIResponses
        | WireFormat::OpenAICompletions
        | WireFormat::OpenAIEmbeddings
        | WireFormat::AnthropicTokens
        | WireFormat::BedrockConverse
        | WireFormat::AnthropicMessages => &[Framing::Sse, Framing::Whole],
    }
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Api {
    OpenAIChat,
    OpenAIResponses,
    OpenAICompletions,
    OpenAIEmbeddings,
    AnthropicMessages,
    GeminiGenerate,
    BedrockConverse,
}

/// How an answer is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    Sse,
    Whole,
    /// Gemini's stream without `alt=sse`: one array that grows.
    JsonArray,
    /// AWS' binary frames.
    EventStream,
}

impl Api {
    pub(crate) const ALL: [Self; 7] = [
        Self::OpenAIChat,
        Self::OpenAIResponses,
        Self::OpenAICompletions,
        Self::OpenAIEmbeddings,
        Self::AnthropicMessages,
        Self::GeminiGenerate,
        Self::BedrockConverse,
    ];

    /// By the recording's word for the endpoint; `None`: none of ours.
    pub(crate) fn asked_at(endpoint: &str) -> Option<Self> {
        Some(match endpoint {
            "chat.completions" => Self::OpenAIChat,
            "responses" => Self::OpenAIResponses,
            "completions" => Self::OpenAICompletions,
            "embeddings" => Self::OpenAIEmbeddings,
            "messages" => Self::AnthropicMessages,
            "generateContent" | "streamGenerateContent" => Self::GeminiGenerate,
            "converse" | "converse-stream" => Self::BedrockConverse,
            _ => return None,
        })
    }

    pub(crate) const fn of(format: WireFormat) -> Self {
        match format {
            WireFormat::OpenAIChat => Self::OpenAIChat,
            WireFormat::OpenAIEmbeddings => Self::OpenAIEmbeddings,
            WireFormat::AnthropicMessages | WireFormat::AnthropicTokens => Self::AnthropicMessages,
            WireFormat::OpenAIResponses => Self::OpenAIResponses,
            WireFormat::OpenAICompletions => Self::OpenAICompletions,
            WireFormat::GeminiGenerate => Self::GeminiGenerate,
            WireFormat::BedrockConverse => Self::BedrockConverse,
        }
    }

    /// The gateway's word for it.
    pub(crate) const fn format(self) -> WireFormat {
        match self {
            Self::OpenAIChat => WireFormat::OpenAIChat,
            Self::AnthropicMessages => WireFormat::AnthropicMessages,
            Self::OpenAIResponses => WireFormat::OpenAIResponses,
            Self::OpenAICompletions => WireFormat::OpenAICompletions,
            Self::OpenAIEmbeddings => WireFormat::OpenAIEmbeddings,
            Self::GeminiGenerate => WireFormat::GeminiGenerate,
            Self::BedrockConverse => WireFormat::BedrockConverse,
        }
    }
}

impl Frames {
    pub(crate) const fn of(framing: Framing) -> Self {
        match framing {
            Framing::Sse => Self::Sse,
            Framing::JsonArray => Self::JsonArray,
            Framing::EventStream => Self::EventStream,
            Framing::Whole => Self::Whole,
        }
    }
}
