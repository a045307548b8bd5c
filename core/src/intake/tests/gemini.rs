use super::*;

pub(super) const GEMINI: WireFormat = WireFormat::GeminiGenerate;

/// A request of a format, of which the path may name the model.
pub(super) fn asked(format: WireFormat) -> Asked {
    let model = (format == GEMINI).then(|| "fast".to_owned());
    let framing = (format == GEMINI).then_some(Framing::JsonArray);
    Asked {
        format,
        model,
        framing,
    }
}

#[test]
fn reads_what_policy_needs_of_gemini() {
    let schema = json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}});
    for (body, tokens) in [
        (
            json!({
                "systemInstruction": {"parts": [{"text": "1234"}]},
                "contents": [{"role": "user", "parts": [
                    {"text": "12345678"}, {"inlineData": {"mimeType": "image/png", "data": "AAAAAAAAAAAAAAAA"}},
                    {"fileData": {"mimeType": "image/png", "fileUri": "https://example.com"}},
                    {"functionCall": {"name": "1234", "args": {"a": 1}}, "thoughtSignature": "AAAAAAAAAAAAAAA"},
                ]}],
                "tools": [{"functionDeclarations": [{"name": "weather"}]}, {"googleSearch": {}}],
                "generationConfig": {"maxOutputTokens": 9, "responseMimeType": "application/json",
                    "responseSchema": schema},
                "labels": {"team": "a"},
            }),
            2000,
        ),
        (
            json!({
                "contents": {"parts": {"file_data": {"mime_type": "a/b", "file_uri": "https://example.com"}}},
                "tools": {"function_declarations": {"name": "weather"}, "google_search": {}},
                "generation_config": {"max_output_tokens": "9", "response_mime_type": "application/json",
                    "response_schema": schema},
                "labels": {"team": "a"},
            }),
            1000,
        ),
    ] {
        let intake = Intake::read(asked(GEMINI), body.to_string().into()).unwrap();
        assert_eq!(intake.model, "fast");
        assert!(intake.stream() && intake.include_usage);
        assert_eq!(intake.framing, Framing::JsonArray);
        assert_eq!(intake.tools, ["weather", "googleSearch"]);
        assert_eq!(intake.max_output, Some(9));
        assert_eq!(
            intake.json_schema,
            Some(json!({"type": "object", "properties": {"a": {"type": "string"}}}))
        );
        assert_eq!(intake.metadata.get("team").unwrap(), "a");
        let text = intake.input_tokens - tokens;
        assert!((10..40).contains(&text), "{text}");
    }
}

#[test]
fn gemini_passes_byte_for_byte() {
    let body = r#" {"contents" : [ {"parts":[{"text":"a"}]}] , "x_y":1.0e2} "#;
    let intake = Intake::read(asked(GEMINI), body.into()).unwrap();
    assert_eq!(intake.body_for(target("Gemini", "other")).unwrap(), body);
    assert_eq!(
        intake
            .outbound(target("OpenAI", "m"))
            .unwrap()
            .dropped
            .iter()
            .collect::<Vec<_>>(),
        ["xY"]
    );
}

#[test]
fn gemini_gets_what_openai_and_anthropic_say() {
    for (format, body, model) in [
        (
            CHAT,
            include_str!("../../../tests/requests/openai/everything.json"),
            "gemini-3-flash-preview",
        ),
        (
            MESSAGES,
            include_str!("../../../tests/requests/anthropic/everything.json"),
            "gemini-2.5-flash",
        ),
    ] {
        let intake = Intake::read(format, body.into()).unwrap();
        let outbound = intake.outbound(target("Gemini", model)).unwrap();
        let sent: Value = serde_json::from_slice(&outbound.body).unwrap();
        let dropped: Vec<_> = outbound.dropped.iter().collect();
        insta::assert_json_snapshot!(
            format!("{model} of {format:?}"),
            json!({"body": sent, "dropped": dropped})
        );
    }
}

#[test]
fn members_are_known_in_both_spellings() {
    let body = r#"{"a_b": 1, "cD": 2, "c_d": 3, "_x": 4, "e": 5}"#;
    let names: Vec<_> = Object::root(body, &Path::Root)
        .unwrap()
        .in_camel_case()
        .leftover()
        .map(std::borrow::Cow::into_owned)
        .collect();
    assert_eq!(names, ["aB", "cD", "c_d", "e", "x"]);
}
