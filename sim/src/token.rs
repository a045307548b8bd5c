//! Google's tokens for service accounts: a signed assertion goes in, a bearer token comes out.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::ask::text_of;
use crate::problem::{Malformed, Problem};
use crate::{ids, path};

/// The name by which behaviours can be scripted here, where a request has no model.
pub(crate) const NAME: &str = "token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The form in a body.
pub(crate) fn form(body: &[u8]) -> Option<Value> {
    let pairs = path::form(std::str::from_utf8(body).ok()?);
    let members: Map<String, Value> = pairs
        .into_iter()
        .map(|(key, value)| (key, value.into()))
        .collect();
    Some(Value::Object(members))
}

/// Checks grant and assertion; the signature is not verified.
pub(crate) fn read(form: &Value) -> Result<(), Malformed> {
    let grant = text_of(form, "grant_type");
    if grant != GRANT {
        return Err(Malformed::at(
            format!("Invalid grant_type: {grant}"),
            "grant_type",
            "unsupported_grant_type",
        ));
    }
    let parts: Vec<&str> = text_of(form, "assertion").split('.').collect();
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if parts.len() != 3
        || !parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(letter))
    {
        return Err(Malformed::at("Bad Request", "assertion", "invalid_grant"));
    }
    Ok(())
}

/// A token for an hour.
pub(crate) fn render() -> Value {
    json!({"access_token": ids::random("ya29.c.", 120), "expires_in": 3_600, "token_type": "Bearer"})
}

/// `{"error", "error_description"}`.
pub(crate) fn error(problem: &Problem) -> (StatusCode, Value) {
    let (status, code, text) = match problem {
        Problem::Malformed(bad) => (
            StatusCode::BAD_REQUEST,
            bad.code.unwrap_or("invalid_request"),
            bad.message.clone(),
        ),
        Problem::Status(status) | Problem::Kind(_, Some(status)) => {
            let code = if status.is_server_error() {
                "internal_failure"
            } else {
                "invalid_grant"
            };
            (
                *status,
                code,
                status.canonical_reason().unwrap_or("Refused").to_owned(),
            )
        }
        Problem::NoKey | Problem::Kind(_, None) => (
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            "Invalid JWT Signature.".to_owned(),
        ),
        Problem::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            "Too large".to_owned(),
        ),
        Problem::NoSuchPath(path) => (StatusCode::NOT_FOUND, "invalid_request", path.clone()),
    };
    (status, json!({"error": code, "error_description": text}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grant_and_assertion_are_checked() {
        let read = |grant: &str, assertion: &str| {
            let body = format!("grant_type={grant}&assertion={assertion}");
            super::read(&form(body.as_bytes()).expect("a form")).map_err(|bad| bad.code)
        };
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        assert_eq!(read(grant, "aA-.b_.c0"), Ok(()));
        for assertion in ["", "a.b", "a.b.", "a.b.c.d", "a.b.c="] {
            assert_eq!(read(grant, assertion), Err(Some("invalid_grant")), "{assertion}");
        }
        assert_eq!(
            read("refresh_token", "a.b.c"),
            Err(Some("unsupported_grant_type"))
        );
    }
}
