//! Translations of requests, each as a whole: `requests/FORMAT/NAME.json` is what a client sends, the snapshot what
//! the provider gets and what of it got lost.

#![cfg(test)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wayleave_core::endpoint::Asked;
use wayleave_core::format::WireFormat;
use wayleave_core::intake::{Intake, TargetShape};
use wayleave_core::vendor::Vendor;

/// Translates a request for a vendor, at which the model has the name that the client asks for.
fn translate(folder: &str, name: &str, vendor: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/requests")
        .join(folder)
        .join(name);
    let body = fs::read(path.with_extension("json")).unwrap();
    let asked = match folder {
        "openai" => Asked::from(WireFormat::OpenAIChat),
        "anthropic" => Asked::from(WireFormat::AnthropicMessages),
        // Its paths name the model.
        _ => Asked {
            model: Some("claude-sonnet-4-5".to_owned()),
            ..Asked::from(WireFormat::GeminiGenerate)
        },
    };
    let intake = Intake::read(asked, body.into()).unwrap();
    let vendor = Vendor::named(vendor).unwrap();
    let target = TargetShape {
        format: vendor.format,
        model: &intake.model,
        quirks: vendor.quirks,
    };
    let outbound = intake.outbound(target).unwrap();
    let body: Value = serde_json::from_slice(&outbound.body).unwrap();
    json!({"body": body, "dropped": outbound.dropped.iter().collect::<Vec<_>>()})
}

/// Every file of the folder is in the list, so that none lies there unread.
fn check(folder: &str, cases: &[(&str, &str)]) {
    let files = fs::read_dir(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/requests")
            .join(folder),
    )
    .unwrap();
    assert_eq!(files.count(), cases.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("requests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, vendor) in cases {
            insta::assert_json_snapshot!(format!("{folder}__{name}"), translate(folder, name, vendor));
        }
    });
}

#[test]
fn openai_to_anthropic() {
    check(
        "openai",
        &[
            "allowed_tools",
            "assistant_first",
            "conversation",
            "everything",
            "json_mode",
            "legacy_functions",
            "members",
            "mistral",
            "parallel_tools",
            "plain",
            "reasoning_adaptive",
            "reasoning_budget",
            "reasoning_off",
            "system_only",
        ]
        .map(|name| (name, "Anthropic")),
    );
}

#[test]
fn anthropic_to_openai() {
    check(
        "anthropic",
        &[
            ("adaptive", "OpenAI"),
            ("adaptive_without_effort", "OpenAI"),
            ("documents", "OpenAI"),
            ("everything", "OpenAI"),
            ("no_reasoning_model", "DeepInfra"),
            ("older_output_format", "OpenAI"),
            ("plain", "OpenAI"),
            ("proofs", "OpenRouter"),
            ("server_tools_only", "OpenAI"),
            ("system_text", "Groq"),
            ("text_before_result", "OpenAI"),
            ("tool_choice_none", "OpenAI"),
            ("tool_ids", "Mistral"),
        ],
    );
}

#[test]
fn gemini_to_openai_and_anthropic() {
    check("gemini", &[("everything", "OpenAI"), ("snake_case", "Anthropic")]);
}

/// A request that both formats can say in full comes back as it was.
#[test]
fn there_and_back() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": false});
    let call = |id: &str, city: &str| {
        let arguments = json!({"city": city}).to_string();
        json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}})
    };
    let body = json!({
        "model": "claude-sonnet-4-5",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Here and in Oslo?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ]},
            {"role": "assistant", "content": "Let me see.", "tool_calls": [call("c1", "Rome"), call("c2", "Oslo")]},
            {"role": "tool", "tool_call_id": "c1", "content": "18 C"},
            {"role": "tool", "tool_call_id": "c2", "content": "9 C"},
            {"role": "user", "content": "So?"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "d", "parameters": schema,
            "strict": true}}],
        "tool_choice": "required", "parallel_tool_calls": false, "max_completion_tokens": 10, "temperature": 0.5,
        "stop": ["a", "b"], "response_format": {"type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema, "strict": true}},
        "user": "u", "service_tier": "default", "stream": true, "stream_options": {"include_usage": true},
    });
    let mut format = WireFormat::OpenAIChat;
    let mut sent = body.to_string();
    for vendor in ["Anthropic", "OpenAI"] {
        let vendor = Vendor::named(vendor).unwrap();
        let intake = Intake::read(format, sent.into()).unwrap();
        let target = TargetShape {
            format: vendor.format,
            model: &intake.model,
            quirks: vendor.quirks,
        };
        let outbound = intake.outbound(target).unwrap();
        assert!(outbound.dropped.is_empty(), "{:?}", outbound.dropped);
        format = vendor.format;
        sent = String::from_utf8(outbound.body.to_vec()).unwrap();
    }
    assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), body);
}
