//! Whether an error body is one that the client's API would send.

use http::StatusCode;
use serde_json::Value;

use crate::format::{Family, WireFormat};

/// Whether a body has the members of this format's errors, each of its type.
pub(super) fn fits(body: &[u8], format: WireFormat) -> bool {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = document.get("error").unwrap_or(&Value::Null);
    let text = |name: &str| error.get(name).is_some_and(Value::is_string);
    let text_or_null = |name: &str| {
        error
            .get(name)
            .is_none_or(|value| value.is_string() || value.is_null())
    };
    let told = text("message") && text("type");
    match format.family() {
        Family::OpenAI => told && text_or_null("code") && text_or_null("param"),
        Family::Anthropic => told && document.get("type").is_some_and(|kind| kind == "error"),
        Family::Google => {
            text("message") && text("status") && error.get("code").is_some_and(Value::is_number)
        }
        Family::Amazon => document.get("message").is_some_and(Value::is_string),
    }
}

/// Whether a body names no other status than this. Google's name one: where a client gets another (a bad key is 400
/// there), it would contradict the answer that it stands in.
pub(super) fn agrees(body: &[u8], status: StatusCode) -> bool {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = document.get("error").and_then(|error| error.get("code"));
    let named = named.and_then(Value::as_u64);
    named.is_none_or(|named| named == u64::from(status.as_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_agrees_with_the_status_that_it_names_and_with_any_where_it_names_none() {
        let google = br#"{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}"#;
        assert!(agrees(google, StatusCode::BAD_REQUEST));
        assert!(!agrees(google, StatusCode::UNAUTHORIZED));
        for other in [
            r#"{"error": {"code": "c", "message": "m"}}"#,
            r#"{"error": "m"}"#,
            "",
        ] {
            assert!(agrees(other.as_bytes(), StatusCode::UNAUTHORIZED), "{other}");
        }
    }

    #[test]
    fn only_the_formats_own_errors_fit() {
        let openai = br#"{"error": {"message": "m", "type": "t", "param": null, "code": "c", "more": 1}}"#;
        let anthropic = br#"{"type": "error", "error": {"type": "t", "message": "m"}, "request_id": "r"}"#;
        assert!(fits(openai, WireFormat::OpenAIChat) && !fits(openai, WireFormat::AnthropicMessages));
        assert!(fits(anthropic, WireFormat::AnthropicMessages));
        // Gemini, OpenRouter, xAI, Mistral, Azure.
        for other in [
            r#"{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}"#,
            r#"{"error": {"code": 429, "message": "m", "type": "t"}}"#,
            r#"{"code": "invalid-argument", "error": "m"}"#,
            r#"{"object": "error", "message": "m", "type": "t", "code": "1500"}"#,
            r#"{"error": {"code": "401", "message": "m"}}"#,
            "",
        ] {
            assert!(!fits(other.as_bytes(), WireFormat::OpenAIChat), "{other}");
        }
    }
}
