//! Wire formats: one module each. A new vendor of a known format is a row in [`crate::vendor`], never a module.

pub(crate) mod answer;
pub(crate) mod anthropic;
mod framing;
mod lenient;
pub(crate) mod openai_chat;
pub(crate) mod openai_embeddings;
pub(crate) mod reading;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod scan;
pub(crate) mod sse;
pub(crate) mod writing;

use serde::{Deserialize, Serialize};

/// How bodies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WireFormat {
    /// OpenAI chat completions.
    OpenAIChat,
    /// Anthropic Messages.
    AnthropicMessages,
    /// OpenAI embeddings: every provider of the OpenAI chat format has them too.
    OpenAIEmbeddings,
}

/// How an answer is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON body.
    Whole,
}

impl WireFormat {
    /// The format and the path under the base URL in which a provider whose chat format is `self` serves a request
    /// of the client format `asked`; `None`: it cannot.
    pub const fn upstream(self, asked: Self) -> Option<(Self, &'static str)> {
        match (self, asked) {
            (Self::OpenAIChat, Self::OpenAIChat | Self::AnthropicMessages) => {
                Some((Self::OpenAIChat, "/chat/completions"))
            }
            (Self::AnthropicMessages, Self::OpenAIChat | Self::AnthropicMessages) => {
                Some((Self::AnthropicMessages, "/v1/messages"))
            }
            (Self::OpenAIChat | Self::OpenAIEmbeddings, Self::OpenAIEmbeddings) => {
                Some((Self::OpenAIEmbeddings, "/embeddings"))
            }
            (Self::AnthropicMessages, Self::OpenAIEmbeddings) | (Self::OpenAIEmbeddings, _) => None,
        }
    }
}
