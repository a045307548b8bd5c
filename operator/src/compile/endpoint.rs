//! The base URL of a provider.

use std::sync::Arc;

use http::Uri;
use wayleave_api::provider_key::{ProviderKeySpec, ProviderName};

use super::verdict::Problems;
use crate::field::FieldPath;

/// Why a text is no base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadUrl {
    #[error("is not a URL: write one such as https://host:8443/v1")]
    Malformed,
    #[error("has no scheme http or https: write one such as https://host/v1")]
    Scheme,
    #[error("has a query or a fragment: write the base URL only, paths are appended to it")]
    Query,
    #[error("has credentials: put them into a Secret and name it in secretRefs")]
    Credentials,
}

/// The user's endpoint, else the cloud's or the vendor's own.
pub(super) fn url(spec: &ProviderKeySpec, own: Option<&str>, problems: &mut Problems) -> Option<Arc<str>> {
    let field = FieldPath::spec().key("endpoint");
    match (&spec.endpoint, own) {
        // A text that may hold credentials is not repeated.
        (Some(text), _) => match parse(text) {
            Err(error @ (BadUrl::Credentials | BadUrl::Query)) => problems.valid(&field, Err(error)),
            parsed => problems.valid(&field, parsed.map_err(|error| format!("`{text}` {error}"))),
        },
        (None, Some(url)) => Some(Arc::from(url)),
        (None, None) => {
            if let Some(message) = missing(spec.provider) {
                problems.invalid(&field, message);
            }
            None
        }
    }
}

/// What is said where only the user can know the URL.
fn missing(provider: ProviderName) -> Option<&'static str> {
    match provider {
        ProviderName::Custom => {
            Some("is missing: Custom needs the base URL, such as http://vllm.models:8000/v1")
        }
        ProviderName::AzureOpenAI => {
            Some("is missing: AzureOpenAI needs the resource, such as https://my-resource.openai.azure.com")
        }
        ProviderName::OpenAI
        | ProviderName::Anthropic
        | ProviderName::Gemini
        | ProviderName::Groq
        | ProviderName::Cerebras
        | ProviderName::DeepInfra
        | ProviderName::Mistral
        | ProviderName::XAI
        | ProviderName::OpenRouter
        | ProviderName::Bedrock
        | ProviderName::VertexAI => None,
    }
}

fn parse(text: &str) -> Result<Arc<str>, BadUrl> {
    if text.contains('@') {
        return Err(BadUrl::Credentials);
    }
    if text.contains(['?', '#']) {
        return Err(BadUrl::Query);
    }
    let uri: Uri = text.parse().map_err(|_| BadUrl::Malformed)?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(BadUrl::Scheme);
    }
    let authority = uri
        .authority()
        .filter(|authority| !authority.host().is_empty())
        .ok_or(BadUrl::Malformed)?;
    // `host:` and `host:99999` are authorities, but no port is in them.
    let port_is_bad =
        authority.as_str() != authority.host() && authority.port_u16().is_none_or(|port| port == 0);
    if port_is_bad {
        Err(BadUrl::Malformed)
    } else {
        Ok(Arc::from(text.trim_end_matches('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_base_url_without_its_last_slash() {
        for (text, url) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
            ("http://[::1]:4010/v1//", "http://[::1]:4010/v1"),
            ("http://[::1]/", "http://[::1]"),
            ("HTTP://host/", "HTTP://host"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(url), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for (text, error) in [
            ("", BadUrl::Malformed),
            ("api.openai.com/v1", BadUrl::Malformed),
            ("api.openai.com", BadUrl::Scheme),
            ("ftp://host/v1", BadUrl::Scheme),
            ("https://", BadUrl::Malformed),
            ("https:///v1", BadUrl::Malformed),
            ("https://host:", BadUrl::Malformed),
            ("https://host:0/v1", BadUrl::Malformed),
            ("https://host:99999", BadUrl::Malformed),
            ("https://host/v1?key=1", BadUrl::Query),
            ("https://host/v1#x", BadUrl::Query),
            ("https://user:pass@host/v1", BadUrl::Credentials),
            ("https://ho st/v1", BadUrl::Malformed),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
