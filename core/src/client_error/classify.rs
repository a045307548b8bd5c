//! Whose fault a provider's error is.
//!
//! By the status, except where the body knows better. The phrases are what providers were seen to send or document;
//! all are in small letters.

use crate::outcome::Class;

/// The request does not fit the context window.
const CONTEXT_LENGTH: [&str; 22] = [
    "context_length_exceeded",
    "exceed_context_size",
    // OpenAI, DeepSeek, OpenRouter, vLLM.
    "maximum context length",
    "context window of this model",
    "exceeds the context window",
    "exceeds the model's context",
    "exceed context limit",
    "exceeds the available context size",
    "model_context_window_exceeded",
    // Anthropic.
    "prompt is too long",
    // Gemini.
    "exceeds the maximum number of tokens",
    // xAI.
    "maximum prompt length",
    // Bedrock.
    "input is too long",
    "input tokens exceeded",
    "number of input tokens exceeds",
    // Groq, Cerebras.
    "reduce the length of the messages",
    "reduce your message size",
    // Mistral.
    "too large for model with",
    "prompt contains too many tokens",
    // Text Generation Inference, Together.
    "`inputs` tokens + `max_new_tokens` must be",
    "`inputs` must have less than",
    "exceeds maximum context",
];

/// The content policy refused the request or its answer.
const CONTENT_FILTER: [&str; 16] = [
    "content_filter",
    "content_policy_violation",
    "responsibleaipolicyviolation",
    "content management policy",
    "content filtering policy",
    "safety system",
    "moderation_blocked",
    "flagged as potentially violating",
    "your input was flagged",
    "requires moderation",
    "prohibited_content",
    "prohibited content",
    "block_reason",
    "blocked by safety",
    "violates usage guidelines",
    "safety_check",
];

/// The credential is refused, whatever the status says.
const BAD_KEY: [&str; 9] = [
    "api_key_invalid",
    "api key not valid",
    "api key expired",
    "incorrect api key",
    "invalid api key",
    "invalid_api_key",
    "invalid x-api-key",
    "unrecognizedclientexception",
    "expiredtokenexception",
];

/// The account has no credit left, whatever the status says.
const NO_CREDIT: [&str; 5] = [
    "credit balance is too low",
    "insufficient_quota",
    "insufficient balance",
    "insufficient credits",
    "used all available credits",
];

/// The class of an error answer, and the status that a client should see.
pub(super) fn classify(status: u16, haystack: &str) -> (Class, u16) {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| haystack.contains(phrase));
    let refused_request = matches!(status, 400 | 403 | 413 | 422);
    if refused_request && says(&CONTEXT_LENGTH) || status == 413 && says(&["tokens per minute"]) {
        return (Class::ContextLength, status);
    }
    if refused_request && says(&CONTENT_FILTER) {
        return (Class::ContentFilter, status);
    }
    if status == 400 && says(&BAD_KEY) {
        return (Class::AuthFailed, 401);
    }
    if matches!(status, 400 | 429) && says(&NO_CREDIT) {
        return (Class::AuthFailed, if status == 400 { 402 } else { status });
    }
    if status == 400 && says(&["throttlingexception"]) {
        return (Class::RateLimited, 429);
    }
    (
        by_status(status),
        if (400..600).contains(&status) { status } else { 502 },
    )
}

fn by_status(status: u16) -> Class {
    match status {
        401..=403 => Class::AuthFailed,
        // 498: Groq's flex tier is full.
        429 | 498 => Class::RateLimited,
        // 408, 409, 424 and 425 pass with time; 499 is a provider that was itself left.
        408 | 409 | 424 | 425 | 499 => Class::ServerError,
        400..=499 => Class::Caller,
        _ => Class::ServerError,
    }
}

/// The status that an error inside a 200 stands for by its words, where it names none.
pub(super) fn implied_status(haystack: &str) -> Option<u16> {
    const WORDS: [(&str, u16); 16] = [
        ("rate_limit", 429),
        ("rate limit", 429),
        ("resource_exhausted", 429),
        ("too many requests", 429),
        ("insufficient_quota", 429),
        ("overloaded", 529),
        ("authentication_error", 401),
        ("unauthenticated", 401),
        ("invalid_api_key", 401),
        ("permission", 403),
        ("billing_error", 402),
        ("not_found", 404),
        ("request_too_large", 413),
        ("timeout", 504),
        ("invalid_request", 400),
        ("invalid_argument", 400),
    ];
    let named = WORDS
        .into_iter()
        .find_map(|(word, status)| haystack.contains(word).then_some(status));
    let refused = CONTEXT_LENGTH
        .iter()
        .chain(&CONTENT_FILTER)
        .any(|phrase| haystack.contains(phrase));
    if refused { Some(400) } else { named }
}
