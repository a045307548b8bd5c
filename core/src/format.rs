//! Wire formats: one module each. A new vendor of a known format is a row in [`crate::vendor`], never a module.

pub(crate) mod alternation;
pub(crate) mod answer;
pub(crate) mod anthropic;
pub(crate) mod bedrock;
mod codec;
pub(crate) mod event_stream;
mod framing;
pub(crate) mod gemini;
pub(crate) mod json_array;
mod lenient;
pub(crate) mod openai_chat;
pub(crate) mod openai_completions;
pub(crate) mod openai_embeddings;
pub(crate) mod openai_responses;
pub(crate) mod reading;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod scan;
pub(crate) mod sse;
pub(crate) mod token_count;
mod upstream;
pub(crate) mod writing;

use serde::{Deserialize, Serialize};

pub(crate) use codec::{decode, encode, plain, reader, writer};
pub use framing::Framing;
pub use upstream::{Paths, Upstream};

/// How bodies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WireFormat {
    /// OpenAI chat completions.
    OpenAIChat,
    /// OpenAI responses, without any that are stored.
    OpenAIResponses,
    /// OpenAI completions, the older API: a prompt, no messages.
    OpenAICompletions,
    /// OpenAI embeddings: every provider of the OpenAI formats has them too.
    OpenAIEmbeddings,
    /// Anthropic Messages.
    AnthropicMessages,
    /// The count of the tokens of an Anthropic message.
    AnthropicTokens,
    /// Gemini `generateContent` and `streamGenerateContent`. The model is in the path.
    GeminiGenerate,
    /// Amazon Bedrock `converse` and `converse-stream`. The model is in the path.
    BedrockConverse,
}

/// Whose a format is: all formats of a family write their errors alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// OpenAI's.
    OpenAI,
    /// Anthropic's.
    Anthropic,
    /// Google's.
    Google,
    /// Amazon's.
    Amazon,
}

impl WireFormat {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::OpenAIChat,
        Self::OpenAIResponses,
        Self::OpenAICompletions,
        Self::OpenAIEmbeddings,
        Self::AnthropicMessages,
        Self::AnthropicTokens,
        Self::GeminiGenerate,
        Self::BedrockConverse,
    ];

    /// Whose it is.
    pub const fn family(self) -> Family {
        match self {
            Self::OpenAIChat | Self::OpenAIResponses | Self::OpenAICompletions | Self::OpenAIEmbeddings => {
                Family::OpenAI
            }
            Self::AnthropicMessages | Self::AnthropicTokens => Family::Anthropic,
            Self::GeminiGenerate => Family::Google,
            Self::BedrockConverse => Family::Amazon,
        }
    }
}
