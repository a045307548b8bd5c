//! What Envoy answers by itself, in the client's own error format.

use http::StatusCode;
use serde_json::{Value, json};
use wayleave_core::client_error::ClientError;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::format::{Family, WireFormat};
use wayleave_core::refusal::Refusal;

use crate::envoy::metadata;

/// Which answers a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statuses {
    /// This one.
    Only(StatusCode),
    /// This one and all above.
    From(StatusCode),
}

/// The mappers: one for what the processor refused, which stays as it is; then for each status the one for Anthropic's
/// clients, the one for Google's and the one for all others. The first that fits is taken. A streamed immediate response is no local reply
/// and passes them by.
pub(super) fn local_replies() -> Value {
    let mut mappers = vec![json!({"filter": refused_filter()})];
    for (statuses, error) in replies() {
        for (clients, format) in [
            (anthropic_filter(), WireFormat::AnthropicMessages),
            (google_filter(), WireFormat::GeminiGenerate),
        ] {
            let theirs = json!({"and_filter": {"filters": [status_filter(statuses), clients]}});
            mappers.push(mapper(&theirs, &error, format));
        }
        mappers.push(mapper(&status_filter(statuses), &error, WireFormat::OpenAIChat));
    }
    json!({"mappers": mappers})
}

fn refused_filter() -> Value {
    json!({"metadata_filter": {
        "matcher": {
            "filter": metadata::NAMESPACE,
            "path": [{"key": metadata::REFUSED}],
            "value": {"present_match": true},
        },
        "match_if_key_not_found": false,
    }})
}

/// What Envoy itself refuses, and in whose words.
fn replies() -> Vec<(Statuses, ClientError)> {
    let ours = |refusal: Refusal| {
        let error = refusal.into_error();
        (Statuses::Only(error.status), error)
    };
    let only = |status, code, message| (Statuses::Only(status), error(status, code, message));
    vec![
        ours(Refusal::UnknownPath {
            path: "this path".to_owned(),
        }),
        only(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            "The request's headers are too large. Send fewer.",
        ),
        only(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The request's body is too large. Send less.",
        ),
        only(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "The request did not arrive in time. Send it again.",
        ),
        only(
            StatusCode::SERVICE_UNAVAILABLE,
            "gateway_unavailable",
            "This gateway cannot take the call now. Try again in a moment.",
        ),
        (
            Statuses::From(StatusCode::INTERNAL_SERVER_ERROR),
            error(
                StatusCode::BAD_GATEWAY,
                "gateway_failed",
                "This gateway failed to take the call. Try again; if it stays so, tell its operator.",
            ),
        ),
        (
            Statuses::From(StatusCode::BAD_REQUEST),
            error(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "This is not a request that the gateway can read.",
            ),
        ),
    ]
}

fn error(status: StatusCode, code: &str, message: &str) -> ClientError {
    ClientError {
        status,
        code: Some(code.to_owned()),
        message: message.to_owned(),
        param: None,
        attempts: Vec::new(),
    }
}

fn mapper(filter: &Value, error: &ClientError, format: WireFormat) -> Value {
    json!({
        "filter": filter,
        "body": {"inline_string": String::from_utf8_lossy(&error.body(format))},
        "body_format_override": {
            "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
            "content_type": "application/json",
        },
    })
}

fn status_filter(statuses: Statuses) -> Value {
    let (op, status) = match statuses {
        Statuses::Only(status) => ("EQ", status),
        Statuses::From(status) => ("GE", status),
    };
    let value = json!({"default_value": status.as_u16(), "runtime_key": "wayleave.local_reply"});
    json!({"status_code_filter": {"comparison": {"op": op, "value": value}}})
}

/// The clients for whom [`wayleave_core::refusal::client_format`] says Anthropic.
fn anthropic_filter() -> Value {
    let asks = json!({"header_filter": {"header": {"name": "anthropic-version", "present_match": true}}});
    json!({"or_filter": {"filters": [
        path_filter(|family| family == Some(Family::Anthropic), false),
        {"and_filter": {"filters": [path_filter(|family| family.is_some(), true), asks]}},
    ]}})
}

/// The clients for whom it says Google.
fn google_filter() -> Value {
    let version = json!({"header_filter": {"header": {
        "name": ":path",
        "string_match": {"contains": "/v1beta"},
    }}});
    json!({"or_filter": {"filters": [
        path_filter(|family| family == Some(Family::Google), false),
        {"and_filter": {"filters": [path_filter(|family| family.is_some(), true), version]}},
    ]}})
}

/// The endpoints whose errors are of such a family whatever their client's headers say; `invert`: all but them.
fn path_filter(wanted: impl Fn(Option<Family>) -> bool, invert: bool) -> Value {
    let family = |endpoint: &Endpoint| endpoint.format().map(WireFormat::family);
    let endpoints = Endpoint::ALL
        .into_iter()
        .filter(|endpoint| wanted(family(endpoint)));
    let filters: Vec<Value> = endpoints
        .map(|endpoint| {
            json!({"header_filter": {"header": {
                "name": ":path",
                "string_match": {"safe_regex": {"regex": format!("{}(\\?.*)?", endpoint.pattern())}},
                "invert_match": invert,
            }}})
        })
        .collect();
    if invert {
        json!({"and_filter": {"filters": filters}})
    } else {
        json!({"or_filter": {"filters": filters}})
    }
}
