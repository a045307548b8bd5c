use super::*;

const COMPLETIONS: WireFormat = WireFormat::OpenAICompletions;

#[test]
fn reads_what_policy_needs() {
    let body =
        json!({"model": "m", "prompt": ["12345678", "1234"], "max_tokens": 7, "user": "u", "stream": true});
    let intake = read(COMPLETIONS, &body);
    assert!(intake.stream() && !intake.include_usage);
    assert_eq!(intake.max_output, Some(7));
    assert_eq!(intake.input_tokens, 3);
    assert_eq!(intake.metadata.get("user").unwrap(), "u");
    let tokens = read(COMPLETIONS, &json!({"model": "m", "prompt": [[1, 2], [3]]}));
    assert!(!tokens.stream());
    assert_eq!(tokens.input_tokens, 3);
    assert_eq!(read(COMPLETIONS, &json!({"model": "m"})).input_tokens, 0);
}

#[test]
fn passes_any_prompt_and_asks_for_usage() {
    let same = TargetShape {
        format: COMPLETIONS,
        ..target("OpenAI", "n")
    };
    let body = r#"{"model":"m","prompt":[[1,2],[3]],"echo":true,"stream":true}"#;
    let intake = Intake::read(COMPLETIONS, body.into()).unwrap();
    assert_eq!(
        intake.body_for(same).unwrap(),
        r#"{"stream_options":{"include_usage":true},"model":"n","prompt":[[1,2],[3]],"echo":true,"stream":true}"#
    );
    let error = intake
        .outbound(target("Anthropic", "claude-sonnet-4-5"))
        .unwrap_err();
    assert_eq!(error.param.as_deref(), Some("prompt"));
}

#[test]
fn a_stream_stays_one_in_translation() {
    let body = json!({"model": "m", "prompt": "a", "stream": true});
    let sent = read(COMPLETIONS, &body).body_for(target("Groq", "n")).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(
        sent,
        json!({"model": "n", "messages": [{"role": "user", "content": "a"}], "max_tokens": 16, "stream": true,
            "stream_options": {"include_usage": true}})
    );
}

#[test]
fn nobody_has_only_completions() {
    let only = TargetShape {
        format: COMPLETIONS,
        ..target("OpenAI", "n")
    };
    let error = read(CHAT, &json!({"model": "m", "messages": []}))
        .body_for(only)
        .unwrap_err();
    assert_eq!(error.param.as_deref(), Some("model"));
}
