use http::HeaderValue;
use serde_json::{Value, json};

use super::*;

fn fault(status: u16, body: &str) -> Fault {
    read_fault(
        StatusCode::from_u16(status).expect("status"),
        &HeaderMap::new(),
        body.as_bytes(),
    )
}

/// Status and body of the provider; class, status, code and message for us.
type Row = (u16, &'static str, Class, u16, Option<&'static str>, &'static str);

const FORMS: &[Row] = &[
    (
        404,
        r#"{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
        Class::Caller,
        404,
        Some("model_not_found"),
        "no such model",
    ),
    (
        401,
        r#"{"error":{"code":"401","message":"Access denied"}}"#,
        Class::AuthFailed,
        401,
        None,
        "Access denied",
    ),
    (
        529,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
        Class::ServerError,
        529,
        Some("overloaded_error"),
        "Overloaded",
    ),
    (
        400,
        r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",
            "details":[{"reason":"API_KEY_INVALID"}]}}]"#,
        Class::AuthFailed,
        401,
        Some("API_KEY_INVALID"),
        "API key not valid.",
    ),
    (
        401,
        r#"{"detail":"Invalid API Key"}"#,
        Class::AuthFailed,
        401,
        None,
        "Invalid API Key",
    ),
    (
        422,
        r#"{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"},{"msg":"bad"}]}"#,
        Class::Caller,
        422,
        None,
        "body.messages.0: field required; bad",
    ),
    (
        400,
        r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500","raw_status_code":400}"#,
        Class::Caller,
        400,
        Some("invalid_model"),
        "Invalid model: x",
    ),
    (
        422,
        r#"{"object":"error","message":{"detail":[{"loc":["body"],"msg":"bad"}]},"type":"invalid_request_error"}"#,
        Class::Caller,
        422,
        Some("invalid_request_error"),
        "body: bad",
    ),
    (
        400,
        r#"{"code":"invalid-argument","error":"Incorrect API key provided."}"#,
        Class::AuthFailed,
        401,
        Some("invalid-argument"),
        "Incorrect API key provided.",
    ),
    (
        429,
        r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"busy upstream"}},"user_id":"u"}"#,
        Class::RateLimited,
        429,
        None,
        "Provider returned error: busy upstream",
    ),
    (
        429,
        r#"{"error":{"message":"Model busy, retry later"}}"#,
        Class::RateLimited,
        429,
        None,
        "Model busy, retry later",
    ),
    (
        400,
        r#"{"id":"1","message":"bad"}"#,
        Class::Caller,
        400,
        None,
        "bad",
    ),
    (
        503,
        "upstream connect error",
        Class::ServerError,
        503,
        None,
        "upstream connect error",
    ),
    (
        502,
        "<html><head><title>502 Bad Gateway</title></head></html>",
        Class::ServerError,
        502,
        None,
        "the provider answered with a page of HTML: \"502 Bad Gateway\"",
    ),
    (
        500,
        "",
        Class::ServerError,
        500,
        None,
        "the provider answered 500 Internal Server Error without saying why",
    ),
];

#[test]
fn reads_every_form_of_error_body() {
    for &(status, body, class, seen_status, code, message) in FORMS {
        let code = code.map(str::to_owned);
        let expected = Fault {
            class,
            status: seen_status,
            code,
            message: message.to_owned(),
        };
        assert_eq!(fault(status, body), expected, "{body}");
    }
}

#[test]
fn statuses_have_their_class() {
    for (status, class) in [
        (400, Class::Caller),
        (401, Class::AuthFailed),
        (402, Class::AuthFailed),
        (403, Class::AuthFailed),
        (404, Class::Caller),
        (408, Class::ServerError),
        (413, Class::Caller),
        (422, Class::Caller),
        (429, Class::RateLimited),
        (500, Class::ServerError),
        (503, Class::ServerError),
        (529, Class::ServerError),
    ] {
        let seen = fault(status, "{}");
        assert_eq!((seen.class, seen.status), (class, status));
    }
    assert_eq!(fault(302, "").status, 502);
}

#[test]
fn context_length_is_known_in_every_wording() {
    for message in [
        "This model's maximum context length is 8192 tokens. However, you requested 9000",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
        "Please reduce the length of the messages or completion.",
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
        "`inputs` tokens + `max_new_tokens` must be <= 8193",
        "the request exceeds the available context size, try increasing it",
    ] {
        let body = json!({"error": {"message": message}}).to_string();
        assert_eq!(fault(400, &body).class, Class::ContextLength, "{message}");
    }
    let by_code = r#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#;
    assert_eq!(fault(400, by_code).class, Class::ContextLength);
    for message in [
        "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens",
        "max_tokens is too large: this model supports at most 16384 completion tokens",
        "temperature: range: 0..1",
    ] {
        let body = json!({"error": {"message": message}}).to_string();
        assert_eq!(fault(400, &body).class, Class::Caller, "{message}");
    }
}

#[test]
fn content_filters_and_empty_accounts_are_known() {
    let filtered = r#"{"error":{"message":"The response was filtered","code":"content_filter","status":400,
        "innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    assert_eq!(fault(400, filtered).class, Class::ContentFilter);
    let flagged =
        r#"{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"]}}}"#;
    assert_eq!(fault(403, flagged).class, Class::ContentFilter);
    let poor = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#;
    assert_eq!(
        (fault(400, poor).class, fault(400, poor).status),
        (Class::AuthFailed, 402)
    );
    let quota = r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#;
    assert_eq!(
        (fault(429, quota).class, fault(429, quota).status),
        (Class::AuthFailed, 429)
    );
}

#[test]
fn bedrocks_type_is_in_a_header() {
    let mut headers = HeaderMap::new();
    let name = HeaderValue::from_static("ThrottlingException:http://internal.amazon.com/coral/");
    headers.insert("x-amzn-errortype", name);
    let seen = read_fault(StatusCode::BAD_REQUEST, &headers, br#"{"message":"slow down"}"#);
    assert_eq!(seen.code.as_deref(), Some("ThrottlingException"));
}

#[test]
fn long_messages_are_cut_and_keys_taken_out() {
    let body = json!({"error": {"message": "ü".repeat(5000)}}).to_string();
    assert_eq!(fault(400, &body).message, "ü".repeat(1024));
    let body =
        json!({"error": {"message": "bad key sk-0123456789abcdefghij", "code": "sk-0123456789abcdefghij"}});
    let seen = fault(401, &body.to_string());
    assert_eq!(
        (seen.message.as_str(), seen.code.as_deref()),
        ("bad key sk-***", Some("sk-***"))
    );
    assert_eq!(fault(500, &"x".repeat(3_000_000)).message.len(), 2048);
}

#[test]
fn errors_inside_a_200_have_the_status_that_they_mean() {
    for (document, class, status) in [
        (
            r#"{"error":{"message":"m","code":"tool_use_failed","status_code":400}}"#,
            Class::Caller,
            400,
        ),
        (
            r#"{"error":{"code":502,"message":"m"},"choices":[]}"#,
            Class::ServerError,
            502,
        ),
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Class::ServerError,
            529,
        ),
        (
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#,
            Class::RateLimited,
            429,
        ),
        (
            r#"{"error":{"message":"prompt is too long: 3 > 2"}}"#,
            Class::ContextLength,
            400,
        ),
        (r#"{"error":"boom"}"#, Class::ServerError, 502),
        ("{}", Class::ServerError, 502),
    ] {
        let seen = in_band(document.as_bytes());
        assert_eq!((seen.class, seen.status), (class, status), "{document}");
        assert!(!seen.message.is_empty());
    }
}

fn error(status: u16) -> ClientError {
    let status = StatusCode::from_u16(status).expect("status");
    ClientError {
        status,
        code: None,
        message: String::from("m"),
        param: None,
        attempts: Vec::new(),
    }
}

fn body(error: &ClientError, format: WireFormat) -> Value {
    serde_json::from_slice(&error.body(format)).expect("JSON")
}

#[test]
fn bodies_have_the_vendors_form() {
    let note = AttemptNote {
        target: String::from("a/b/c"),
        class: Class::RateLimited,
        status: Some(429),
    };
    let mut error = error(429);
    error.code = Some(String::from("rate_limit_exceeded"));
    error.attempts.push(note);
    let attempts = json!([{"target": "a/b/c", "class": "rate_limited", "status": 429}]);
    let openai = json!({"error": {
        "message": "m", "type": "rate_limit_error", "param": null, "code": "rate_limit_exceeded", "attempts": attempts,
    }});
    assert_eq!(body(&error, WireFormat::OpenAIChat), openai);
    assert_eq!(body(&error, WireFormat::OpenAIEmbeddings), openai);
    let anthropic = json!({"type": "error", "error": {
        "type": "rate_limit_error", "message": "m", "code": "rate_limit_exceeded", "attempts": attempts,
    }});
    assert_eq!(body(&error, WireFormat::AnthropicMessages), anthropic);
}

#[test]
fn types_follow_the_status() {
    for (status, openai, anthropic) in [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "authentication_error", "authentication_error"),
        (402, "permission_error", "billing_error"),
        (403, "permission_error", "permission_error"),
        (404, "invalid_request_error", "not_found_error"),
        (413, "invalid_request_error", "request_too_large"),
        (429, "rate_limit_error", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (504, "server_error", "timeout_error"),
        (529, "server_error", "overloaded_error"),
    ] {
        assert_eq!(
            body(&error(status), WireFormat::OpenAIChat)["error"]["type"],
            openai
        );
        assert_eq!(
            body(&error(status), WireFormat::AnthropicMessages)["error"]["type"],
            anthropic
        );
    }
}
