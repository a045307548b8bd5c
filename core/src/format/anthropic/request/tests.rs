use serde_json::{Value, json};

use super::*;
use crate::format::WireFormat;
use crate::intake::TargetShape;
use crate::vendor::Vendor;

fn there_and_back(body: &Value) -> (Value, Vec<String>) {
    let text = body.to_string();
    let request = decode(&text).unwrap();
    let quirks = Vendor::named("Anthropic").unwrap().quirks;
    let model = body["model"].as_str().unwrap();
    let target = TargetShape {
        format: WireFormat::AnthropicMessages,
        model,
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
    let schema = json!({"type": "object", "properties": {"x": {"type": "number"}}});
    let body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 9000,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Hi \" \n", "cache_control": {"type": "ephemeral"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                {"type": "document", "title": "t",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "ZA=="},
                {"type": "text", "text": "Yes."},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": [1.50, {"y": null}]}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true,
                    "content": [{"type": "text", "text": "1"},
                        {"type": "image", "source": {"type": "url", "url": "https://example.com/b.png"}}]},
                {"type": "text", "text": "And?"},
            ]},
        ],
        "tools": [
            {"name": "f", "description": "d", "input_schema": schema, "strict": true,
                "cache_control": {"type": "ephemeral"}},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
        "top_p": 0.97, "stop_sequences": ["a", "b"], "metadata": {"user_id": "u"}, "service_tier": "standard_only",
        "stream": true,
    });
    assert_eq!(there_and_back(&body), (body, Vec::new()));
}

#[test]
fn choices_and_thinking_come_back() {
    for (model, name, value) in [
        ("claude-sonnet-4-5", "tool_choice", json!({"type": "any"})),
        ("claude-sonnet-4-5", "tool_choice", json!({"type": "none"})),
        (
            "claude-sonnet-4-5",
            "tool_choice",
            json!({"type": "tool", "name": "f", "disable_parallel_tool_use": true}),
        ),
        ("claude-opus-4-6", "thinking", json!({"type": "adaptive"})),
        ("claude-opus-4-6", "thinking", json!({"type": "disabled"})),
        ("claude-sonnet-4-5", "temperature", json!(0.5)),
        ("claude-sonnet-4-5", "top_k", json!(5)),
    ] {
        let mut body = json!({"model": model, "max_tokens": 10,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
            "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
        body[name] = value;
        assert_eq!(there_and_back(&body), (body, Vec::new()));
    }
}

/// What the provider would refuse is left out and noted.
#[test]
fn thinking_gives_way_to_what_excludes_it() {
    for (name, value) in [
        ("tool_choice", json!({"type": "any"})),
        ("max_tokens", json!(1024)),
        ("model", json!("claude-3-5-haiku-latest")),
        (
            "messages",
            json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "I"}]),
        ),
        (
            "messages",
            json!([{"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "1"}]}]),
        ),
    ] {
        let mut body = json!({"model": "claude-sonnet-4-5", "max_tokens": 9000,
            "messages": [{"role": "user", "content": "Hi"}], "thinking": {"type": "enabled", "budget_tokens": 2000},
            "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
        let (kept, dropped) = there_and_back(&body);
        assert_eq!((&kept["thinking"], dropped.len()), (&body["thinking"], 0));
        body[name] = value;
        let (back, dropped) = there_and_back(&body);
        assert_eq!(
            (back.get("thinking"), dropped),
            (None, vec!["reasoning_effort".to_owned()]),
            "{body}"
        );
    }
}
