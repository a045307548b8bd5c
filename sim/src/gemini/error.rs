//! `{"error": {"code", "message", "status", "details"}}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::behaviour::{ErrorKind, RetryAfter};
use crate::format::Delivery;
use crate::problem::Problem;

/// Status and body of an error. `model` is the one that the request names, if any.
pub(crate) fn render(problem: &Problem, model: &str) -> (StatusCode, Value) {
    let (status, name, message) = match problem {
        Problem::Status(status) => by_status(*status, model),
        Problem::Kind(ErrorKind::InvalidKey, status) => return invalid_key(*status),
        Problem::Kind(kind, status) => {
            let (usual, name, message) = by_kind(*kind, model);
            (status.unwrap_or(usual), name, message)
        }
        Problem::NoKey => (
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity).".to_owned(),
        ),
        Problem::Malformed(bad) => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", bad.message.clone()),
        Problem::TooLarge => by_status(StatusCode::PAYLOAD_TOO_LARGE, model),
        Problem::NoSuchPath(path) => (
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            format!("The requested URL {path} was not found on this server."),
        ),
    };
    let error = json!({"code": status.as_u16(), "message": message, "status": name});
    (status, json!({"error": error}))
}

/// A bad key is a bad argument here.
fn invalid_key(status: Option<StatusCode>) -> (StatusCode, Value) {
    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
    let message = "API key not valid. Please pass a valid API key.";
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    });
    let text = json!({
        "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message,
    });
    let error = json!({
        "code": status.as_u16(), "message": message, "status": "INVALID_ARGUMENT", "details": [info, text],
    });
    (status, json!({"error": error}))
}

fn by_kind(kind: ErrorKind, model: &str) -> (StatusCode, &'static str, String) {
    let bad = |message: &str| (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message.to_owned());
    match kind {
        ErrorKind::ContextLength => {
            bad("The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).")
        }
        ErrorKind::ContentFilter => bad("The prompt was blocked by the safety settings."),
        ErrorKind::InvalidKey => by_status(StatusCode::UNAUTHORIZED, model),
        ErrorKind::ModelNotFound => by_status(StatusCode::NOT_FOUND, model),
        ErrorKind::Overloaded => by_status(StatusCode::SERVICE_UNAVAILABLE, model),
    }
}

fn by_status(status: StatusCode, model: &str) -> (StatusCode, &'static str, String) {
    let (name, message) = match status.as_u16() {
        401 => (
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        ),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        404 => {
            let message = format!(
                "models/{model} is not found for API version v1beta, or is not supported for generateContent."
            );
            return (status, "NOT_FOUND", message);
        }
        429 => ("RESOURCE_EXHAUSTED", "You exceeded your current quota."),
        499 => ("CANCELLED", "The operation was cancelled."),
        503 => ("UNAVAILABLE", "The model is overloaded. Please try again later."),
        504 => (
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
        ),
        500.. => ("INTERNAL", "An internal error has occurred."),
        _ => (
            "INVALID_ARGUMENT",
            status
                .canonical_reason()
                .unwrap_or("Request contains an invalid argument."),
        ),
    };
    (status, name, message.to_owned())
}

/// Says in the body when to come back: there is no header for it.
pub(crate) fn add_retry(body: &mut Value, retry: RetryAfter) {
    let delay = match retry {
        RetryAfter::Seconds(seconds) | RetryAfter::Date(seconds) => format!("{seconds}s"),
        RetryAfter::Millis(millis) => format!("{}.{:03}s", millis / 1_000, millis % 1_000),
    };
    let info = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay});
    if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut)
        && let Some(details) = error.entry("details").or_insert_with(|| json!([])).as_array_mut()
    {
        details.push(info);
    }
}

/// An error that is all of a stream.
pub(crate) fn event(problem: &Problem, model: &str, delivery: Delivery) -> String {
    let (_, body) = render(problem, model);
    match delivery {
        Delivery::Events => format!("data: {body}\r\n\r\n"),
        Delivery::Array | Delivery::Whole => format!("[{body}\n]\n"),
    }
}

/// An error in a stream that had begun.
pub(crate) fn mid(problem: &Problem, model: &str, delivery: Delivery) -> String {
    let (_, body) = render(problem, model);
    match delivery {
        Delivery::Events => format!("data: {body}\r\n\r\n"),
        Delivery::Array | Delivery::Whole => format!(",\r\n{body}\n]\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_name() {
        for (status, name) in [
            (400, "INVALID_ARGUMENT"),
            (401, "UNAUTHENTICATED"),
            (403, "PERMISSION_DENIED"),
            (404, "NOT_FOUND"),
            (429, "RESOURCE_EXHAUSTED"),
            (500, "INTERNAL"),
            (503, "UNAVAILABLE"),
            (504, "DEADLINE_EXCEEDED"),
        ] {
            let problem = Problem::Status(StatusCode::from_u16(status).expect("valid"));
            let (got, body) = render(&problem, "m");
            assert_eq!(
                (got.as_u16(), &body["error"]["code"], &body["error"]["status"]),
                (status, &json!(status), &json!(name))
            );
        }
    }

    #[test]
    fn when_to_come_back_is_a_detail() {
        for (retry, wanted) in [
            (RetryAfter::Seconds(48), "48s"),
            (RetryAfter::Date(3), "3s"),
            (RetryAfter::Millis(1_250), "1.250s"),
        ] {
            let (_, mut body) = render(&Problem::Status(StatusCode::TOO_MANY_REQUESTS), "m");
            add_retry(&mut body, retry);
            assert_eq!(body["error"]["details"][0]["retryDelay"], wanted);
        }
    }
}
