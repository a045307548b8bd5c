use super::*;

const RESPONSES: WireFormat = WireFormat::OpenAIResponses;

#[test]
fn reads_what_policy_needs() {
    let intake = read(
        RESPONSES,
        &json!({
            "model": "m", "stream": true, "instructions": "1234",
            "input": [
                {"role": "user", "content": [
                    {"type": "input_text", "text": "12345678"},
                    {"type": "input_image", "image_url": "https://example.com/a.png"},
                ]},
                {"type": "reasoning", "summary": [], "encrypted_content": "AAAAAAAAAAAAAAAAAAAA"},
                {"type": "function_call", "call_id": "call_1", "name": "abcd", "arguments": "{\"a\":1}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "1234"},
            ],
            "tools": [{"type": "function", "name": "abcd"}, {"type": "web_search"}], "max_output_tokens": 7,
            "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
            "store": false, "user": "u", "previous_response_id": null, "background": false,
        }),
    );
    assert!(intake.stream() && intake.include_usage);
    assert_eq!(intake.tools, ["abcd", "web_search"]);
    assert_eq!(intake.max_output, Some(7));
    assert_eq!(intake.json_schema, Some(json!({"type": "object"})));
    assert_eq!(intake.metadata.get("user").unwrap(), "u");
    // 12 of the user, 4 of the name, 9 of the arguments (as they are written), 4 of the result, 4 of the instructions,
    // 55 of tools, and an image.
    let tools = json!([{"type": "function", "name": "abcd"}, {"type": "web_search"}]).to_string();
    let characters = 8 + 4 + 9 + 4 + 4 + tools.len() as u64;
    assert_eq!(intake.input_tokens, characters.div_ceil(4) + 1000);
    let text = read(RESPONSES, &json!({"model": "m", "input": "12345"}));
    assert_eq!((text.input_tokens, text.stream()), (2, false));
}

#[test]
fn refuses_what_needs_a_stored_response_and_says_what_to_send() {
    for (name, value, param, advice) in [
        ("store", json!(true), "store", "send false or leave it out"),
        ("background", json!(true), "background", "leave it out"),
        (
            "previous_response_id",
            json!("resp_1"),
            "previous_response_id",
            "send the earlier items in `input`",
        ),
        (
            "conversation",
            json!({"id": "conv_1"}),
            "conversation",
            "send its items in `input`",
        ),
        (
            "prompt",
            json!({"id": "pmpt_1"}),
            "prompt",
            "send its text in `instructions` and `input`",
        ),
        (
            "input",
            json!([{"type": "item_reference", "id": "msg_1"}]),
            "input[0]",
            "send the item itself",
        ),
        (
            "input",
            json!([{"id": "msg_1"}]),
            "input[0]",
            "send the item itself",
        ),
        ("input", json!(7), "input", "send a text or a list of items"),
        ("input", json!(["a"]), "input[0]", "send an object"),
    ] {
        let mut body = json!({"model": "m", "input": "a"});
        body[name] = value;
        let error = Intake::read(RESPONSES, body.to_string().into()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{body}");
        assert!(error.message.contains(advice), "{error}");
    }
    let error = Intake::read(RESPONSES, json!({"model": "m"}).to_string().into()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("input"));
}

/// What OpenAI's Responses get of these items.
fn passed(items: &str) -> (String, bool) {
    let body = format!(r#"{{"input":[{items}],"model":"m"}}"#);
    let intake = Intake::read(RESPONSES, Bytes::from(body)).unwrap();
    let openai = TargetShape {
        format: RESPONSES,
        ..target("OpenAI", "m")
    };
    let outbound = intake.outbound(openai).unwrap();
    let sent = String::from_utf8(outbound.body.to_vec()).unwrap();
    let rest = sent.strip_prefix(r#"{"input":["#).unwrap();
    let rest = rest.strip_suffix(r#"],"model":"m"}"#).unwrap();
    (rest.to_owned(), outbound.dropped.is_empty())
}

#[test]
fn reasoning_of_strangers_does_not_pass() {
    let user = r#"{"role":"user","content":"a"}"#;
    for stays in [
        r#"{"type":"reasoning","id":"rs_1","summary":[]}"#,
        r#"{"type":"reasoning","id":"rs_wayleave_1","summary":[],"encrypted_content":"gAAA"}"#,
        r#"{"type":"message","id":"msg_wayleave_1","role":"assistant","content":"rs_wayleave_1"}"#,
    ] {
        let items = format!("{user} , {stays}");
        assert_eq!(passed(&items), (items, true));
    }
    for goes in [
        r#"{"type":"reasoning","id":"rs_wayleave_1","summary":[{"type":"summary_text","text":"t"}]}"#,
        r#"{"type":"reasoning","summary":[],"encrypted_content":"wayleave.google.x"}"#,
    ] {
        assert_eq!(passed(&format!("{goes} , {user}")), (user.to_owned(), false));
        assert_eq!(passed(&format!("{user},{goes}")), (user.to_owned(), false));
    }
    let tagged = r#"{"type":"reasoning","summary":[],"encrypted_content":"wayleave.openai.x"}"#;
    let bare = r#"{"type":"reasoning","summary":[],"encrypted_content":"x"}"#;
    assert_eq!(passed(tagged), (bare.to_owned(), true));
}
