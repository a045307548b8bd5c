//! `{"message"}`: the type is in a header.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::message;
use crate::behaviour::ErrorKind;
use crate::problem::Problem;

struct Parts {
    status: StatusCode,
    /// The exception's name as the header writes it.
    kind: &'static str,
    message: String,
}

/// Status and body of an error.
pub(crate) fn render(problem: &Problem) -> (StatusCode, Value) {
    let Parts { status, message, .. } = parts(problem);
    (status, json!({"message": message}))
}

/// The value of `x-amzn-errortype`.
pub(crate) fn header(problem: &Problem) -> String {
    let kind = parts(problem).kind;
    let service = if kind == "UnrecognizedClientException" {
        "com.amazon.coral.service"
    } else {
        "com.amazon.bedrock"
    };
    format!("{kind}:http://internal.amazon.com/coral/{service}/")
}

/// An exception in a stream that began with 200.
pub(crate) fn event(problem: &Problem) -> Bytes {
    let Parts { kind, message, .. } = parts(problem);
    let payload = json!({"message": message}).to_string();
    let streamed = match kind {
        "ThrottlingException" => "throttlingException",
        "ServiceUnavailableException" => "serviceUnavailableException",
        "ValidationException" => "validationException",
        "InternalServerException" => "internalServerException",
        // Streams know no others.
        _ => "modelStreamErrorException",
    };
    message::exception(streamed, &payload)
}

fn parts(problem: &Problem) -> Parts {
    let new = |status: StatusCode, kind: &'static str, message: &str| Parts {
        status,
        kind,
        message: message.to_owned(),
    };
    match problem {
        Problem::Status(status) => by_status(*status),
        Problem::Kind(kind, status) => {
            let parts = by_kind(*kind);
            Parts {
                status: status.unwrap_or(parts.status),
                ..parts
            }
        }
        Problem::NoKey => by_kind(ErrorKind::InvalidKey),
        Problem::Malformed(bad) => new(StatusCode::BAD_REQUEST, "ValidationException", &bad.message),
        Problem::TooLarge => by_status(StatusCode::PAYLOAD_TOO_LARGE),
        Problem::NoSuchPath(_) => new(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            "Unknown operation",
        ),
    }
}

fn by_kind(kind: ErrorKind) -> Parts {
    let invalid = |message: &str| Parts {
        status: StatusCode::BAD_REQUEST,
        kind: "ValidationException",
        message: message.to_owned(),
    };
    match kind {
        ErrorKind::ContextLength => invalid(
            "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum \
             length. Please update the input to try again.",
        ),
        ErrorKind::ContentFilter => {
            invalid("The model returned the following errors: Output blocked by content filtering policy")
        }
        ErrorKind::ModelNotFound => invalid("The provided model identifier is invalid."),
        ErrorKind::InvalidKey => Parts {
            status: StatusCode::FORBIDDEN,
            ..by_status(StatusCode::UNAUTHORIZED)
        },
        ErrorKind::Overloaded => by_status(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn by_status(status: StatusCode) -> Parts {
    let (kind, message) = match status.as_u16() {
        401 => (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        403 => (
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
        ),
        404 => (
            "ResourceNotFoundException",
            "The specified resource ARN was not found.",
        ),
        408 => (
            "ModelTimeoutException",
            "Model has timed out in processing the request.",
        ),
        424 => (
            "ModelErrorException",
            "The model encountered an unexpected error during processing.",
        ),
        429 => (
            "ThrottlingException",
            "Too many requests, please wait before trying again.",
        ),
        503 => (
            "ServiceUnavailableException",
            "Bedrock is unable to process your request.",
        ),
        500.. => (
            "InternalServerException",
            "The system encountered an unexpected error during processing. Try your request again.",
        ),
        _ => (
            "ValidationException",
            status.canonical_reason().unwrap_or("The request was refused."),
        ),
    };
    Parts {
        status,
        kind,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_exception() {
        for (status, kind) in [
            (400, "ValidationException"),
            (403, "AccessDeniedException"),
            (404, "ResourceNotFoundException"),
            (429, "ThrottlingException"),
            (500, "InternalServerException"),
            (503, "ServiceUnavailableException"),
        ] {
            let problem = Problem::Status(StatusCode::from_u16(status).expect("valid"));
            assert!(header(&problem).starts_with(&format!("{kind}:")), "{status}");
            assert_eq!(render(&problem).0.as_u16(), status);
        }
        assert_eq!(render(&Problem::NoKey).0, StatusCode::FORBIDDEN);
        assert!(header(&Problem::NoKey).starts_with("UnrecognizedClientException:"));
    }
}
