//! Which headers cross the gateway. Everything else stays on its side: above all a client's credentials.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};

use crate::format::{Family, Framing, WireFormat};

/// The version of the Anthropic API that is spoken where the client names none.
const ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// From a client of the same format to its provider.
const ANTHROPIC_REQUEST: [&str; 2] = ["anthropic-version", "anthropic-beta"];
/// From any client to any provider: the trace that the call belongs to.
const TRACE: [&str; 2] = ["traceparent", "tracestate"];
/// From a provider to the client.
const ANSWER: [&str; 7] = [
    "request-id",
    "x-request-id",
    "retry-after-ms",
    "x-should-retry",
    "openai-processing-ms",
    "openai-version",
    "cf-ray",
];
const ANSWER_PREFIXES: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// The headers of a request to a provider, without its credential.
pub fn to_provider(format: WireFormat, client: WireFormat, framing: Framing, from: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(framing.media_type()));
    copy(&TRACE, from, &mut headers);
    if format.family() == Family::Anthropic {
        headers.insert(HeaderName::from_static("anthropic-version"), ANTHROPIC_VERSION);
        if client == format {
            copy(&ANTHROPIC_REQUEST, from, &mut headers);
        }
    }
    headers
}

/// The headers of a provider's answer that a client gets: request ids, rate limits, times to retry.
pub fn to_client(from: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    copy(&ANSWER, from, &mut headers);
    for (name, value) in from {
        if ANSWER_PREFIXES
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
        {
            headers.insert(name.clone(), value.clone());
        }
    }
    if let Some(value) = from.get(RETRY_AFTER) {
        headers.insert(RETRY_AFTER, value.clone());
    }
    headers
}

/// All values of these names; what stands there already gives way.
fn copy(names: &[&'static str], from: &HeaderMap, to: &mut HeaderMap) {
    for name in names {
        let name = HeaderName::from_static(name);
        let mut values = from.get_all(&name).iter();
        if let Some(first) = values.next() {
            to.insert(name.clone(), first.clone());
            for value in values {
                to.append(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn no_credential_of_a_client_crosses() {
        let client = from(&[
            ("authorization", "Bearer sk-client"),
            ("x-api-key", "sk-client"),
            ("api-key", "sk-client"),
            ("x-goog-api-key", "sk-client"),
            ("cookie", "session=1"),
            ("openai-organization", "org"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("traceparent", "00-1-2-01"),
        ]);
        for format in [WireFormat::OpenAIChat, WireFormat::AnthropicMessages] {
            let sent = to_provider(format, WireFormat::AnthropicMessages, Framing::Sse, &client);
            let shown = format!("{sent:?}");
            assert!(
                !shown.contains("sk-client") && !shown.contains("session") && !shown.contains("org"),
                "{shown}"
            );
            assert!(sent.contains_key("traceparent"));
        }
    }

    #[test]
    fn beta_flags_go_to_anthropic_only() {
        let client = from(&[
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("anthropic-version", "2024-01-01"),
        ]);
        let same = to_provider(
            WireFormat::AnthropicMessages,
            WireFormat::AnthropicMessages,
            Framing::Whole,
            &client,
        );
        assert_eq!(same.get_all("anthropic-beta").iter().count(), 2);
        assert_eq!(same["anthropic-version"], "2024-01-01");
        let other = to_provider(
            WireFormat::OpenAIChat,
            WireFormat::AnthropicMessages,
            Framing::Whole,
            &client,
        );
        assert!(!other.contains_key("anthropic-beta") && !other.contains_key("anthropic-version"));
        let from_openai = to_provider(
            WireFormat::AnthropicMessages,
            WireFormat::OpenAIChat,
            Framing::Whole,
            &client,
        );
        assert_eq!(from_openai["anthropic-version"], "2023-06-01");
    }

    #[test]
    fn the_client_keeps_limits_and_ids_but_no_cookie() {
        let provider = from(&[
            ("retry-after", "3"),
            ("x-ratelimit-remaining-tokens", "10"),
            ("anthropic-ratelimit-requests-limit", "5"),
            ("request-id", "req_1"),
            ("set-cookie", "a=b"),
            ("content-length", "12"),
        ]);
        let kept = to_client(&provider);
        assert_eq!(kept.len(), 4);
    }
}
