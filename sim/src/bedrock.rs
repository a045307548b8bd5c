//! Amazon Bedrock's Converse format.

pub(crate) mod error;
mod message;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;

use http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::answer::{Finish, Usage};
use crate::format::bearer;
use crate::ids;

const SIGNED: &str = "AWS4-HMAC-SHA256 ";

/// The access key of a signed request, or an API key. That the signature has all its parts is checked, not that it fits.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    let Some(signed) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix(SIGNED)
    else {
        return bearer(headers);
    };
    let scope = signed.strip_prefix("Credential=")?.split(',').next()?;
    let part = |name: &str| {
        let mut parts = signed.split(',').map(str::trim);
        parts.any(|part| part.strip_prefix(name).is_some_and(|value| !value.is_empty()))
    };
    let whole = part("SignedHeaders=") && part("Signature=") && headers.contains_key("x-amz-date");
    let key = scope.split('/').next()?;
    (whole && scope.ends_with("/aws4_request")).then_some(key)
}

fn call_id() -> String {
    ids::random("tooluse_", 22)
}

fn signature() -> String {
    ids::random("Eq", 86)
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "content_filtered",
        Finish::Refusal => "guardrail_intervened",
        Finish::ToolCalls | Finish::NamedTool => "tool_use",
    }
}

/// Here `inputTokens` does not include the cached ones, but the total does.
fn usage(usage: Usage) -> Value {
    json!({
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.cached + usage.output,
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn key(authorization: &'static str, date: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(authorization));
        if date {
            headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
        }
        credential(&headers).map(str::to_owned)
    }

    #[test]
    fn a_signature_needs_all_its_parts() {
        let whole = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature=abc";
        assert_eq!(key(whole, true).as_deref(), Some("AKID"));
        assert_eq!(key(whole, false), None);
        for bad in [
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host",
            "AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=abc",
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=abc",
            "Basic abc",
        ] {
            assert_eq!(key(bad, true), None, "{bad}");
        }
        assert_eq!(key("Bearer bedrock-key", false).as_deref(), Some("bedrock-key"));
    }
}
