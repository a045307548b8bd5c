use serde_json::{Value, json};

use super::*;
use crate::format::WireFormat;
use crate::intake::TargetShape;
use crate::vendor::Vendor;

fn there_and_back(body: &Value) -> (Value, Vec<String>) {
    sent_to("OpenAI", body)
}

fn sent_to(vendor: &str, body: &Value) -> (Value, Vec<String>) {
    let text = body.to_string();
    let request = decode(&text).unwrap();
    let quirks = Vendor::named(vendor).unwrap().quirks;
    let target = TargetShape {
        format: WireFormat::OpenAIChat,
        model: body["model"].as_str().unwrap(),
        quirks,
    };
    let outbound = encode(&request, target).unwrap();
    (
        serde_json::from_slice(&outbound.body).unwrap(),
        outbound.dropped.iter().map(str::to_owned).collect(),
    )
}

#[test]
fn what_the_neutral_model_holds_comes_back() {
    let schema = json!({"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"],
        "additionalProperties": false});
    let body = json!({
        "model": "gpt-5",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": "Speak Dutch."},
            {"role": "user", "content": [
                {"type": "text", "text": "a \" \u{e9} \n"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "high"}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
            ]},
            {"role": "assistant", "content": "Yes", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1.0}"}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "1"},
            {"role": "tool", "tool_call_id": "c2", "content": "2"},
            {"role": "assistant", "content": null, "refusal": "No."},
            {"role": "user", "content": "Why?"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": true}},
            {"type": "function", "function": {"name": "g"}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
        "max_completion_tokens": 10, "temperature": 1.7, "top_p": 0.5, "seed": -3, "n": 2, "frequency_penalty": -1.5,
        "presence_penalty": 0.25, "logprobs": true, "top_logprobs": 2, "stop": ["a", "b"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "description": "d", "schema": schema,
            "strict": true}},
        "reasoning_effort": "low", "user": "u", "service_tier": "default", "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(there_and_back(&body), (body, Vec::new()));
}

#[test]
fn tool_choices_and_answers_come_back() {
    for (name, value) in [
        ("tool_choice", json!("auto")),
        ("tool_choice", json!("none")),
        ("tool_choice", json!("required")),
        ("response_format", json!({"type": "json_object"})),
        ("service_tier", json!("auto")),
    ] {
        let mut body = json!({"model": "gpt-5", "messages": [],
            "tools": [{"type": "function", "function": {"name": "g"}}]});
        body[name] = value;
        assert_eq!(there_and_back(&body), (body, Vec::new()));
    }
}

#[test]
fn strict_is_asked_only_for_schemas_that_openai_takes() {
    for (schema, strict) in [
        (
            json!({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": false}),
            true,
        ),
        (
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}),
            false,
        ),
        (
            json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}),
            false,
        ),
        (
            json!({"type": "array", "items": {"properties": {"a": {}}}}),
            false,
        ),
    ] {
        let body = json!({"model": "gpt-5", "messages": [], "response_format": {"type": "json_schema",
            "json_schema": {"name": "s", "schema": schema, "strict": true}}});
        let (back, dropped) = there_and_back(&body);
        assert_eq!(
            back["response_format"]["json_schema"]["strict"] == true,
            strict,
            "{schema}"
        );
        assert_eq!(dropped.is_empty(), strict);
    }
}

/// What of reasoning comes out at OpenRouter for an assistant's message with these members.
fn reasoning_back(members: &Value) -> Value {
    let mut message = json!({"role": "assistant", "content": "a"});
    for (name, value) in members.as_object().unwrap() {
        message[name] = value.clone();
    }
    let body = json!({"model": "m", "messages": [message]});
    let (sent, _) = sent_to("OpenRouter", &body);
    sent["messages"][0]["reasoning_details"].clone()
}

#[test]
fn proofs_go_back_to_those_who_take_them() {
    let claude = "anthropic-claude-v1";
    let signed =
        json!([{"index": 0, "type": "reasoning.text", "text": "t", "signature": "s", "format": claude}]);
    let sealed =
        json!([{"index": 0, "type": "reasoning.encrypted", "data": "d", "format": "openai-responses-v1"}]);
    for (members, expected) in [
        (
            json!({"reasoning": "t", "reasoning_details": signed}),
            signed.clone(),
        ),
        (
            json!({"reasoning": "t", "reasoning_details": sealed}),
            sealed.clone(),
        ),
        // The gateway's streams tell the text on its own.
        (
            json!({"reasoning_content": "t", "reasoning_details":
                [{"index": 0, "type": "reasoning.text", "signature": "s", "format": claude}]}),
            signed.clone(),
        ),
        // As streams tell it, kept in pieces.
        (
            json!({"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "t", "format": claude},
                {"index": 0, "type": "reasoning.text", "signature": "s", "format": claude}]}),
            signed.clone(),
        ),
        // Which signature is of which part of the text is not known.
        (
            json!({"reasoning_content": "t", "reasoning_details": [
                {"type": "reasoning.text", "signature": "s", "format": claude},
                {"type": "reasoning.text", "signature": "s", "format": claude},
                {"type": "reasoning.encrypted", "data": "d", "format": "openai-responses-v1"}]}),
            sealed,
        ),
        (json!({"reasoning_content": "t"}), Value::Null),
        (
            json!({"reasoning_details": null, "extra_content": null}),
            Value::Null,
        ),
    ] {
        assert_eq!(reasoning_back(&members), expected, "{members}");
    }
    let body = json!({"model": "m", "messages": [{"role": "assistant", "content": "a", "reasoning_details":
        [{"type": "reasoning.text", "text": "t", "signature": "s", "format": claude}]}]});
    let (sent, dropped) = sent_to("Groq", &body);
    assert_eq!(sent["messages"][0], json!({"role": "assistant", "content": "a"}));
    assert_eq!(dropped, ["reasoning of earlier turns"]);
}

#[test]
fn googles_signatures_stay_with_their_calls() {
    let call = |id: &str, signature: Option<&str>| {
        let mut call = json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
        if let Some(signature) = signature {
            call["extra_content"] = json!({"google": {"thought_signature": signature}});
        }
        call
    };
    let detail = |index: usize, id: &str, data: &str| json!({"index": index, "id": id, "type": "reasoning.encrypted", "data": data, "format": "google-gemini-v1"});
    let expected = json!([detail(0, "c1", "x"), detail(1, "c2", "y")]);
    for members in [
        json!({"tool_calls": [call("c1", Some("x")), call("c2", Some("y"))]}),
        json!({"tool_calls": [call("c1", None), call("c2", None)], "reasoning_details": expected}),
        // As the gateway tells it: in the details, and on the calls.
        json!({"tool_calls": [call("c1", Some("x")), call("c2", Some("y"))], "reasoning_details": [
            {"type": "reasoning.text", "signature": "x", "format": "google-gemini-v1"},
            {"type": "reasoning.text", "signature": "y", "format": "google-gemini-v1"}]}),
    ] {
        assert_eq!(reasoning_back(&members), expected, "{members}");
    }
    assert_eq!(
        reasoning_back(&json!({"extra_content": {"google": {"thought_signature": "x"}}})),
        json!([{"index": 0, "type": "reasoning.encrypted", "data": "x", "format": "google-gemini-v1"}])
    );
}

#[test]
fn marks_of_the_cache_are_sent_to_those_who_know_them() {
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let body = json!({"model": "m", "messages": [
        {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": mark}]},
        {"role": "user", "content": [{"type": "text", "text": "c", "cache_control": mark}]},
    ]});
    let (sent, dropped) = sent_to("OpenRouter", &body);
    assert_eq!((&sent["messages"], dropped.len()), (&body["messages"], 0));
    let (sent, dropped) = sent_to("Groq", &body);
    assert_eq!(sent["messages"][0]["content"], "a\n\nb");
    assert_eq!(dropped, ["cache_control"]);
}
