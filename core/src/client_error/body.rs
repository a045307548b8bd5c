//! Error bodies as each vendor's own API writes them, with the attempts beside.

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use super::{AttemptNote, ClientError};
use crate::format::{Family, WireFormat};

#[derive(Serialize)]
struct OpenAi<'a> {
    error: OpenAiError<'a>,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'a str>,
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
}

#[derive(Serialize)]
struct Anthropic<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: AnthropicError<'a>,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
}

#[derive(Serialize)]
struct Google<'a> {
    error: GoogleError<'a>,
}

#[derive(Serialize)]
struct GoogleError<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<GoogleDetail<'a>>,
}

#[derive(Serialize)]
struct GoogleDetail<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    domain: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
}

#[derive(Serialize)]
struct Amazon<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
}

pub(super) fn write(error: &ClientError, format: WireFormat) -> Bytes {
    let (message, attempts) = (error.message.as_str(), error.attempts.as_slice());
    let (param, code) = (error.param.as_deref(), error.code.as_deref());
    let written = match format.family() {
        Family::OpenAI => {
            let kind = openai_type(error.status);
            serde_json::to_vec(&OpenAi {
                error: OpenAiError {
                    message,
                    kind,
                    param,
                    code,
                    attempts,
                },
            })
        }
        Family::Anthropic => {
            let kind = anthropic_type(error.status);
            let error = AnthropicError {
                kind,
                message,
                code,
                param,
                attempts,
            };
            serde_json::to_vec(&Anthropic { kind: "error", error })
        }
        Family::Google => {
            let (code, status) = (error.status.as_u16(), google_status(error.status));
            let reason = error.code.as_deref();
            let details = if reason.is_none() && param.is_none() && attempts.is_empty() {
                Vec::new()
            } else {
                vec![GoogleDetail {
                    kind: "type.googleapis.com/google.rpc.ErrorInfo",
                    domain: "wayleave.dev",
                    reason,
                    param,
                    attempts,
                }]
            };
            serde_json::to_vec(&Google {
                error: GoogleError {
                    code,
                    message,
                    status,
                    details,
                },
            })
        }
        Family::Amazon => serde_json::to_vec(&Amazon {
            message,
            code,
            param,
            attempts,
        }),
    };
    // Texts and numbers only: nothing that could fail to become JSON.
    written.unwrap_or_default().into()
}

/// The `type` of OpenAI's errors.
fn openai_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 | 403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

/// The `type` of Anthropic's errors (docs.anthropic.com/en/api/errors).
fn anthropic_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        408 | 504 => "timeout_error",
        400..=499 => "invalid_request_error",
        503 | 529 => "overloaded_error",
        _ => "api_error",
    }
}

/// The `status` of Google's errors (cloud.google.com/apis/design/errors).
fn google_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        402 | 403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        408 | 504 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        501 => "UNIMPLEMENTED",
        502 | 503 | 529 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}
