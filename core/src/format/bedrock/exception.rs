//! Errors inside a stream: the type is the message's name, the payload says the rest.

use serde_json::json;

use crate::client_error::in_band;
use crate::event::Fault;

/// Reads an error with this name. Its status is the one that AWS documents for it.
pub(super) fn read(name: &str, message: &str, original_status: Option<u64>) -> Fault {
    let status = match name {
        "throttlingException" => 429,
        "validationException" => 400,
        "accessDeniedException" => 403,
        "resourceNotFoundException" => 404,
        "modelTimeoutException" => 408,
        "internalServerException" => 500,
        "serviceUnavailableException" => 503,
        // It wraps an error of the model's own server.
        "modelStreamErrorException" => original_status.unwrap_or(424),
        _ => 502,
    };
    let document = json!({"error": {"code": name, "message": message, "status_code": status}});
    in_band(document.to_string().as_bytes())
}
