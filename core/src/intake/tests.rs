use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::vendor::Vendor;

mod completions;
mod converse;
mod gemini;
mod responses;
mod splicing;
mod stranger;

const CHAT: WireFormat = WireFormat::OpenAIChat;
const MESSAGES: WireFormat = WireFormat::AnthropicMessages;

fn read(format: WireFormat, body: &Value) -> Intake {
    Intake::read(format, body.to_string().into()).unwrap()
}

/// What the vendor of this name gets.
fn target<'a>(vendor: &str, model: &'a str) -> TargetShape<'a> {
    let vendor = Vendor::named(vendor).unwrap();
    TargetShape {
        format: vendor.format,
        model,
        quirks: vendor.quirks,
    }
}

#[test]
fn reads_what_policy_needs_of_openai() {
    let intake = read(
        CHAT,
        &json!({
            "model": "chat", "stream": true, "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": "12345"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
            ]}],
            "tools": [
                {"type": "function", "function": {"name": "weather", "parameters": {}}},
                {"type": "openrouter:web_search"},
            ],
            "max_tokens": 7, "max_completion_tokens": 9,
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
            "user": "u-1", "metadata": {"team": "a", "n": 1},
        }),
    );
    assert_eq!(intake.model, "chat");
    assert!(intake.stream() && intake.include_usage);
    assert_eq!(intake.tools, ["weather", "openrouter:web_search"]);
    assert_eq!(intake.max_output, Some(9));
    assert_eq!(intake.json_schema, Some(json!({"type": "object"})));
    assert_eq!(intake.metadata.get("user").unwrap(), "u-1");
    assert_eq!(intake.metadata.get("team").unwrap(), "a");
    assert_eq!(intake.metadata.len(), 2);
    // 5 characters, 103 of tools, and an image.
    assert_eq!(intake.input_tokens, 27 + 1000);
}

#[test]
fn reads_what_policy_needs_of_anthropic() {
    let schema = json!({"type": "object"});
    let intake = read(
        MESSAGES,
        &json!({
            "model": "claude", "max_tokens": 7, "stream": true, "system": [{"type": "text", "text": "1234"}],
            "messages": [{"role": "user", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAAAAAA"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "123456"}},
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1234"},
            ]}],
            "tools": [{"name": "weather", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}],
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
            "metadata": {"user_id": "u"},
        }),
    );
    assert_eq!(intake.tools, ["weather", "web_search"]);
    assert_eq!(intake.max_output, Some(7));
    assert_eq!(intake.json_schema, Some(schema));
    assert_eq!(intake.metadata.get("user_id").unwrap(), "u");
    assert!(intake.stream() && intake.include_usage);
    // 4 + 8 (with quotes) + 4 characters, 89 of tools, and an image.
    assert_eq!(intake.input_tokens, 27 + 1000);
}

#[test]
fn nulls_are_absent() {
    let intake = read(
        CHAT,
        &json!({
            "model": "m", "messages": [], "stream": null, "stream_options": null, "tools": null, "user": null,
            "metadata": null, "max_tokens": null, "response_format": null,
        }),
    );
    assert!(!intake.stream() && intake.tools.is_empty() && intake.metadata.is_empty());
    assert_eq!((intake.max_output, intake.json_schema), (None, None));
}

#[test]
fn any_json_is_the_schema_of_json_mode() {
    let body = json!({"model": "m", "messages": [], "response_format": {"type": "json_object"}});
    assert_eq!(read(CHAT, &body).json_schema, Some(Value::Bool(true)));
}

#[test]
fn embeddings_count_text_and_tokens() {
    for (input, tokens) in [
        (json!("12345"), 2),
        (json!(["12345678", "1234"]), 3),
        (json!([[1, 2], [3]]), 3),
    ] {
        let body = json!({"model": "m", "input": input});
        assert_eq!(
            read(WireFormat::OpenAIEmbeddings, &body).input_tokens,
            tokens,
            "{body}"
        );
    }
}

#[test]
fn half_a_surrogate_pair_in_a_text_is_the_providers_to_judge() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"a\ud83d"}]}"#;
    let intake = Intake::read(CHAT, body.into()).unwrap();
    assert_eq!(intake.body_for(target("OpenAI", "m")).unwrap(), body);
    let error = intake.body_for(target("Anthropic", "m")).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("messages[0].content"));
}

fn refused(format: WireFormat, body: &str) -> BadRequest {
    Intake::read(format, Bytes::copy_from_slice(body.as_bytes())).unwrap_err()
}

#[test]
fn what_is_no_json_object_is_told_with_line_and_column() {
    let deep = format!(
        r#"{{"model":"m","messages":[],"x":{}{}}}"#,
        "[".repeat(128),
        "]".repeat(128)
    );
    for (body, part) in [
        ("", "is empty; send a JSON object"),
        ("[]", "does not begin with `{`"),
        (
            r#"{"model":"m","messages":[]"#,
            "EOF while parsing an object at line 1 column 26",
        ),
        ("{\"model\":\"m\",\n\"messages\":[,]}", "at line 2 column 13"),
        (
            r#"{"model":"m","messages":[]} x"#,
            "trailing characters at line 1 column 29",
        ),
        (
            r#"{"model":"a","messages":[],"model":"b"}"#,
            "the member `model` comes twice",
        ),
        (
            r#"{"model":"a","messages":[],"mod\u0065l":"b"}"#,
            "the member `model` comes twice",
        ),
        (&deep, "nested deeper than 128 levels"),
    ] {
        let error = refused(CHAT, body);
        assert_eq!(error.param, None, "{body}");
        assert!(error.message.contains(part), "{body}: {error}");
    }
    let error = Intake::read(CHAT, Bytes::from_static(b"{\"model\":\"\xff\"}")).unwrap_err();
    assert_eq!(
        error.message,
        "the body is not UTF-8 from byte 10; encode it as UTF-8"
    );
}

#[test]
fn a_bad_member_is_told_with_its_path_and_the_remedy() {
    for (body, param, part) in [
        (
            r#"{"messages":[]}"#,
            "model",
            "`model` is missing; send the name of a model",
        ),
        (r#"{"messages":[],"model":null}"#, "model", "`model` is missing"),
        (
            r#"{"messages":[],"model":7}"#,
            "model",
            "`model` is a number; send text",
        ),
        (r#"{"messages":[],"model":""}"#, "model", "`model` is empty"),
        (
            r#"{"model":"m"}"#,
            "messages",
            "`messages` is missing; send a list",
        ),
        (
            r#"{"model":"m","messages":{}}"#,
            "messages",
            "is an object; send a list",
        ),
        (
            r#"{"model":"m","messages":[],"stream":"yes"}"#,
            "stream",
            "is text; send true or false",
        ),
        (
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":1}}"#,
            "stream_options.include_usage",
            "is a number; send true or false",
        ),
        (
            r#"{"model":"m","messages":[],"tools":[7]}"#,
            "tools[0]",
            "is a number; send an object",
        ),
        (
            r#"{"model":"m","messages":[],"max_tokens":"many"}"#,
            "max_tokens",
            "is text; send a whole",
        ),
        (
            r#"{"model":"m","messages":[],"metadata":[]}"#,
            "metadata",
            "is a list; send an object",
        ),
    ] {
        let error = refused(CHAT, body);
        assert_eq!(error.param.as_deref(), Some(param), "{body}");
        assert!(error.message.contains(part), "{body}: {error}");
    }
    let error = refused(WireFormat::OpenAIEmbeddings, r#"{"model":"m"}"#);
    assert_eq!(error.param.as_deref(), Some("input"));
}

#[test]
fn a_bad_request_does_not_repeat_what_the_client_sent() {
    let error = Intake::read(CHAT, r#"{"model":["sk-secret"],"messages":[]}"#.into()).unwrap_err();
    assert!(!error.message.contains("secret"), "{error}");
}

#[test]
fn a_bad_message_is_told_where_it_matters_in_translation() {
    let call = |arguments: &str| json!({"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": arguments}}]});
    for (message, param) in [
        (json!("hello"), "messages[0]"),
        (json!({"content": "x"}), "messages[0].role"),
        (json!({"role": "narrator", "content": "x"}), "messages[0].role"),
        (json!({"role": "user", "content": 7}), "messages[0].content"),
        (
            json!({"role": "user", "content": [{"text": "x"}]}),
            "messages[0].content[0].type",
        ),
        (
            json!({"role": "user", "content": [{"type": "text"}]}),
            "messages[0].content[0].text",
        ),
        (
            json!({"role": "tool", "content": "x"}),
            "messages[0].tool_call_id",
        ),
        (call("{\"a\":"), "messages[0].tool_calls[0].function.arguments"),
        (call("[1]"), "messages[0].tool_calls[0].function.arguments"),
    ] {
        let intake = read(CHAT, &json!({"model": "m", "messages": [message]}));
        let error = intake
            .body_for(target("Anthropic", "claude-sonnet-4-5"))
            .unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{error}");
    }
}

#[test]
fn embeddings_and_chat_do_not_mix() {
    let embeddings = read(WireFormat::OpenAIEmbeddings, &json!({"model": "m", "input": "x"}));
    let error = embeddings.body_for(target("Anthropic", "m")).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("model"));
}
