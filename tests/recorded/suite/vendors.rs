//! Which provider of the gateway stands in for which recorded one.

use wayleave_tests::Format;

use super::corpus::Exchange;

/// The vendors that the gateway knows by name and that recordings exist of, and their `provider`.
pub(super) const NAMED: [(&str, &str); 8] = [
    ("anthropic", "Anthropic"),
    ("cerebras", "Cerebras"),
    ("gemini", "Gemini"),
    ("groq", "Groq"),
    ("mistral", "Mistral"),
    ("openai", "OpenAI"),
    ("openrouter", "OpenRouter"),
    ("xai", "XAI"),
];

/// The `provider` for an exchange, and whether its endpoint is given with `/v1`. Anthropic's and Google's own endpoints
/// that speak OpenAI's format are other vendors in effect, and what is not known by name is `Custom`.
pub(super) fn provider(exchange: &Exchange) -> &'static str {
    let foreign =
        ["anthropic", "gemini"].contains(&&*exchange.vendor) && exchange.format() == Some(Format::OpenAi);
    let named = NAMED
        .iter()
        .find(|(vendor, _)| *vendor == exchange.vendor && !foreign);
    named.map_or("Custom", |(_, provider)| provider)
}
