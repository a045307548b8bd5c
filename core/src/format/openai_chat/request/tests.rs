use serde_json::{Value, json};

use super::*;
use crate::format::WireFormat;
use crate::intake::TargetShape;
use crate::vendor::Vendor;

fn there_and_back(body: &Value) -> (Value, Vec<String>) {
    let text = body.to_string();
    let request = decode(&text).unwrap();
    let quirks = Vendor::named("OpenAI").unwrap().quirks;
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
