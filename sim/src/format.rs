//! Which API a request speaks to.

use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::Value;

use crate::problem::Problem;
use crate::{anthropic, openai};

/// A provider's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    OpenAi,
    Anthropic,
}

/// What is served at a path, whatever comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Chat(Format),
    Embeddings,
    Models(Format),
    Unknown(Format),
}

impl Format {
    /// Status and body of an error.
    pub(crate) fn error(self, problem: &Problem, model: &str) -> (StatusCode, Value) {
        match self {
            Self::OpenAi => openai::error::render(problem, model),
            Self::Anthropic => anthropic::error::render(problem, model),
        }
    }

    /// An error event of a stream.
    pub(crate) fn error_event(self, problem: &Problem, model: &str) -> String {
        match self {
            Self::OpenAi => openai::error::event(problem, model),
            Self::Anthropic => anthropic::error::event(problem, model),
        }
    }

    /// The header that carries the provider's id of the request.
    pub(crate) fn id_header(self) -> HeaderName {
        match self {
            Self::OpenAi => HeaderName::from_static("x-request-id"),
            Self::Anthropic => HeaderName::from_static("request-id"),
        }
    }
}

impl Endpoint {
    /// By the end of the path; the `anthropic-version` header tells whose models are asked for.
    pub(crate) fn of(method: &Method, path: &str, headers: &HeaderMap) -> Self {
        let asked = if headers.contains_key("anthropic-version") {
            Format::Anthropic
        } else {
            Format::OpenAi
        };
        if *method == Method::POST && path.ends_with("/chat/completions") {
            Self::Chat(Format::OpenAi)
        } else if *method == Method::POST && path.ends_with("/v1/messages") {
            Self::Chat(Format::Anthropic)
        } else if *method == Method::POST && path.ends_with("/embeddings") {
            Self::Embeddings
        } else if *method == Method::GET && path.ends_with("/models") {
            Self::Models(asked)
        } else {
            Self::Unknown(asked)
        }
    }

    pub(crate) fn format(self) -> Format {
        match self {
            Self::Chat(format) | Self::Models(format) | Self::Unknown(format) => format,
            Self::Embeddings => Format::OpenAi,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_does_not_matter() {
        let at = |method: Method, path: &str| Endpoint::of(&method, path, &HeaderMap::new());
        for prefix in ["", "/v1", "/openai/v1", "/v1beta/openai"] {
            let path = format!("{prefix}/chat/completions");
            assert_eq!(at(Method::POST, &path), Endpoint::Chat(Format::OpenAi), "{path}");
        }
        assert_eq!(
            at(Method::POST, "/x/v1/messages"),
            Endpoint::Chat(Format::Anthropic)
        );
        assert_eq!(at(Method::POST, "/v1/embeddings"), Endpoint::Embeddings);
        assert_eq!(at(Method::GET, "/v1/models"), Endpoint::Models(Format::OpenAi));
        assert_eq!(
            at(Method::GET, "/v1/chat/completions"),
            Endpoint::Unknown(Format::OpenAi)
        );
        assert_eq!(at(Method::POST, "/v1/files"), Endpoint::Unknown(Format::OpenAi));
    }
}
