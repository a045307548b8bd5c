//! `{"error": {"message", "type", "param", "code"}}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::behaviour::ErrorKind;
use crate::problem::Problem;

struct Parts {
    status: StatusCode,
    message: String,
    kind: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

impl Parts {
    fn new(
        status: StatusCode,
        kind: &'static str,
        code: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            message: message.into(),
            kind,
            param: None,
            code,
        }
    }
}

const INVALID: &str = "invalid_request_error";

/// Status and body of an error. `model` is the one that the request names, if any.
pub(crate) fn render(problem: &Problem, model: &str) -> (StatusCode, Value) {
    let parts = match problem {
        Problem::Status(status) => by_status(*status, model),
        Problem::Kind(kind, status) => {
            let parts = by_kind(*kind, model);
            Parts {
                status: status.unwrap_or(parts.status),
                ..parts
            }
        }
        Problem::NoKey => Parts::new(
            StatusCode::UNAUTHORIZED,
            INVALID,
            None,
            "You didn't provide an API key. Send it in an Authorization header as Bearer auth.",
        ),
        Problem::Malformed(bad) => Parts {
            param: bad.param,
            ..Parts::new(StatusCode::BAD_REQUEST, INVALID, bad.code, bad.message.as_str())
        },
        Problem::TooLarge => by_status(StatusCode::PAYLOAD_TOO_LARGE, model),
        Problem::NoSuchPath(path) => Parts::new(
            StatusCode::NOT_FOUND,
            INVALID,
            None,
            format!("Invalid URL ({path})"),
        ),
    };
    let Parts {
        status,
        message,
        kind,
        param,
        code,
    } = parts;
    (
        status,
        json!({"error": {"message": message, "type": kind, "param": param, "code": code}}),
    )
}

fn by_kind(kind: ErrorKind, model: &str) -> Parts {
    let bad = StatusCode::BAD_REQUEST;
    match kind {
        ErrorKind::ContextLength => Parts {
            param: Some("messages"),
            ..Parts::new(
                bad,
                INVALID,
                Some("context_length_exceeded"),
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 130412 \
                 tokens. Please reduce the length of the messages.",
            )
        },
        ErrorKind::ContentFilter => Parts {
            param: Some("prompt"),
            ..Parts::new(
                bad,
                INVALID,
                Some("content_filter"),
                "The response was filtered because the prompt triggered the content management policy.",
            )
        },
        ErrorKind::InvalidKey => by_status(StatusCode::UNAUTHORIZED, model),
        ErrorKind::ModelNotFound => by_status(StatusCode::NOT_FOUND, model),
        ErrorKind::Overloaded => by_status(StatusCode::SERVICE_UNAVAILABLE, model),
    }
}

fn by_status(status: StatusCode, model: &str) -> Parts {
    match status.as_u16() {
        401 => Parts::new(
            status,
            INVALID,
            Some("invalid_api_key"),
            "Incorrect API key provided.",
        ),
        402 => Parts::new(
            status,
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        404 => Parts::new(
            status,
            INVALID,
            Some("model_not_found"),
            format!("The model `{model}` does not exist or you do not have access to it."),
        ),
        429 => Parts::new(
            status,
            "requests",
            Some("rate_limit_exceeded"),
            format!(
                "Rate limit reached for {model} on requests per min (RPM): Limit 500, Used 500, Requested 1."
            ),
        ),
        503 => Parts::new(
            status,
            "server_error",
            None,
            "The engine is currently overloaded, please try again later.",
        ),
        500.. => Parts::new(
            status,
            "server_error",
            None,
            "The server had an error while processing your request. Sorry!",
        ),
        _ => Parts::new(
            status,
            INVALID,
            None,
            status.canonical_reason().unwrap_or("The request was refused."),
        ),
    }
}

/// An error event in a stream that began with 200.
pub(crate) fn event(problem: &Problem, model: &str) -> String {
    format!("data: {}\n\n", render(problem, model).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_type_and_code() {
        for (status, kind, code) in [
            (400, INVALID, Value::Null),
            (401, INVALID, json!("invalid_api_key")),
            (404, INVALID, json!("model_not_found")),
            (429, "requests", json!("rate_limit_exceeded")),
            (500, "server_error", Value::Null),
            (529, "server_error", Value::Null),
        ] {
            let wanted = StatusCode::from_u16(status).expect("valid");
            let (got, body) = render(&Problem::Status(wanted), "m");
            assert_eq!(got, wanted);
            assert_eq!(
                (&body["error"]["type"], &body["error"]["code"]),
                (&json!(kind), &code),
                "{status}"
            );
        }
    }

    #[test]
    fn a_status_can_be_put_over_a_kind() {
        let (status, body) = render(
            &Problem::Kind(ErrorKind::ContextLength, Some(StatusCode::PAYLOAD_TOO_LARGE)),
            "m",
        );
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(body["error"]["code"], "context_length_exceeded");
    }
}
