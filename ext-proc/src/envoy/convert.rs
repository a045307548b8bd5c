//! Envoy's messages ↔ the types of the `http` crate. What does not parse is an error, never a default.

use bytes::Bytes;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::config::core::v3::{
    HeaderMap as EnvoyHeaders, HeaderValue as EnvoyHeader, HeaderValueOption,
};
use envoy_types::pb::envoy::service::ext_proc::v3::processing_request::Request;
use envoy_types::pb::envoy::service::ext_proc::v3::{
    HeaderMutation, HttpBody, HttpHeaders, ProcessingRequest,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::request::Head;

/// What Envoy sends of a request.
#[derive(Debug)]
pub(crate) enum Event {
    /// Its head.
    Head {
        /// The head itself.
        head: Head,
        /// Whether that is all.
        end: bool,
    },
    /// Some of its body.
    Body {
        /// The bytes.
        bytes: Bytes,
        /// Whether that is all.
        end: bool,
    },
    /// Its trailers, which end it.
    Trailers,
}

/// Why a message of Envoy's makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConvertError {
    /// No payload, or one of a response.
    #[error(
        "a message that is not of a request. Set response_header_mode: SKIP and response_body_mode: NONE"
    )]
    NotOfARequest,
    /// A header's name or value is not HTTP.
    #[error("a header that is not HTTP")]
    BadHeader,
    /// More headers than can be held.
    #[error("too many headers")]
    TooManyHeaders,
    /// `:method` is missing or not HTTP.
    #[error("no valid :method")]
    NoMethod,
}

impl TryFrom<ProcessingRequest> for Event {
    type Error = ConvertError;

    fn try_from(message: ProcessingRequest) -> Result<Self, ConvertError> {
        match message.request {
            Some(Request::RequestHeaders(headers)) => Ok(Self::Head {
                end: headers.end_of_stream,
                head: head(headers)?,
            }),
            Some(Request::RequestBody(HttpBody {
                body, end_of_stream, ..
            })) => Ok(Self::Body {
                bytes: Bytes::from(body),
                end: end_of_stream,
            }),
            Some(Request::RequestTrailers(_)) => Ok(Self::Trailers),
            Some(Request::ResponseHeaders(_) | Request::ResponseBody(_) | Request::ResponseTrailers(_))
            | None => Err(ConvertError::NotOfARequest),
        }
    }
}

fn head(message: HttpHeaders) -> Result<Head, ConvertError> {
    let fields = message.headers.map(|headers| headers.headers).unwrap_or_default();
    let mut headers = HeaderMap::try_with_capacity(fields.len()).map_err(|_| ConvertError::TooManyHeaders)?;
    let mut method = None;
    // CONNECT has none, and is not ours.
    let mut path = String::new();
    for EnvoyHeader {
        key,
        value,
        raw_value,
    } in fields
    {
        // Envoy fills the one or the other, by its age.
        let value = if raw_value.is_empty() {
            value.into_bytes()
        } else {
            raw_value
        };
        match key.as_str() {
            ":method" => method = Method::from_bytes(&value).ok(),
            // A path that is not text is not ours either: read so, it still is none of our paths.
            ":path" => path = String::from_utf8_lossy(&value).into_owned(),
            ":authority" => insert(&mut headers, http::header::HOST, value)?,
            pseudo if pseudo.starts_with(':') => {}
            name => {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ConvertError::BadHeader)?;
                insert(&mut headers, name, value)?;
            }
        }
    }
    let method = method.ok_or(ConvertError::NoMethod)?;
    Ok(Head {
        method,
        path,
        headers,
    })
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Vec<u8>) -> Result<(), ConvertError> {
    let value = HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(|_| ConvertError::BadHeader)?;
    headers
        .try_append(name, value)
        .map_err(|_| ConvertError::TooManyHeaders)?;
    Ok(())
}

/// The head of an answer.
pub(crate) fn envoy_headers(status: StatusCode, headers: &HeaderMap, length: Option<usize>) -> EnvoyHeaders {
    let mut fields = Vec::with_capacity(headers.len() + 2);
    fields.push(envoy_header(":status", status.as_str().as_bytes()));
    for (name, value) in headers {
        fields.push(envoy_header(name.as_str(), value.as_bytes()));
    }
    if let Some(length) = length {
        fields.push(envoy_header("content-length", length.to_string().as_bytes()));
    }
    EnvoyHeaders { headers: fields }
}

/// The same as changes to a head that Envoy makes.
pub(crate) fn header_mutation(headers: &HeaderMap) -> HeaderMutation {
    let set = |(name, value): (&HeaderName, &HeaderValue)| HeaderValueOption {
        header: Some(envoy_header(name.as_str(), value.as_bytes())),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        ..HeaderValueOption::default()
    };
    HeaderMutation {
        set_headers: headers.iter().map(set).collect(),
        remove_headers: Vec::new(),
    }
}

fn envoy_header(name: &str, value: &[u8]) -> EnvoyHeader {
    EnvoyHeader {
        key: name.to_owned(),
        value: String::new(),
        raw_value: value.to_vec(),
    }
}
