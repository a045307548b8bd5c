//! `{"type": "error", "error": {"type", "message"}, "request_id"}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::behaviour::ErrorKind;
use crate::ids;
use crate::problem::Problem;

/// The status of an overloaded provider, which HTTP does not know.
const OVERLOADED: u16 = 529;
const INVALID: &str = "invalid_request_error";

/// Status and body of an error. `model` is the one that the request names, if any.
pub(crate) fn render(problem: &Problem, model: &str) -> (StatusCode, Value) {
    let (status, kind, message) = match problem {
        Problem::Status(status) => by_status(*status, model),
        Problem::Kind(kind, status) => {
            let (usual, name, message) = by_kind(*kind, model);
            (status.unwrap_or(usual), name, message)
        }
        Problem::NoKey => (
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "x-api-key header is required".to_owned(),
        ),
        Problem::Malformed(bad) => (StatusCode::BAD_REQUEST, INVALID, bad.message.clone()),
        Problem::TooLarge => by_status(StatusCode::PAYLOAD_TOO_LARGE, model),
        Problem::NoSuchPath(_) => (StatusCode::NOT_FOUND, "not_found_error", "Not Found".to_owned()),
    };
    let error = json!({"type": kind, "message": message});
    (
        status,
        json!({"type": "error", "error": error, "request_id": ids::random("req_011C", 20)}),
    )
}

fn by_kind(kind: ErrorKind, model: &str) -> (StatusCode, &'static str, String) {
    let bad = |message: &str| (StatusCode::BAD_REQUEST, INVALID, message.to_owned());
    match kind {
        ErrorKind::ContextLength => bad("prompt is too long: 208310 tokens > 200000 maximum"),
        ErrorKind::ContentFilter => bad("Output blocked by content filtering policy"),
        ErrorKind::InvalidKey => by_status(StatusCode::UNAUTHORIZED, model),
        ErrorKind::ModelNotFound => by_status(StatusCode::NOT_FOUND, model),
        ErrorKind::Overloaded => by_status(
            StatusCode::from_u16(OVERLOADED).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            model,
        ),
    }
}

fn by_status(status: StatusCode, model: &str) -> (StatusCode, &'static str, String) {
    let (kind, message) = match status.as_u16() {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => (
            "billing_error",
            "There is an issue with your billing or payment information.",
        ),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => return (status, "not_found_error", format!("model: {model}")),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your organization's rate limit.",
        ),
        504 => ("timeout_error", "The request timed out while processing."),
        503 | OVERLOADED => ("overloaded_error", "Overloaded"),
        500.. => ("api_error", "Internal server error"),
        _ => (
            INVALID,
            status.canonical_reason().unwrap_or("The request was refused."),
        ),
    };
    (status, kind, message.to_owned())
}

/// An error event in a stream that began with 200.
pub(crate) fn event(problem: &Problem, model: &str) -> String {
    format!("event: error\ndata: {}\n\n", render(problem, model).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_type() {
        for (status, kind) in [
            (400, INVALID),
            (401, "authentication_error"),
            (403, "permission_error"),
            (404, "not_found_error"),
            (413, "request_too_large"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (529, "overloaded_error"),
        ] {
            let (_, body) = render(
                &Problem::Status(StatusCode::from_u16(status).expect("valid")),
                "m",
            );
            assert_eq!(
                (&body["type"], &body["error"]["type"]),
                (&json!("error"), &json!(kind)),
                "{status}"
            );
        }
    }

    #[test]
    fn an_overload_is_529() {
        assert_eq!(
            render(&Problem::Kind(ErrorKind::Overloaded, None), "m")
                .0
                .as_u16(),
            529
        );
    }
}
