//! Which module reads and writes a format: the one place where formats are told apart.

use std::borrow::Cow;

use super::reading::Read;
use super::writing::{Setting, Whole, Write};
use super::{Framing, WireFormat};
use super::{
    anthropic, bedrock, gemini, openai_chat, openai_completions, openai_embeddings, openai_responses,
    token_count,
};
use crate::chat::Request;
use crate::intake::{BadRequest, Outbound, TargetShape};
use crate::relay::ProviderShape;

/// The reader of a provider's answer.
pub(crate) fn reader(provider: ProviderShape) -> Box<dyn Read> {
    match provider.format {
        WireFormat::OpenAIChat => Box::new(openai_chat::Reader::new(provider.quirks)),
        WireFormat::OpenAICompletions => Box::new(openai_chat::Reader::of_completions(provider.quirks)),
        WireFormat::AnthropicMessages => Box::new(anthropic::Reader::new(provider.quirks)),
        WireFormat::OpenAIEmbeddings => Box::new(openai_embeddings::Reader),
        WireFormat::AnthropicTokens => Box::new(token_count::Reader),
        WireFormat::OpenAIResponses => Box::new(openai_responses::Reader::new(provider.quirks)),
        WireFormat::GeminiGenerate => Box::new(gemini::Reader::new(provider.quirks)),
        WireFormat::BedrockConverse => Box::new(bedrock::Reader::new(provider.quirks)),
    }
}

/// The writer of a client's answer. `None`: such answers only pass.
pub(crate) fn writer(format: WireFormat, framing: Framing, setting: Setting) -> Option<Box<dyn Write>> {
    let whole = |write| -> Option<Box<dyn Write>> { Some(Box::new(Whole::new(setting.clone(), write))) };
    match (format, framing) {
        (WireFormat::OpenAIChat, Framing::Whole) => whole(openai_chat::write_whole),
        (WireFormat::OpenAIChat, _) => Some(Box::new(openai_chat::StreamWriter::new(setting))),
        (WireFormat::AnthropicMessages, Framing::Whole) => whole(anthropic::write_whole),
        (WireFormat::AnthropicMessages, _) => Some(Box::new(anthropic::StreamWriter::new(setting))),
        (WireFormat::OpenAIResponses, Framing::Whole) => {
            Some(Box::new(openai_responses::Writer::whole(setting)))
        }
        (WireFormat::OpenAIResponses, _) => Some(Box::new(openai_responses::Writer::streaming(setting))),
        (WireFormat::OpenAICompletions, Framing::Whole) => whole(openai_completions::write_whole),
        (WireFormat::OpenAICompletions, _) => Some(Box::new(openai_completions::StreamWriter::new(setting))),
        (WireFormat::GeminiGenerate, Framing::Whole) => whole(gemini::write_whole),
        (WireFormat::GeminiGenerate, _) => Some(Box::new(gemini::StreamWriter::new(setting, framing))),
        // No client speaks Converse.
        (WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens | WireFormat::BedrockConverse, _) => None,
    }
}

/// Reads a client's request into the neutral model.
pub(crate) fn decode(format: WireFormat, body: &str) -> Result<Request<'_>, BadRequest> {
    match format {
        WireFormat::OpenAIChat => openai_chat::request::decode(body),
        WireFormat::AnthropicMessages => anthropic::request::decode(body),
        WireFormat::OpenAIResponses => openai_responses::request::decode(body),
        WireFormat::OpenAICompletions => openai_completions::decode(body),
        WireFormat::GeminiGenerate => gemini::request::decode(body),
        WireFormat::BedrockConverse => bedrock::request::decode(body),
        WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => Err(not_a_chat()),
    }
}

/// A client's request with what stands in it in a dialect of its format (Gemini's schemas) in the words of all.
pub(crate) fn plain(format: WireFormat, body: &str) -> Result<Cow<'_, str>, BadRequest> {
    match format {
        WireFormat::GeminiGenerate => gemini::request::plain(body),
        WireFormat::OpenAIChat
        | WireFormat::OpenAIResponses
        | WireFormat::OpenAICompletions
        | WireFormat::OpenAIEmbeddings
        | WireFormat::AnthropicMessages
        | WireFormat::AnthropicTokens
        | WireFormat::BedrockConverse => Ok(Cow::Borrowed(body)),
    }
}

/// Writes the neutral model as a provider's request.
pub(crate) fn encode(request: &Request<'_>, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
    match target.format {
        WireFormat::OpenAIChat => openai_chat::request::encode(request, target),
        WireFormat::AnthropicMessages => anthropic::request::encode(request, target),
        WireFormat::OpenAIResponses => openai_responses::request::encode(request, target),
        WireFormat::GeminiGenerate => gemini::request::encode(request, target),
        WireFormat::BedrockConverse => bedrock::request::encode(request, target),
        // No provider has only completions.
        WireFormat::OpenAICompletions | WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => {
            Err(not_a_chat())
        }
    }
}

fn not_a_chat() -> BadRequest {
    BadRequest {
        message: "the model is served by an endpoint of another kind; send chat requests to chat models and \
                  embeddings to embedding models"
            .to_owned(),
        param: Some("model".to_owned()),
    }
}
