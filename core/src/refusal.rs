//! Errors that the gateway itself makes, before or instead of asking a provider.

use http::{HeaderMap, Method, StatusCode};

use crate::client_error::ClientError;
use crate::endpoint::{Endpoint, Recognised};
use crate::format::WireFormat;
use crate::intake::BadRequest;
use crate::money::Ticks;

/// Why the gateway refuses a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such path.
    UnknownPath {
        /// The path asked for.
        path: String,
    },
    /// The path exists, for another method.
    WrongMethod {
        /// What the path serves.
        endpoint: Endpoint,
    },
    /// The headers are larger than the gateway takes.
    HeadersTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is larger than the gateway takes.
    BodyTooLarge {
        /// The limit in bytes, after decoding.
        limit: usize,
    },
    /// The body is not declared as JSON.
    WrongContentType {
        /// What it is declared as.
        found: String,
    },
    /// A content-encoding that the gateway does not read.
    UnknownEncoding {
        /// What it is declared as.
        found: String,
    },
    /// The body does not decode under its content-encoding.
    BrokenEncoding {
        /// What it is declared as.
        encoding: String,
    },
    /// The client's body ended too early or could not be read.
    BodyUnreadable,
    /// The request does not parse or cannot be expressed.
    Bad(BadRequest),
    /// No call that feedback could be of, as far as this client may know.
    UnknownCall,
    /// A call that has feedback under as many names as it may.
    TooMuchFeedback {
        /// How many.
        most: usize,
    },
    /// No route claims the model.
    UnknownModel {
        /// The model asked for.
        model: String,
    },
    /// The route has no rule that matches.
    NoRule {
        /// `NAMESPACE/NAME` of the route.
        route: String,
    },
    /// The route's object is broken.
    BrokenRoute {
        /// `NAMESPACE/NAME` of the route.
        route: String,
        /// Why.
        reason: String,
    },
    /// The request wants a kept answer only, and there is none.
    NotCached,
    /// The call is expected to cost more than its rule allows, wherever it goes.
    TooDear {
        /// What it is expected to cost where it costs the least; `None`: nobody has a price.
        expected: Option<Ticks>,
        /// What it may.
        limit: Ticks,
    },
    /// The process is about to stop.
    Draining,
    /// No configuration has come yet.
    NotReady,
    /// As many answers are in flight as memory allows.
    Overloaded,
}

impl Refusal {
    /// What a request that is no endpoint's is told; `None` for one that is.
    pub fn of_request(method: &Method, path: &str) -> Option<Self> {
        match Endpoint::recognise(method, path) {
            Recognised::Endpoint(_) => None,
            Recognised::WrongMethod(endpoint) => Some(Self::WrongMethod { endpoint }),
            Recognised::Foreign => Some(Self::UnknownPath {
                path: path.chars().take(200).collect(),
            }),
        }
    }

    /// The status that it stands for.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::UnknownPath { .. } | Self::UnknownModel { .. } | Self::UnknownCall => StatusCode::NOT_FOUND,
            Self::TooMuchFeedback { .. } => StatusCode::CONFLICT,
            Self::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooDear { .. } => StatusCode::PAYMENT_REQUIRED,
            // RFC 9111, section 5.2.1.7.
            Self::NotCached => StatusCode::GATEWAY_TIMEOUT,
            Self::HeadersTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongContentType { .. } | Self::UnknownEncoding { .. } => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::BrokenEncoding { .. } | Self::BodyUnreadable | Self::Bad(_) | Self::NoRule { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::BrokenRoute { .. } | Self::Draining | Self::NotReady | Self::Overloaded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// A short code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownPath { .. } => "unknown_path",
            Self::WrongMethod { .. } => "method_not_allowed",
            Self::HeadersTooLarge { .. } => "headers_too_large",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::WrongContentType { .. } => "unsupported_content_type",
            Self::UnknownEncoding { .. } => "unsupported_content_encoding",
            Self::BrokenEncoding { .. } => "broken_content_encoding",
            Self::BodyUnreadable => "body_unreadable",
            Self::Bad(_) => "bad_request",
            Self::UnknownCall => "call_not_found",
            Self::TooMuchFeedback { .. } => "too_much_feedback",
            Self::UnknownModel { .. } => "model_not_found",
            Self::NoRule { .. } => "no_matching_rule",
            Self::BrokenRoute { .. } => "route_broken",
            Self::NotCached => "not_cached",
            Self::TooDear { .. } => "cost_limit_exceeded",
            Self::Draining => "draining",
            Self::NotReady => "not_ready",
            Self::Overloaded => "overloaded",
        }
    }

    /// What is wrong and what to do.
    pub fn message(&self) -> String {
        match self {
            Self::UnknownPath { path } => format!(
                "Nothing is served at {path}. Wayleave serves POST /v1/chat/completions, /v1/responses, \
                 /v1/completions, /v1/embeddings, /v1/messages, /v1/messages/count_tokens, \
                 /v1beta/models/MODEL:generateContent and :streamGenerateContent, /v1/feedback, and GET /v1/models."
            ),
            Self::WrongMethod { endpoint } => {
                format!("Use {} for {}.", endpoint.method(), endpoint.path("MODEL"))
            }
            Self::HeadersTooLarge { limit } => {
                format!("The request's headers exceed {limit} bytes. Send fewer.")
            }
            Self::BodyTooLarge { limit } => format!(
                "The request's body exceeds {limit} bytes. Send less, or have the operator raise the limit \
                 (--max-request-bytes)."
            ),
            Self::WrongContentType { found } => {
                format!("The content-type is {found:?}. Send application/json.")
            }
            Self::UnknownEncoding { found } => {
                format!("The content-encoding is {found:?}. Send the body plain, as gzip or as zstd.")
            }
            Self::BrokenEncoding { encoding } => {
                format!("The body is not valid {encoding}, though its content-encoding says so.")
            }
            Self::BodyUnreadable => "The request's body ended early. Send it again.".to_owned(),
            Self::Bad(bad) => bad.message.clone(),
            Self::UnknownCall => {
                "There is no such call to give feedback on. Send the x-wayleave-call-id of an answer of the last 24 \
                 hours, with the credential of the call."
                    .to_owned()
            }
            Self::TooMuchFeedback { most } => format!(
                "This call has feedback under {most} names already, as many as one may have. Use one of these names."
            ),
            Self::UnknownModel { model } => {
                let model: String = model.chars().take(200).collect();
                format!("No route serves the model {model:?}. GET /v1/models lists those that exist.")
            }
            Self::NoRule { route } => format!(
                "No rule of the route {route} matches this request. Its rules all have a `when`; add one without."
            ),
            Self::BrokenRoute { route, reason } => format!("The route {route} is broken: {reason}."),
            Self::NotCached => {
                "No kept answer fits, and the request wants no other (cache-control: only-if-cached). Send it without."
                    .to_owned()
            }
            Self::TooDear { expected, limit } => too_dear(*expected, *limit),
            Self::Draining => "This gateway is about to stop. Try again: another takes over.".to_owned(),
            Self::NotReady => "This gateway has no configuration yet. Try again in a moment.".to_owned(),
            Self::Overloaded => {
                "This gateway holds as many answers in flight as its memory allows. Try again in a moment."
                    .to_owned()
            }
        }
    }

    /// As an error for the client.
    pub fn into_error(self) -> ClientError {
        let param = match &self {
            Self::Bad(bad) => bad.param.clone(),
            Self::UnknownModel { .. } => Some("model".to_owned()),
            Self::UnknownPath { .. }
            | Self::WrongMethod { .. }
            | Self::HeadersTooLarge { .. }
            | Self::BodyTooLarge { .. }
            | Self::WrongContentType { .. }
            | Self::UnknownEncoding { .. }
            | Self::BrokenEncoding { .. }
            | Self::BodyUnreadable
            | Self::NoRule { .. }
            | Self::BrokenRoute { .. }
            | Self::NotCached
            | Self::TooDear { .. }
            | Self::Draining
            | Self::NotReady
            | Self::UnknownCall
            | Self::TooMuchFeedback { .. }
            | Self::Overloaded => None,
        };
        ClientError {
            status: self.status(),
            code: Some(self.code().to_owned()),
            message: self.message(),
            param,
            attempts: Vec::new(),
        }
    }
}

fn too_dear(expected: Option<Ticks>, limit: Ticks) -> String {
    let limit = limit.usd();
    let Some(expected) = expected.map(Ticks::usd) else {
        return format!(
            "This call may cost ${limit} (maxCostPerCall), and nobody has a price for any of its models. Have prices \
             stated in the ProviderKey."
        );
    };
    format!(
        "This call is expected to cost ${expected} and may cost ${limit} (maxCostPerCall). Send less, bound the output \
         (max_tokens), or have the limit raised."
    )
}

/// The format in which a client that asks for `path` with these headers expects its errors.
pub fn client_format(path: &str, headers: &HeaderMap) -> WireFormat {
    let asked = Endpoint::ALL.into_iter().find(|endpoint| {
        matches!(Endpoint::recognise(&endpoint.method(), path), Recognised::Endpoint(found) if found == *endpoint)
    });
    match asked.and_then(Endpoint::format) {
        Some(format) => format,
        None if headers.contains_key("anthropic-version") => WireFormat::AnthropicMessages,
        None if path.contains("/v1beta") => WireFormat::GeminiGenerate,
        None => WireFormat::OpenAIChat,
    }
}
