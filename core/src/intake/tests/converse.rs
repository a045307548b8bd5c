use super::*;

#[test]
fn reads_what_policy_needs() {
    let asked = Asked {
        format: WireFormat::BedrockConverse,
        model: Some("m".to_owned()),
        framing: Some(Framing::EventStream),
    };
    let body = json!({
        "system": [{"text": "1234"}],
        "messages": [{"role": "user", "content": [{"text": "1234"}]}],
        "toolConfig": {"tools": [
            {"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}, {"systemTool": {"name": "g"}},
            {"cachePoint": {"type": "default"}},
        ]},
        "inferenceConfig": {"maxTokens": 7},
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema":
            {"name": "a", "schema": "{\"type\":\"object\"}"}}}},
    });
    let intake = Intake::read(asked.clone(), body.to_string().into()).unwrap();
    assert!(intake.stream() && intake.include_usage);
    assert_eq!(intake.model, "m");
    assert_eq!(intake.tools, ["f", "g"]);
    assert_eq!(intake.max_output, Some(7));
    assert_eq!(intake.json_schema, Some(json!({"type": "object"})));
    // 8 characters, and 110 of tools.
    assert_eq!(intake.input_tokens, 30);
    let mut broken = body;
    broken["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"] = json!("{");
    let error = Intake::read(asked, broken.to_string().into()).unwrap_err();
    assert_eq!(
        error.param.as_deref(),
        Some("outputConfig.textFormat.structure.jsonSchema.schema")
    );
}
