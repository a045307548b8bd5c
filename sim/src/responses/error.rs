//! Errors: those of chat but for two, and two ways to say them in a stream.

use http::StatusCode;
use serde_json::{Value, json};

use super::echo::Echo;
use super::stream::event as typed;
use crate::behaviour::ErrorKind;
use crate::openai;
use crate::problem::Problem;

/// Status and body of an error. `model` is the one that the request names, if any.
pub(crate) fn render(problem: &Problem, model: &str) -> (StatusCode, Value) {
    let own = |status: &Option<StatusCode>, message: String, param: &str, code: &str| {
        let error =
            json!({"message": message, "type": "invalid_request_error", "param": param, "code": code});
        (status.unwrap_or(StatusCode::BAD_REQUEST), json!({"error": error}))
    };
    match problem {
        Problem::Kind(ErrorKind::ModelNotFound, status) => {
            let message = format!("The requested model '{model}' does not exist.");
            own(status, message, "model", "model_not_found")
        }
        Problem::Kind(ErrorKind::ContextLength, status) => {
            let message = "Your input exceeds the context window of this model. Please adjust your input and try again.";
            own(status, message.to_owned(), "input", "context_length_exceeded")
        }
        Problem::Kind(..)
        | Problem::Status(_)
        | Problem::NoKey
        | Problem::Malformed(_)
        | Problem::TooLarge
        | Problem::NoSuchPath(_) => openai::error::render(problem, model),
    }
}

/// An error event that is all that comes.
pub(crate) fn event(problem: &Problem, model: &str) -> String {
    let error = inner(problem, model);
    let member = |name: &str| error.get(name).cloned().unwrap_or_default();
    let members = format!(
        "\"code\":{},\"message\":{},\"param\":{}",
        member("code"),
        member("message"),
        member("param")
    );
    typed("error", &members, 0)
}

/// The end of a response that had begun.
pub(crate) fn failed(problem: &Problem, model: &str, echo: &Echo, number: usize) -> String {
    let response = echo.failed(&inner(problem, model));
    typed("response.failed", &format!("\"response\":{response}"), number)
}

fn inner(problem: &Problem, model: &str) -> Value {
    let (_, mut body) = render(problem, model);
    body.get_mut("error").map(Value::take).unwrap_or_default()
}
