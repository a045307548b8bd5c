use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::format::WireFormat;
use crate::intake::{Intake, TargetShape};
use crate::vendor::Vendor;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn target(model: &str) -> TargetShape<'_> {
    TargetShape {
        format: WireFormat::BedrockConverse,
        model,
        quirks: Vendor::named("Bedrock").unwrap().quirks,
    }
}

/// What the provider gets, and what got lost.
fn sent(format: WireFormat, body: &Value, model: &str) -> (Value, Vec<String>) {
    let intake = Intake::read(format, body.to_string().into()).unwrap();
    let outbound = intake.outbound(target(model)).unwrap();
    let dropped = outbound.dropped.iter().map(str::to_owned).collect();
    (serde_json::from_slice(&outbound.body).unwrap(), dropped)
}

fn chat(body: &Value, model: &str) -> (Value, Vec<String>) {
    let mut whole = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    for (name, value) in body.as_object().unwrap() {
        whole[name] = value.clone();
    }
    sent(WireFormat::OpenAIChat, &whole, model)
}

#[test]
fn what_the_neutral_model_holds_comes_back() {
    let schema = json!({"type": "object", "properties": {"x": {"type": "number"}}});
    let body = json!({
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
        "messages": [
            {"role": "user", "content": [
                {"text": "Hi \" \n"},
                {"cachePoint": {"type": "default"}},
                {"image": {"format": "png", "source": {"bytes": "AA=="}}},
                {"document": {"format": "pdf", "name": "t", "source": {"bytes": "AA=="}}},
                {"document": {"format": "xlsx", "name": "u", "source": {"bytes": "AA=="}}},
            ]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
                {"reasoningContent": {"redactedContent": "RXRrRQ=="}},
                {"text": "Yes."},
                {"toolUse": {"toolUseId": "tooluse_1", "name": "f", "input": {"x": [1.50, {"y": null}]}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "tooluse_1", "status": "error", "content": [
                    {"text": "1"},
                    {"image": {"format": "webp", "source": {"bytes": "AA=="}}},
                ]}},
                {"text": "And?"},
            ]},
        ],
        "inferenceConfig": {"maxTokens": 9000, "temperature": 0.5, "stopSequences": ["a", "b"]},
        "toolConfig": {
            "tools": [
                {"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": schema}, "strict": true}},
                {"cachePoint": {"type": "default"}},
            ],
            "toolChoice": {"tool": {"name": "f"}},
        },
        "additionalModelRequestFields": {"top_k": 5},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
        "serviceTier": {"type": "flex"},
    });
    let text = body.to_string();
    let request = decode(&text).unwrap();
    let outbound = encode(&request, target(CLAUDE)).unwrap();
    let back: Value = serde_json::from_slice(&outbound.body).unwrap();
    assert_eq!(back, body);
    assert!(outbound.dropped.is_empty(), "{:?}", outbound.dropped);
}

#[test]
fn a_chat_with_everything() {
    let call =
        |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}});
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": [
                {"type": "text", "text": " \n"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AA=="}},
                {"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA=="}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
                {"type": "file", "file": {"filename": "a/pdf", "file_data": "data:text/plain;base64,AA=="}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
            ]},
            {"role": "user", "content": "Both?"},
            {"role": "assistant", "content": null, "tool_calls": [call("functions.f:0"), call("b")],
                "reasoning_content": "Unsigned."},
            {"role": "tool", "tool_call_id": "functions.f:0", "content": ""},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "system", "content": "Hurry."},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "required", "parallel_tool_calls": false,
        "max_completion_tokens": 10, "temperature": 1.5, "top_p": 0.5, "seed": 7, "n": 2, "stop": ["x", " "],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
        "reasoning_effort": "high", "user": "u", "metadata": {"a": "b"}, "service_tier": "priority",
        "logit_bias": {"1": 2}, "stream": true,
    });
    insta::assert_json_snapshot!(sent(WireFormat::OpenAIChat, &body, CLAUDE));
}

#[test]
fn proofs_go_to_claude_alone() {
    let body = json!({
        "model": "m", "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                {"type": "thinking", "thinking": "Gemini's.", "signature": "wayleave.google.c2ln"},
                {"type": "redacted_thinking", "data": "EtkE"},
                {"type": "redacted_thinking", "data": "wayleave.amazon.//79"},
                {"type": "text", "text": "Yes."},
            ]},
            {"role": "user", "content": "So?"},
        ],
    });
    let proofs = |model: &str| {
        let (body, dropped) = sent(WireFormat::AnthropicMessages, &body, model);
        let content = body["messages"][1]["content"].as_array().unwrap().clone();
        (content, dropped)
    };
    let yes = json!({"text": "Yes."});
    let shown = json!({"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}});
    let hidden = json!({"reasoningContent": {"redactedContent": "RXRrRQ=="}});
    let amazons = json!({"reasoningContent": {"redactedContent": "//79"}});
    let lost = vec!["reasoning of earlier turns".to_owned()];
    assert_eq!(proofs(CLAUDE), (vec![shown, hidden, yes.clone()], lost.clone()));
    assert_eq!(proofs("us.amazon.nova-2-lite-v1:0"), (vec![amazons, yes], lost));
}

#[test]
fn each_maker_is_told_to_think_in_its_own_way() {
    for (model, wish, fields, bound, lost) in [
        (
            CLAUDE,
            json!({"reasoning_effort": "low"}),
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}),
            json!({"maxTokens": 5120}),
            None,
        ),
        (
            "global.anthropic.claude-opus-4-6-v1",
            json!({"reasoning_effort": "high", "top_k": 5}),
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
            Value::Null,
            Some("top_k"),
        ),
        (
            "openai.gpt-oss-120b-1:0",
            json!({"reasoning_effort": "high"}),
            json!({"reasoning_effort": "high"}),
            Value::Null,
            None,
        ),
        (
            "qwen.qwen3-32b-v1:0",
            json!({"reasoning_effort": "minimal", "max_tokens": 9}),
            json!({"reasoning_config": "low"}),
            json!({"maxTokens": 9}),
            None,
        ),
        (
            "us.amazon.nova-lite-v1:0",
            json!({"reasoning_effort": "high", "top_k": 5}),
            json!({"inferenceConfig": {"topK": 5}}),
            Value::Null,
            Some("reasoning_effort"),
        ),
        (
            "meta.llama3-1-8b-instruct-v1:0",
            json!({"top_k": 5, "temperature": 1.5}),
            Value::Null,
            json!({"temperature": 1.0}),
            Some("top_k"),
        ),
    ] {
        let (body, dropped) = chat(&wish, model);
        assert_eq!(body["additionalModelRequestFields"], fields, "{model}");
        assert_eq!(body["inferenceConfig"], bound, "{model}");
        assert_eq!(
            dropped.iter().any(|what| Some(&**what) == lost),
            lost.is_some(),
            "{model}: {dropped:?}"
        );
    }
}

#[test]
fn tools_that_must_not_be_called_are_left_out_or_noted() {
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
    let (body, dropped) = chat(&json!({"tools": tools, "tool_choice": "none"}), CLAUDE);
    assert_eq!((&body["toolConfig"], dropped.len()), (&Value::Null, 0));
    let messages = json!([
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]);
    let wish = json!({"tools": tools, "tool_choice": "none", "messages": messages});
    let (body, dropped) = chat(&wish, CLAUDE);
    let expected =
        json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]});
    assert_eq!(
        (&body["toolConfig"], dropped),
        (&expected, vec!["tool_choice".to_owned()])
    );
}

#[test]
fn only_models_that_cache_are_told_where() {
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let body = json!({
        "model": "m", "max_tokens": 9,
        "system": [{"type": "text", "text": "a", "cache_control": mark}],
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}, "cache_control": mark}],
    });
    let point = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    let without = json!({"cachePoint": {"type": "default"}});
    for (model, in_system, in_tools, lost) in [
        (CLAUDE, &point, &point, vec![]),
        (
            "us.amazon.nova-lite-v1:0",
            &without,
            &Value::Null,
            vec!["cache_control.ttl", "tools[].cache_control"],
        ),
        (
            "meta.llama3-1-8b-instruct-v1:0",
            &Value::Null,
            &Value::Null,
            vec!["cache_control", "tools[].cache_control"],
        ),
    ] {
        let (body, dropped) = sent(WireFormat::AnthropicMessages, &body, model);
        assert_eq!(&body["system"][1], in_system, "{model}");
        assert_eq!(&body["toolConfig"]["tools"][1], in_tools, "{model}");
        assert_eq!(dropped, lost, "{model}");
    }
}

#[test]
fn a_schema_is_text_where_the_model_can_be_held_to_it() {
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}});
    let wish = json!({"response_format": format});
    let schema = json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema":
        {"name": "a", "schema": "{\"type\":\"object\"}"}}}});
    assert_eq!(chat(&wish, CLAUDE).0["outputConfig"], schema);
    let (body, dropped) = chat(&wish, "us.amazon.nova-lite-v1:0");
    assert_eq!(
        (&body["outputConfig"], dropped),
        (&Value::Null, vec!["response_format".to_owned()])
    );
}

#[test]
fn what_is_not_understood_is_noted_or_refused() {
    let request = decode(
        r#"{"messages":[{"role":"user","content":[{"cachePoint":{}},{"video":{}},
            {"guardContent":{"text":{"text":"a"}}},{"image":{"format":"png","source":{"s3Location":{}}}},
            {"document":{"name":"n","source":{"text":"b"}}},
            {"searchResult":{"title":"c","content":[{"text":"d"}]}},
            {"citationsContent":{"content":[{"text":"e"}],"citations":[]}}]}],
            "toolConfig":{"tools":[{"systemTool":{"name":"s"}}]},"guardrailConfig":{},
            "outputConfig":{"x":1},"additionalModelRequestFields":{"reasoning_config":{"type":"enabled"},"k":1}}"#,
    )
    .unwrap();
    insta::assert_debug_snapshot!((request.dropped.iter().collect::<Vec<_>>(), &request.turns));
    for (body, param) in [
        (r"{}", "messages"),
        (
            r#"{"messages":[{"role":"tool","content":[]}]}"#,
            "messages[0].role",
        ),
        (r#"{"messages":[{"role":"user"}]}"#, "messages[0].content"),
        (
            r#"{"messages":[{"role":"user","content":[{}]}]}"#,
            "messages[0].content[0]",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"toolUse":{"toolUseId":"a","name":"f","input":1}}]}]}"#,
            "messages[0].content[0].toolUse.input",
        ),
    ] {
        assert_eq!(decode(body).unwrap_err().param.as_deref(), Some(param), "{body}");
    }
}

/// The places of all values in a document.
fn places(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                self::places(value, &format!("{at}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                self::places(value, &format!("{at}/{index}"), places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    /// Anything at any place: read or refused, never a panic; what is read can be sent.
    #[test]
    fn what_is_read_can_be_sent(
        at in any::<prop::sample::Index>(),
        odd in prop::sample::select(vec!["null", "1", "\"\"", "[]", "{}", "[{}]", "\"a b\"", "true"]),
    ) {
        let mut body = json!({"messages": [{"role": "user", "content": [
            {"text": "a"}, {"toolResult": {"toolUseId": "t", "content": [{"json": {"a": 1}}], "status": "error"}},
            {"image": {"format": "png", "source": {"bytes": "AA=="}}}, {"cachePoint": {"type": "default"}},
            {"reasoningContent": {"reasoningText": {"text": "a", "signature": "b"}}},
            {"document": {"format": "pdf", "name": "n", "source": {"bytes": "AA=="}}},
        ]}], "inferenceConfig": {"maxTokens": 3}, "toolConfig": {"tools": [
            {"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}], "toolChoice": {"any": {}}}});
        let mut all = Vec::new();
        places(&body, "", &mut all);
        let place: &String = at.get(&all);
        *body.pointer_mut(place).unwrap() = serde_json::from_str(odd).unwrap();
        if let Ok(request) = decode(&body.to_string()) {
            encode(&request, target(CLAUDE)).unwrap();
        }
    }
}
