//! `{"error": {"code", "message"}}` from Azure itself; what the model says comes in OpenAI's form.

use http::StatusCode;
use serde_json::{Value, json};

use crate::behaviour::ErrorKind;
use crate::openai;
use crate::problem::Problem;

const BAD_KEY: &str = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a \
                       valid key for an active subscription and use a correct regional API endpoint for your resource.";

/// Status and body of an error. `model` is the deployment.
pub(crate) fn render(problem: &Problem, model: &str) -> (StatusCode, Value) {
    match problem {
        Problem::Status(status) => by_status(*status),
        Problem::NoKey => by_status(StatusCode::UNAUTHORIZED),
        Problem::TooLarge => by_status(StatusCode::PAYLOAD_TOO_LARGE),
        Problem::NoSuchPath(_) => own(StatusCode::NOT_FOUND, "404", "Resource not found"),
        Problem::Kind(kind, status) => {
            let (usual, body) = by_kind(*kind, problem, model);
            (status.unwrap_or(usual), body)
        }
        Problem::Malformed(_) => openai::error::render(problem, model),
    }
}

fn by_kind(kind: ErrorKind, problem: &Problem, model: &str) -> (StatusCode, Value) {
    match kind {
        ErrorKind::InvalidKey => by_status(StatusCode::UNAUTHORIZED),
        ErrorKind::ModelNotFound => own(
            StatusCode::NOT_FOUND,
            "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment within the last 5 \
             minutes, please wait a moment and try again.",
        ),
        ErrorKind::Overloaded => by_status(StatusCode::SERVICE_UNAVAILABLE),
        ErrorKind::ContentFilter => (StatusCode::BAD_REQUEST, filtered()),
        ErrorKind::ContextLength => openai::error::render(problem, model),
    }
}

fn filtered() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    let results = json!({
        "hate": safe, "self_harm": safe, "sexual": safe, "violence": {"filtered": true, "severity": "medium"},
    });
    json!({"error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": null,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": results},
    }})
}

fn by_status(status: StatusCode) -> (StatusCode, Value) {
    let message = match status.as_u16() {
        401 => BAD_KEY,
        404 => "Resource not found",
        429 => {
            "Requests to the ChatCompletions_Create Operation have exceeded the call rate limit of the deployment."
        }
        503 => "The service is temporarily unable to process your request. Please try again later.",
        500.. => "The server had an error processing your request.",
        _ => status.canonical_reason().unwrap_or("The request was refused."),
    };
    own(status, status.as_str(), message)
}

fn own(status: StatusCode, code: &str, message: &str) -> (StatusCode, Value) {
    (status, json!({"error": {"code": code, "message": message}}))
}

/// An error event in a stream that began with 200.
pub(crate) fn event(problem: &Problem, model: &str) -> String {
    format!("data: {}\n\n", render(problem, model).1)
}
