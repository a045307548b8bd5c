//! Where at a provider, and in which format, a request goes.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{Framing, WireFormat};
use crate::vendor::Vendor;

/// What a segment of a path may have as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How an endpoint's paths are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Paths {
    /// The format's own, below the base URL.
    #[default]
    Plain,
    /// Azure OpenAI's: a deployment in the path, which the model names, and the version of the API in the query.
    Deployments {
        /// `2024-10-21`.
        api_version: Arc<str>,
    },
}

/// Where at a provider, and in which format, a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The format to write.
    pub format: WireFormat,
    /// What follows on the base URL, with the query.
    pub path: String,
    /// The framing that is asked for.
    pub framing: Framing,
}

impl Upstream {
    /// For a request of the client format `asked` whose answer is to be framed so. `None`: the vendor has nothing for
    /// it.
    pub fn find(
        vendor: &Vendor,
        paths: &Paths,
        asked: WireFormat,
        client: Framing,
        model: &str,
    ) -> Option<Self> {
        let format = serving(vendor, asked)?;
        let framing = match (format, client) {
            (_, Framing::Whole) => Framing::Whole,
            (WireFormat::BedrockConverse, _) => Framing::EventStream,
            // Its own clients get what they asked for, byte for byte.
            (WireFormat::GeminiGenerate, Framing::JsonArray) if asked == format => Framing::JsonArray,
            (_, _) => Framing::Sse,
        };
        let beside = vendor.also.iter().find(|(also, _)| *also == format);
        let path = match beside {
            Some((_, path)) => (*path).to_owned(),
            None => path(format, framing, model),
        };
        let path = match paths {
            Paths::Plain => path,
            Paths::Deployments { api_version } => {
                let deployment = utf8_percent_encode(model, SEGMENT);
                let version = utf8_percent_encode(api_version, SEGMENT);
                format!("/openai/deployments/{deployment}{path}?api-version={version}")
            }
        };
        Some(Self {
            format,
            path,
            framing,
        })
    }
}

/// The format in which a vendor serves a request of another.
fn serving(vendor: &Vendor, asked: WireFormat) -> Option<WireFormat> {
    if asked == vendor.format || vendor.also.iter().any(|(also, _)| *also == asked) {
        return Some(asked);
    }
    match asked {
        // Neither is a chat.
        WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => None,
        WireFormat::OpenAIChat
        | WireFormat::OpenAIResponses
        | WireFormat::OpenAICompletions
        | WireFormat::AnthropicMessages
        | WireFormat::GeminiGenerate
        | WireFormat::BedrockConverse => Some(vendor.format),
    }
}

/// Where the chat of a format is.
fn path(format: WireFormat, framing: Framing, model: &str) -> String {
    let model = utf8_percent_encode(model, SEGMENT);
    match (format, framing) {
        (WireFormat::OpenAIChat, _) => "/chat/completions".to_owned(),
        (WireFormat::OpenAIResponses, _) => "/responses".to_owned(),
        (WireFormat::OpenAICompletions, _) => "/completions".to_owned(),
        (WireFormat::OpenAIEmbeddings, _) => "/embeddings".to_owned(),
        (WireFormat::AnthropicMessages, _) => "/v1/messages".to_owned(),
        (WireFormat::AnthropicTokens, _) => "/v1/messages/count_tokens".to_owned(),
        (WireFormat::GeminiGenerate, Framing::Whole) => format!("/models/{model}:generateContent"),
        (WireFormat::GeminiGenerate, Framing::JsonArray) => format!("/models/{model}:streamGenerateContent"),
        (WireFormat::GeminiGenerate, Framing::Sse | Framing::EventStream) => {
            format!("/models/{model}:streamGenerateContent?alt=sse")
        }
        (WireFormat::BedrockConverse, Framing::Whole) => format!("/model/{model}/converse"),
        (WireFormat::BedrockConverse, _) => format!("/model/{model}/converse-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(vendor: &str, asked: WireFormat, framing: Framing) -> Option<(WireFormat, String, Framing)> {
        let vendor = Vendor::named(vendor).expect("a vendor");
        let found = Upstream::find(vendor, &Paths::Plain, asked, framing, "a/b:1")?;
        Some((found.format, found.path, found.framing))
    }

    #[test]
    fn each_format_has_its_paths() {
        use Framing::{EventStream, JsonArray, Sse, Whole};
        use WireFormat::{AnthropicMessages, AnthropicTokens, OpenAIChat, OpenAIEmbeddings, OpenAIResponses};
        let chat = "/chat/completions".to_owned();
        assert_eq!(
            find("Groq", AnthropicMessages, Sse),
            Some((OpenAIChat, chat, Sse))
        );
        let responses = "/responses".to_owned();
        assert_eq!(
            find("OpenAI", OpenAIResponses, Sse),
            Some((OpenAIResponses, responses, Sse))
        );
        let count = "/v1/messages/count_tokens".to_owned();
        assert_eq!(
            find("Anthropic", AnthropicTokens, Whole),
            Some((AnthropicTokens, count, Whole))
        );
        assert_eq!(find("Groq", AnthropicTokens, Whole), None);
        assert_eq!(find("Anthropic", OpenAIEmbeddings, Whole), None);
        let gemini = Vendor::named("Gemini").expect("a row");
        let at = |asked, framing| {
            Upstream::find(gemini, &Paths::Plain, asked, framing, "g").map(|found| found.path)
        };
        assert_eq!(
            at(OpenAIChat, Whole).as_deref(),
            Some("/models/g:generateContent")
        );
        assert_eq!(
            at(OpenAIChat, Sse).as_deref(),
            Some("/models/g:streamGenerateContent?alt=sse")
        );
        assert_eq!(
            at(WireFormat::GeminiGenerate, JsonArray).as_deref(),
            Some("/models/g:streamGenerateContent")
        );
        let bedrock = find("Bedrock", OpenAIChat, Sse).expect("it chats");
        assert_eq!(
            bedrock,
            (
                WireFormat::BedrockConverse,
                "/model/a%2Fb%3A1/converse-stream".to_owned(),
                EventStream
            )
        );
    }

    #[test]
    fn azure_has_deployments() {
        let paths = Paths::Deployments {
            api_version: "2024-10-21".into(),
        };
        let azure = Vendor::named("AzureOpenAI").expect("a row");
        let found = Upstream::find(
            azure,
            &paths,
            WireFormat::AnthropicMessages,
            Framing::Sse,
            "my gpt",
        );
        assert_eq!(
            found.expect("it chats").path,
            "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21"
        );
    }
}
