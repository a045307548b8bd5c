//! The paths that the gateway serves, and the format in which each is asked.

mod asked;
mod paths;

use http::Method;

use crate::format::WireFormat;

pub use asked::Asked;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/completions`.
    Completions,
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/messages/count_tokens`.
    CountTokens,
    /// `POST /v1beta/models/MODEL:generateContent`.
    GenerateContent,
    /// `POST /v1beta/models/MODEL:streamGenerateContent`.
    StreamGenerateContent,
    /// `POST /v1/embeddings`.
    Embeddings,
    /// `GET /v1/models`.
    Models,
    /// `POST /v1/feedback`.
    Feedback,
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

/// Where an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this path behind the version.
    Path(&'static str),
    /// At a model: `/models/MODEL:METHOD` behind the version.
    Method(&'static str),
}

/// A list of endpoints that does not compile if one is missing.
macro_rules! every {
    ($($endpoint:ident),+ $(,)?) => {{
        const _: fn(Endpoint) = |endpoint| match endpoint {
            $(Endpoint::$endpoint)|+ => (),
        };
        [$(Endpoint::$endpoint),+]
    }};
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 10] = every![
        ChatCompletions,
        Responses,
        Completions,
        Messages,
        CountTokens,
        GenerateContent,
        StreamGenerateContent,
        Embeddings,
        Models,
        Feedback,
    ];

    /// Recognises a request by its method and path (a query is ignored). Besides `/v1/…` it takes what the official
    /// SDKs make of other base URLs: no `/v1` (OpenAI SDK at the bare host), `/v1/v1` (Anthropic SDK at `…/v1`), and
    /// `/v1beta` and `/v1alpha`, alone or behind `/v1`, at which Google's SDK asks.
    pub fn recognise(method: &Method, path: &str) -> Recognised {
        let path = paths::unversioned(path);
        let found = Self::ALL.into_iter().find(|endpoint| match endpoint.place() {
            Place::Path(suffix) => suffix == path,
            Place::Method(method) => paths::model_of(path, method).is_some(),
        });
        let Some(endpoint) = found else {
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
            Self::ChatCompletions
            | Self::Responses
            | Self::Completions
            | Self::Messages
            | Self::CountTokens
            | Self::GenerateContent
            | Self::StreamGenerateContent
            | Self::Embeddings
            | Self::Feedback => Method::POST,
            Self::Models => Method::GET,
        }
    }

    /// Where it is, behind the version.
    pub const fn place(self) -> Place {
        match self {
            Self::ChatCompletions => Place::Path("/chat/completions"),
            Self::Responses => Place::Path("/responses"),
            Self::Completions => Place::Path("/completions"),
            Self::Messages => Place::Path("/messages"),
            Self::CountTokens => Place::Path("/messages/count_tokens"),
            Self::GenerateContent => Place::Method("generateContent"),
            Self::StreamGenerateContent => Place::Method("streamGenerateContent"),
            Self::Embeddings => Place::Path("/embeddings"),
            Self::Models => Place::Path("/models"),
            Self::Feedback => Place::Path("/feedback"),
        }
    }

    /// Its path with the version that the vendor's SDK takes, for a model where the path names one.
    pub fn path(self, model: &str) -> String {
        match self.place() {
            Place::Path(path) => format!("/v1{path}"),
            Place::Method(method) => format!("/v1beta/models/{model}:{method}"),
        }
    }

    /// As it stands in the ledger and in metrics: OpenTelemetry's `gen_ai.operation.name` where it has one.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::ChatCompletions | Self::Responses | Self::Messages => "chat",
            Self::Completions => "text_completion",
            Self::GenerateContent | Self::StreamGenerateContent => "generate_content",
            Self::CountTokens => "count_tokens",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Feedback => "feedback",
        }
    }

    /// The format of its requests and answers; `None`: it follows the client's headers.
    pub const fn format(self) -> Option<WireFormat> {
        match self {
            Self::ChatCompletions => Some(WireFormat::OpenAIChat),
            Self::Responses => Some(WireFormat::OpenAIResponses),
            Self::Completions => Some(WireFormat::OpenAICompletions),
            Self::Messages => Some(WireFormat::AnthropicMessages),
            Self::CountTokens => Some(WireFormat::AnthropicTokens),
            Self::GenerateContent | Self::StreamGenerateContent => Some(WireFormat::GeminiGenerate),
            Self::Embeddings => Some(WireFormat::OpenAIEmbeddings),
            Self::Models | Self::Feedback => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(path: &str) -> Recognised {
        Endpoint::recognise(&Method::POST, path)
    }

    #[test]
    fn recognises_what_sdks_send() {
        for path in [
            "/v1/chat/completions",
            "/chat/completions",
            "/v1/chat/completions?x=1",
            "/v1/chat/completions/",
        ] {
            assert_eq!(
                post(path),
                Recognised::Endpoint(Endpoint::ChatCompletions),
                "{path}"
            );
        }
        let found = |endpoint| Recognised::Endpoint(endpoint);
        assert_eq!(post("/v1/v1/messages"), found(Endpoint::Messages));
        assert_eq!(
            post("/v1/messages/count_tokens?beta=true"),
            found(Endpoint::CountTokens)
        );
        assert_eq!(post("/v1/completions"), found(Endpoint::Completions));
        for path in [
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "/v1/models/gemini:generateContent",
            "/v1/v1beta/models/team/fast:generateContent?x=1",
            "/v1beta/tunedModels/mine:generateContent",
            "/v1beta1/publishers/google/models/gemini:generateContent",
        ] {
            assert_eq!(post(path), found(Endpoint::GenerateContent), "{path}");
        }
        assert_eq!(
            post("/v1beta/models/g:streamGenerateContent?alt=sse"),
            found(Endpoint::StreamGenerateContent)
        );
    }

    #[test]
    fn tells_a_wrong_method_from_a_foreign_path() {
        let get = Endpoint::recognise(&Method::GET, "/v1/messages");
        assert_eq!(get, Recognised::WrongMethod(Endpoint::Messages));
        for path in [
            "/",
            "/v1",
            "/v1/messages/batches",
            "/v2/messages",
            "/v1/chat",
            "/v1beta/models/:generateContent",
            "/v1beta/models/g:countTokens",
            "/v1beta/g:generateContent",
        ] {
            assert_eq!(post(path), Recognised::Foreign, "{path}");
        }
    }
}
