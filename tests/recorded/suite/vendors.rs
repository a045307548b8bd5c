//! Which provider of the gateway stands in for which recorded one.

use super::corpus::Exchange;

/// A wire format of chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Chat,
    Messages,
}

impl Format {
    pub(super) const ALL: [Self; 2] = [Self::Chat, Self::Messages];

    pub(super) fn other(self) -> Self {
        match self {
            Self::Chat => Self::Messages,
            Self::Messages => Self::Chat,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
        }
    }

    /// As a name's part.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Messages => "messages",
        }
    }
}

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

/// The `provider` for an exchange, and whether its endpoint is given with `/v1`. Anthropic's own OpenAI-compatible
/// endpoint is another vendor in effect, and what is not known by name is `Custom`.
pub(super) fn provider(exchange: &Exchange) -> &'static str {
    let foreign = exchange.vendor == "anthropic" && exchange.format() == Some(Format::Chat);
    let named = NAMED
        .iter()
        .find(|(vendor, _)| *vendor == exchange.vendor && !foreign);
    named.map_or("Custom", |(_, provider)| provider)
}
