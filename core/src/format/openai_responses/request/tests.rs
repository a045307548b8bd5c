use serde_json::{Value, json};

use super::*;
use crate::format::{WireFormat, openai_chat};
use crate::intake::TargetShape;
use crate::vendor::Vendor;

fn target(model: &str) -> TargetShape<'_> {
    TargetShape {
        format: WireFormat::OpenAIResponses,
        model,
        quirks: Vendor::named("OpenAI").unwrap().quirks,
    }
}

fn there_and_back(body: &Value) -> (Value, Vec<String>) {
    let text = body.to_string();
    let request = decode(&text).unwrap();
    let outbound = encode(&request, target(body["model"].as_str().unwrap())).unwrap();
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
        "input": [
            {"type": "message", "role": "developer", "content": "Be brief."},
            {"type": "message", "role": "system", "content": "Speak Dutch."},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "a \" \u{e9} \n"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "high"},
                {"type": "input_image", "image_url": "https://example.com/a.png"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
                {"type": "input_file", "file_url": "https://example.com/a.pdf"},
            ]},
            {"type": "reasoning", "summary": [], "encrypted_content": "p1"},
            {"type": "message", "role": "assistant", "content": "Yes"},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "p2"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"x\": 1.0}"},
            {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
            {"type": "function_call_output", "call_id": "c2", "output": [
                {"type": "input_text", "text": "2"},
                {"type": "input_image", "image_url": "https://example.com/a.png"},
            ]},
            {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            {"type": "message", "role": "user", "content": "Why?"},
        ],
        "tools": [
            {"type": "function", "name": "f", "description": "d", "parameters": schema, "strict": true},
            {"type": "function", "name": "g", "parameters": null, "strict": false},
        ],
        "tool_choice": {"type": "function", "name": "f"}, "parallel_tool_calls": false, "max_output_tokens": 20,
        "temperature": 1.7, "top_p": 0.5, "top_logprobs": 2,
        "text": {"format": {"type": "json_schema", "name": "s", "description": "d", "schema": schema, "strict": true},
            "verbosity": "low"},
        "reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "user": "u", "service_tier": "default", "metadata": {"a": "b"}, "prompt_cache_key": "k",
        "prompt_cache_retention": "24h", "safety_identifier": "s", "store": false, "stream": true,
    });
    assert_eq!(there_and_back(&body), (body, Vec::new()));
}

fn one(name: &str, value: Value) -> Value {
    let mut body = json!({"model": "gpt-5", "input": "a", "tools": [{"type": "function", "name": "g"}]});
    body[name] = value;
    body
}

#[test]
fn what_has_no_place_is_told() {
    for (name, value, expected) in [
        ("instructions", json!("Be brief."), &[][..]),
        ("truncation", json!("disabled"), &[]),
        ("truncation", json!("auto"), &["truncation"]),
        ("max_tool_calls", json!(3), &["max_tool_calls"]),
        (
            "include",
            json!(["file_search_call.results"]),
            &["include: file_search_call.results"],
        ),
        ("reasoning", json!({"summary": "auto"}), &[]),
        ("reasoning", json!({"effort": "none"}), &["thinking"]),
        (
            "tools",
            json!([{"type": "web_search"}, {"type": "custom", "name": "c"}]),
            &["tools[].web_search", "tools[].custom"],
        ),
        ("tool_choice", json!({"type": "file_search"}), &["tool_choice"]),
        ("max_output_tokens", json!(5), &["max_tokens below 16"]),
        (
            "input",
            json!([{"type": "web_search_call", "id": "w", "action": {}}]),
            &["input[].web_search_call"],
        ),
        (
            "input",
            json!([{"type": "custom_tool_call_output", "call_id": "c", "output": "x"}]),
            &["input[].custom_tool_call_output"],
        ),
        (
            "input",
            json!([{"type": "reasoning", "id": "rs_1", "summary": []}]),
            &["reasoning of earlier turns"],
        ),
        (
            "input",
            json!([{"type": "reasoning", "summary": [], "encrypted_content": "wayleave.anthropic.p"}]),
            &["reasoning of earlier turns"],
        ),
        (
            "input",
            json!([{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]),
            &["input[].content[].input_image"],
        ),
    ] {
        let (_, dropped) = there_and_back(&one(name, value.clone()));
        assert_eq!(dropped, expected, "{name} {value}");
    }
}

#[test]
fn allowed_tools_leave_only_those() {
    let mut body = one(
        "tool_choice",
        json!({"type": "allowed_tools", "mode": "required",
        "tools": [{"type": "function", "name": "g"}]}),
    );
    body["tools"] = json!([{"type": "function", "name": "g"}, {"type": "function", "name": "h"}]);
    let (back, _) = there_and_back(&body);
    assert_eq!(back["tool_choice"], "required");
    assert_eq!(back["tools"].as_array().map(Vec::len), Some(1));
}

#[test]
fn proofs_are_asked_for_where_the_model_reasons() {
    for (model, reasoning, expected) in [
        (
            "gpt-5",
            json!({"effort": "low"}),
            json!(["reasoning.encrypted_content"]),
        ),
        ("gpt-4o", json!({"effort": "low"}), json!(null)),
        ("gpt-5", json!(null), json!(null)),
    ] {
        let mut body = one("reasoning", reasoning);
        body["model"] = json!(model);
        assert_eq!(there_and_back(&body).0["include"], expected, "{model}");
    }
}

#[test]
fn the_model_s_items_are_one_turn() {
    let body = json!({"model": "m", "input": [
        {"role": "user", "content": "a"},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
            "content": [{"type": "output_text", "text": "b", "annotations": []}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": ""},
        {"type": "function_call_output", "call_id": "c2", "output": "2"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
    ]});
    let text = body.to_string();
    let request = decode(&text).unwrap();
    assert!(request.dropped.is_empty(), "{:?}", request.dropped);
    let chat = TargetShape {
        format: WireFormat::OpenAIChat,
        ..target("m")
    };
    let outbound = openai_chat::request::encode(&request, chat).unwrap();
    let sent: Value = serde_json::from_slice(&outbound.body).unwrap();
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b", "tool_calls": [call("c1"), call("c2")]},
            {"role": "tool", "tool_call_id": "c2", "content": "2"},
            {"role": "tool", "tool_call_id": "c1", "content": "1"},
        ])
    );
}
