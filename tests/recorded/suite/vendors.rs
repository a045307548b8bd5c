//! Which provider of the gateway stands in for which recorded one.

use serde_json::{Value, json};
use wayleave_core::format::{Paths, Upstream, WireFormat};
use wayleave_core::vendor::Vendor;

use super::view::View;
use crate::recordings::api::Api;
use crate::recordings::exchange::Exchange;

/// The vendors that the gateway knows by name and that recordings exist of, and their `provider`.
pub(super) const NAMED: [(&str, &str); 11] = [
    ("anthropic", "Anthropic"),
    ("azure", "AzureOpenAI"),
    ("bedrock", "Bedrock"),
    ("cerebras", "Cerebras"),
    ("gemini", "Gemini"),
    ("groq", "Groq"),
    ("mistral", "Mistral"),
    ("openai", "OpenAI"),
    ("openrouter", "OpenRouter"),
    ("vertex", "VertexAI"),
    ("xai", "XAI"),
];

/// The vendor of an exchange, if it is known by name and is asked in the exchange's format for such a client.
/// Anthropic's and Google's own endpoints that speak OpenAI's format are other vendors in effect.
fn named(exchange: &Exchange, view: View) -> Option<&'static str> {
    let (_, name) = NAMED.iter().find(|(vendor, _)| *vendor == exchange.provider)?;
    let vendor = Vendor::named(name)?;
    let found = Upstream::find(vendor, &Paths::Plain, view.format(), view.framing(), "a-model")?;
    let answered = written(exchange).is_none_or(|format| format == found.format);
    answered.then_some(*name)
}

/// The format of a chat that the exchange's body is in; of errors at other endpoints it does not matter.
fn written(exchange: &Exchange) -> Option<WireFormat> {
    let format = exchange.api?.format();
    let beside = matches!(
        format,
        WireFormat::OpenAIEmbeddings | WireFormat::OpenAICompletions
    );
    (!beside || exchange.status < 400).then_some(format)
}

/// What the ids of keys begin with that serve such an exchange to such a client.
pub(super) fn family(exchange: &Exchange, view: View) -> String {
    let endpoint = exchange.endpoint.replace('.', "-").to_lowercase();
    let by = if named(exchange, view).is_some() {
        ""
    } else {
        "-custom"
    };
    format!("{}-{endpoint}{by}", exchange.provider)
}

/// The part of a `ProviderKey`'s spec that says who it is.
pub(super) fn provider(exchange: &Exchange, view: View) -> Value {
    match named(exchange, view) {
        Some("Bedrock") => json!({"provider": "Bedrock", "aws": {"region": "us-east-1"}}),
        Some("VertexAI") => {
            json!({"provider": "VertexAI", "vertex": {"project": "a-project", "location": "global"}})
        }
        Some(provider) => json!({"provider": provider}),
        None => json!({"provider": "Custom", "format": custom(exchange)}),
    }
}

/// The format that a server of the exchange's is said to have: completions and embeddings are beside a chat.
fn custom(exchange: &Exchange) -> WireFormat {
    let format = exchange.api.map_or(WireFormat::OpenAIChat, Api::format);
    if matches!(
        format,
        WireFormat::OpenAIEmbeddings | WireFormat::OpenAICompletions
    ) {
        WireFormat::OpenAIChat
    } else {
        format
    }
}
