//! The paths that the gateway serves, and the format in which each is asked.

use http::Method;

use crate::format::WireFormat;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/embeddings`.
    Embeddings,
    /// `GET /v1/models`.
    Models,
}

/// How a method and a path relate to the endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// This endpoint.
    Endpoint(Endpoint),
    /// An endpoint's path with another method than this one.
    WrongMethod(Endpoint),
    /// Not ours.
    Foreign,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 4] = [
        Self::ChatCompletions,
        Self::Messages,
        Self::Embeddings,
        Self::Models,
    ];

    /// Recognises a request by its method and path (a query is ignored). Besides `/v1/…` it takes what the official
    /// SDKs make of other base URLs: no `/v1` (OpenAI SDK at the bare host), `/v1/v1` (Anthropic SDK at `…/v1`).
    pub fn recognise(method: &Method, path: &str) -> Recognised {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let path = path.strip_prefix("/v1").unwrap_or(path);
        let path = path.strip_prefix("/v1").unwrap_or(path);
        let Some(endpoint) = Self::ALL.into_iter().find(|endpoint| endpoint.suffix() == path) else {
            return Recognised::Foreign;
        };
        if *method == endpoint.method() {
            Recognised::Endpoint(endpoint)
        } else {
            Recognised::WrongMethod(endpoint)
        }
    }

    /// The method that it takes.
    pub const fn method(self) -> Method {
        match self {
            Self::ChatCompletions | Self::Messages | Self::Embeddings => Method::POST,
            Self::Models => Method::GET,
        }
    }

    /// Its path behind `/v1`.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Messages => "/messages",
            Self::Embeddings => "/embeddings",
            Self::Models => "/models",
        }
    }

    /// As it stands in the ledger and in metrics: OpenTelemetry's `gen_ai.operation.name` where it has one.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::ChatCompletions | Self::Messages => "chat",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
        }
    }

    /// The format of its requests and answers; `None`: it follows the client's headers.
    pub const fn format(self) -> Option<WireFormat> {
        match self {
            Self::ChatCompletions => Some(WireFormat::OpenAIChat),
            Self::Messages => Some(WireFormat::AnthropicMessages),
            Self::Embeddings => Some(WireFormat::OpenAIEmbeddings),
            Self::Models => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_what_sdks_send() {
        for path in [
            "/v1/chat/completions",
            "/chat/completions",
            "/v1/chat/completions?x=1",
            "/v1/chat/completions/",
        ] {
            let seen = Endpoint::recognise(&Method::POST, path);
            assert_eq!(seen, Recognised::Endpoint(Endpoint::ChatCompletions), "{path}");
        }
        let twice = Endpoint::recognise(&Method::POST, "/v1/v1/messages");
        assert_eq!(twice, Recognised::Endpoint(Endpoint::Messages));
    }

    #[test]
    fn tells_a_wrong_method_from_a_foreign_path() {
        let get = Endpoint::recognise(&Method::GET, "/v1/messages");
        assert_eq!(get, Recognised::WrongMethod(Endpoint::Messages));
        for path in ["/", "/v1", "/v1/messages/batches", "/v2/messages", "/v1/chat"] {
            assert_eq!(
                Endpoint::recognise(&Method::POST, path),
                Recognised::Foreign,
                "{path}"
            );
        }
    }
}
