//! Which API a request speaks to.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use crate::problem::Problem;
use crate::{anthropic, azure, bedrock, gemini, ids, openai, path, responses, token};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const GOOGLE_JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
const GOOGLE_EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const AWS_EVENTS: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");

/// A provider's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Chat completions, and what has errors of the same form.
    OpenAi,
    /// OpenAI's older completions of a prompt.
    Completions,
    Responses,
    Azure,
    Anthropic,
    /// How an answer comes is in the path, so errors know it too.
    Gemini(Delivery),
    Bedrock,
    /// Google's tokens for service accounts.
    Token,
}

/// How Gemini sends an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// `:generateContent`
    Whole,
    /// `:streamGenerateContent?alt=sse`
    Events,
    /// `:streamGenerateContent`: the events are the members of one JSON array.
    Array,
}

/// What is served at a path, whatever comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Chat(Format),
    Embeddings(Format),
    Models(Format),
    /// How many tokens a chat request has.
    Count(Format),
    Token,
    Unknown(Format),
}

impl Format {
    /// Status and body of an error.
    pub(crate) fn error(self, problem: &Problem, model: &str) -> (StatusCode, Value) {
        match self {
            Self::OpenAi | Self::Completions => openai::error::render(problem, model),
            Self::Responses => responses::error::render(problem, model),
            Self::Azure => azure::error::render(problem, model),
            Self::Anthropic => anthropic::error::render(problem, model),
            Self::Gemini(_) => gemini::error::render(problem, model),
            Self::Bedrock => bedrock::error::render(problem),
            Self::Token => token::error(problem),
        }
    }

    /// An error event that is a stream's first and last.
    pub(crate) fn error_event(self, problem: &Problem, model: &str) -> Bytes {
        match self {
            Self::OpenAi | Self::Completions | Self::Token => openai::error::event(problem, model).into(),
            Self::Responses => responses::error::event(problem, model).into(),
            Self::Azure => azure::error::event(problem, model).into(),
            Self::Anthropic => anthropic::error::event(problem, model).into(),
            Self::Gemini(delivery) => gemini::error::event(problem, model, delivery).into(),
            Self::Bedrock => bedrock::error::event(problem),
        }
    }

    /// What only some formats put into an error's headers.
    pub(crate) fn error_headers(
        self,
        problem: &Problem,
        status: StatusCode,
    ) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Anthropic => {
                let again = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                let again = HeaderValue::from_static(if again { "true" } else { "false" });
                Some((HeaderName::from_static("x-should-retry"), again))
            }
            Self::Bedrock => {
                let kind = HeaderValue::try_from(bedrock::error::header(problem)).ok()?;
                Some((HeaderName::from_static("x-amzn-errortype"), kind))
            }
            Self::OpenAi
            | Self::Completions
            | Self::Responses
            | Self::Azure
            | Self::Gemini(_)
            | Self::Token => None,
        }
    }

    /// The header that carries the provider's id of the request, and a new id; Google's have none.
    pub(crate) fn request_id(self) -> Option<(HeaderName, String)> {
        let name = match self {
            Self::OpenAi | Self::Completions | Self::Responses => "x-request-id",
            Self::Anthropic => "request-id",
            Self::Azure => return Some((HeaderName::from_static("apim-request-id"), ids::uuid())),
            Self::Bedrock => return Some((HeaderName::from_static("x-amzn-requestid"), ids::uuid())),
            Self::Gemini(_) | Self::Token => return None,
        };
        Some((HeaderName::from_static(name), ids::random("req_", 24)))
    }

    pub(crate) fn whole_type(self) -> HeaderValue {
        match self {
            Self::Gemini(_) | Self::Token => GOOGLE_JSON,
            Self::OpenAi
            | Self::Completions
            | Self::Responses
            | Self::Azure
            | Self::Anthropic
            | Self::Bedrock => JSON,
        }
    }

    pub(crate) fn stream_type(self) -> HeaderValue {
        match self {
            Self::Gemini(Delivery::Events) => GOOGLE_EVENTS,
            Self::Gemini(Delivery::Array | Delivery::Whole) => GOOGLE_JSON,
            Self::Bedrock => AWS_EVENTS,
            Self::OpenAi
            | Self::Completions
            | Self::Responses
            | Self::Azure
            | Self::Anthropic
            | Self::Token => EVENTS,
        }
    }

    /// Google sends the JSON of an error under the type of the events that it is in place of.
    pub(crate) fn error_type(self) -> HeaderValue {
        match self {
            Self::Gemini(Delivery::Events) => GOOGLE_EVENTS,
            Self::Gemini(Delivery::Array | Delivery::Whole)
            | Self::OpenAi
            | Self::Completions
            | Self::Responses
            | Self::Azure
            | Self::Anthropic
            | Self::Bedrock
            | Self::Token => self.whole_type(),
        }
    }

    /// The key of a request, as this format sends it.
    pub(crate) fn credential(self, head: &Parts) -> Option<String> {
        let owned = |key: &str| key.to_owned();
        let key = match self {
            Self::Azure => azure::credential(&head.headers).map(owned),
            Self::Gemini(_) => gemini::credential(head),
            Self::Bedrock => bedrock::credential(&head.headers).map(owned),
            Self::OpenAi | Self::Completions | Self::Responses | Self::Anthropic | Self::Token => {
                // Azure serves OpenAI's paths under its own header.
                let own = ["x-api-key", "api-key"]
                    .iter()
                    .find_map(|name| header_text(&head.headers, name));
                own.or_else(|| bearer(&head.headers)).map(owned)
            }
        };
        key.filter(|key| !key.is_empty())
    }
}

/// A header, if it is text.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The token of an `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

impl Endpoint {
    /// By the end of the path; the `anthropic-version`, `api-key` and `x-goog-api-key` headers tell whose it is where
    /// several serve the same.
    pub(crate) fn of(head: &Parts) -> Self {
        let path = head.uri.path();
        let asked = asked(head);
        if head.method == Method::GET && path.ends_with("/models") {
            Self::Models(asked)
        } else if head.method == Method::POST {
            Self::posted(head, path, asked)
        } else {
            Self::Unknown(asked)
        }
    }

    fn posted(head: &Parts, path: &str, asked: Format) -> Self {
        let openai = if asked == Format::Azure {
            Format::Azure
        } else {
            Format::OpenAi
        };
        if path.ends_with("/chat/completions") {
            Self::Chat(openai)
        } else if path.ends_with("/v1/messages") {
            Self::Chat(Format::Anthropic)
        } else if path.ends_with("/v1/messages/count_tokens") {
            Self::Count(Format::Anthropic)
        } else if path.ends_with("/embeddings") {
            Self::Embeddings(openai)
        } else if path.ends_with("/responses") {
            Self::Chat(Format::Responses)
        } else if path.ends_with("/completions") {
            Self::Chat(Format::Completions)
        } else if path.ends_with("/token") {
            Self::Token
        } else if path::bedrock_model(path).is_some() {
            Self::Chat(Format::Bedrock)
        } else {
            match path::gemini_model(path) {
                Some((_, "generateContent")) => Self::Chat(Format::Gemini(Delivery::Whole)),
                Some((_, "streamGenerateContent")) if path::query(head, "alt").as_deref() == Some("sse") => {
                    Self::Chat(Format::Gemini(Delivery::Events))
                }
                Some((_, "streamGenerateContent")) => Self::Chat(Format::Gemini(Delivery::Array)),
                Some((_, "countTokens")) => Self::Count(Format::Gemini(Delivery::Whole)),
                Some(_) => Self::Unknown(Format::Gemini(Delivery::Whole)),
                None => Self::Unknown(asked),
            }
        }
    }

    pub(crate) fn format(self) -> Format {
        match self {
            Self::Chat(format)
            | Self::Embeddings(format)
            | Self::Models(format)
            | Self::Count(format)
            | Self::Unknown(format) => format,
            Self::Token => Format::Token,
        }
    }
}

/// Whose API is meant where the path does not tell.
fn asked(head: &Parts) -> Format {
    if head.headers.contains_key("anthropic-version") {
        Format::Anthropic
    } else if head.headers.contains_key("api-key") || path::azure_model(head.uri.path()).is_some() {
        Format::Azure
    } else if head.headers.contains_key("x-goog-api-key") {
        Format::Gemini(Delivery::Whole)
    } else {
        Format::OpenAi
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(method: &str, path: &str, header: Option<&str>) -> Endpoint {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(name) = header {
            request = request.header(name, "x");
        }
        Endpoint::of(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn the_prefix_does_not_matter() {
        for prefix in ["", "/v1", "/openai/v1", "/v1beta/openai"] {
            let chat = at("POST", &format!("{prefix}/chat/completions"), None);
            assert_eq!(chat, Endpoint::Chat(Format::OpenAi), "{prefix}");
        }
        for (path, wanted) in [
            ("/x/v1/messages", Endpoint::Chat(Format::Anthropic)),
            ("/v1/messages/count_tokens", Endpoint::Count(Format::Anthropic)),
            ("/v1/embeddings", Endpoint::Embeddings(Format::OpenAi)),
            ("/v1/responses", Endpoint::Chat(Format::Responses)),
            ("/v1/completions", Endpoint::Chat(Format::Completions)),
            ("/oauth2/token", Endpoint::Token),
            ("/model/a/converse", Endpoint::Chat(Format::Bedrock)),
            ("/model/a/converse-stream", Endpoint::Chat(Format::Bedrock)),
            ("/v1/files", Endpoint::Unknown(Format::OpenAi)),
        ] {
            assert_eq!(at("POST", path, None), wanted, "{path}");
        }
        assert_eq!(at("GET", "/v1/models", None), Endpoint::Models(Format::OpenAi));
        assert_eq!(
            at("GET", "/v1/chat/completions", None),
            Endpoint::Unknown(Format::OpenAi)
        );
    }

    #[test]
    fn gemini_says_in_the_path_how_the_answer_comes() {
        for (end, wanted) in [
            ("generateContent", Delivery::Whole),
            ("streamGenerateContent?alt=sse", Delivery::Events),
            ("streamGenerateContent", Delivery::Array),
        ] {
            let path = format!("/v1beta/models/g:{end}");
            assert_eq!(
                at("POST", &path, None),
                Endpoint::Chat(Format::Gemini(wanted)),
                "{path}"
            );
        }
    }

    #[test]
    fn headers_tell_whose_it_is() {
        for (header, wanted) in [
            ("anthropic-version", Format::Anthropic),
            ("api-key", Format::Azure),
            ("x-goog-api-key", Format::Gemini(Delivery::Whole)),
        ] {
            assert_eq!(at("GET", "/v1/models", Some(header)), Endpoint::Models(wanted));
        }
        let path = "/openai/deployments/d/chat/completions?api-version=1";
        assert_eq!(at("POST", path, None), Endpoint::Chat(Format::Azure));
    }
}
