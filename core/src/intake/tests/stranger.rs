use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn sent(format: WireFormat, vendor: &str, body: &str) -> (String, Vec<String>) {
    let intake = Intake::read(format, Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let outbound = intake.outbound(target(vendor, &intake.model)).unwrap();
    (
        String::from_utf8(outbound.body.to_vec()).unwrap(),
        outbound.dropped.iter().map(str::to_owned).collect(),
    )
}

fn to_anthropic(messages: &str) -> String {
    let body = format!(r#"{{"messages":{messages},"x":1.0e2,"model":"m"}}"#);
    let (sent, _) = sent(MESSAGES, "Anthropic", &body);
    let rest = sent.strip_prefix(r#"{"messages":"#).unwrap();
    rest.strip_suffix(r#","x":1.0e2,"model":"m"}"#)
        .unwrap()
        .to_owned()
}

const OWN: &str = r#"{"type":"thinking","thinking":"t","signature":"EqoB"}"#;
const FOREIGN: &str = r#"{"type":"thinking","thinking":"t","signature":"wayleave.google.x"}"#;
const EMPTY: &str = r#"{"type":"thinking","thinking":"t","signature" : ""}"#;
const SEALED: &str = r#"{"type":"redacted_thinking","data":"wayleave.openai.x"}"#;
const TEXT: &str = r#"{"type":"text","text":"a"}"#;

#[test]
fn blocks_of_strangers_go_with_their_commas() {
    let message = |blocks: &str| format!(r#"{{"role":"assistant","content":[{blocks}]}}"#);
    let user = r#"{"role":"user","content":"a"}"#;
    for (given, expected) in [
        (format!("{FOREIGN} , {TEXT}"), TEXT.to_owned()),
        (format!("{TEXT},{SEALED}"), TEXT.to_owned()),
        (
            format!(" {FOREIGN},{EMPTY},{TEXT}\n,{SEALED} "),
            format!(" {TEXT} "),
        ),
        (format!("{OWN},{EMPTY},{TEXT}"), format!("{OWN},{TEXT}")),
        (format!("{OWN}, 7 ,{TEXT}"), format!("{OWN}, 7 ,{TEXT}")),
    ] {
        let (given, expected) = (message(&given), message(&expected));
        assert_eq!(
            to_anthropic(&format!("[{user} ,{given}]")),
            format!("[{user} ,{expected}]")
        );
    }
    let empty = message(FOREIGN);
    assert_eq!(
        to_anthropic(&format!("[{user}, {empty} ,{user}]")),
        format!("[{user} ,{user}]")
    );
    assert_eq!(to_anthropic(&format!("[{empty}]")), "[]");
}

#[test]
fn what_is_the_targets_own_loses_its_tag() {
    let tagged = r#"[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"wayleave.openai.\u0061\"b"}]}]"#;
    let body = format!(r#"{{"model":"m","messages":{tagged}}}"#);
    let intake = Intake::read(MESSAGES, body.into()).unwrap();
    let mut target = target("Anthropic", "m");
    target.quirks.proofs = Some(Origin::OpenAI);
    let sent = intake.body_for(target).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(sent["messages"][0]["content"][0]["signature"], "a\"b");
}

#[test]
fn calls_without_their_thinking_are_not_thought_about() {
    let call = r#"{"type":"tool_use","id":"c","name":"f","input":{}}"#;
    let body = |thinking: &str, blocks: &str| {
        format!(
            r#"{{"model":"m","thinking":{thinking},"messages":[{{"role":"user","content":"a"}},
            {{"role":"assistant","content":[{blocks}]}},
            {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c"}}]}}]}}"#
        )
    };
    let enabled = r#"{"type":"enabled","budget_tokens":2048}"#;
    let (off, adaptive) = (r#"{"type":"disabled"}"#, r#"{"type":"adaptive"}"#);
    for (thinking, blocks, expected) in [
        (enabled, format!("{FOREIGN},{call}"), off),
        (enabled, format!("{OWN},{EMPTY},{call}"), enabled),
        (enabled, format!("{FOREIGN},{TEXT}"), enabled),
        (adaptive, format!("{FOREIGN},{call}"), adaptive),
    ] {
        let (sent, dropped) = sent(MESSAGES, "Anthropic", &body(thinking, &blocks));
        let sent: Value = serde_json::from_str(&sent).unwrap();
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(sent["thinking"], expected, "{blocks}");
        assert_eq!(
            dropped.contains(&String::from("thinking")),
            expected == json!({"type": "disabled"})
        );
        assert_eq!(dropped[0], "reasoning of earlier turns");
    }
}

#[test]
fn citations_that_the_gateway_made_are_not_sent_to_anthropic() {
    let text = |citations: &str| {
        format!(
            r#"[{{"role":"assistant","content":[{{"type":"text","text":"a","citations":[{citations}]}}]}}]"#
        )
    };
    let own = r#"{"type":"web_search_result_location","encrypted_index":"Eo8"}"#;
    let made = r#"{"type":"web_search_result_location","encrypted_index": ""}"#;
    assert_eq!(to_anthropic(&text(&format!("{made},{own},{made}"))), text(own));
    assert_eq!(to_anthropic(&text(made)), text(""));
}

#[test]
fn members_of_strangers_go_only_where_they_are_refused() {
    let claude = r#""reasoning_details":[{"format":"anthropic-claude-v1","data":"d"}]"#;
    let extra = r#""extra_content":{"google":{"thought_signature":"s"}}"#;
    let body = |members: &str, call: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"assistant"{members}}},{{"tool_calls":[{{"id":"c"{call}}}]}}]}}"#
        )
    };
    let plain = body("", "");
    for given in [
        body(&format!(",{claude}"), ""),
        body(&format!(" , {claude} , {extra}"), &format!(",{extra}")),
    ] {
        let (stripped, dropped) = sent(CHAT, "Mistral", &given);
        assert_eq!((stripped, dropped.len()), (plain.clone(), 1));
        for vendor in ["OpenRouter", "Custom"] {
            let (passed, dropped) = sent(CHAT, vendor, &given);
            assert_eq!((&passed, dropped.len()), (&given, 0), "{vendor}");
        }
    }
    let own = body(r#","reasoning_details":[{"text":"t"}],"extra_content":{}"#, "");
    assert_eq!(sent(CHAT, "Mistral", &own).0, own);
}

/// A block, and what is to become of it.
fn block() -> impl Strategy<Value = (Value, Option<Value>)> {
    let made = |block: Value, stays: bool| (block.clone(), stays.then_some(block));
    prop_oneof![
        any::<String>().prop_map(move |text| made(json!({"type": "text", "text": text}), true)),
        any::<String>().prop_map(move |text| {
            made(
                json!({"type": "thinking", "thinking": text, "signature": "EqoB"}),
                true,
            )
        }),
        any::<String>().prop_map(move |text| {
            let signature = format!("wayleave.unknown.{text}");
            made(
                json!({"type": "thinking", "thinking": text, "signature": signature}),
                false,
            )
        }),
        Just(made(
            json!({"signature": "", "type": "thinking", "thinking": "{\"]},"}),
            false
        )),
        Just(made(
            json!({"type": "redacted_thinking", "data": "wayleave.xai.x"}),
            false
        )),
        Just(made(json!({"type": "redacted_thinking", "data": "Eo"}), true)),
        Just(made(
            json!({"type": "tool_use", "input": {"signature": ""}}),
            true
        )),
        Just(made(json!([1, null, "wayleave.google."]), true)),
    ]
}

proptest! {
    #[test]
    fn all_else_stays_and_it_is_json(
        conversation in prop::collection::vec(prop::collection::vec(block(), 0..5), 0..5),
        pretty in any::<bool>(),
    ) {
        let message = |content: Vec<Value>| json!({"content": content, "role": "assistant"});
        let given: Vec<_> = conversation
            .iter()
            .map(|blocks| message(blocks.iter().map(|(block, _)| block.clone()).collect()))
            .collect();
        let expected: Vec<_> = conversation
            .iter()
            .map(|blocks| (blocks.is_empty(), blocks.iter().filter_map(|(_, stays)| stays.clone()).collect::<Vec<_>>()))
            .filter(|(was_empty, blocks)| *was_empty || !blocks.is_empty())
            .map(|(_, blocks)| message(blocks))
            .collect();
        let body = json!({"messages": given, "model": "m", "z": [1.5, {}]});
        let body = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) };
        let body = body.unwrap();
        let (out, _) = sent(MESSAGES, "Anthropic", &body);
        let parsed: Value = serde_json::from_str(&out).unwrap();
        prop_assert_eq!(&parsed, &json!({"messages": expected, "model": "m", "z": [1.5, {}]}));
        // Nothing but whole pieces was taken out: what is left is in the body, in order.
        let mut rest = body.bytes();
        prop_assert!(out.bytes().all(|byte| rest.any(|other| other == byte)));
        if given == expected {
            prop_assert_eq!(out, body);
        }
    }

    #[test]
    fn no_members_make_it_panic(
        details in prop_oneof![Just(json!(null)), Just(json!([7, {"format": 3}])), Just(json!({"format": "x"}))],
        extra in prop_oneof![Just(json!([])), Just(json!({"google": 1})), Just(json!("wayleave.google.x"))],
        role in prop_oneof![Just(json!("assistant")), Just(json!(7))],
    ) {
        let message = json!({"role": role, "reasoning_details": details, "extra_content": extra, "content": extra,
            "tool_calls": [extra, {"extra_content": details}]});
        let body = json!({"model": "m", "messages": [message, extra], "signature": ""}).to_string();
        for (format, vendor) in [(CHAT, "OpenAI"), (MESSAGES, "Anthropic")] {
            let (out, _) = sent(format, vendor, &body);
            prop_assert!(serde_json::from_str::<Value>(&out).is_ok());
        }
    }
}

#[test]
fn a_strangers_signature_gives_way_to_the_one_for_none() {
    let foreign = "d2F5bGVhdmUuYW50aHJvcGljLkVxb0I=";
    let body = format!(
        r#"{{"contents":[{{"parts":[{{"functionCall":{{"name":"f"}},"thoughtSignature" : "{foreign}"}},
            {{"text":"\"thoughtSignature\":\"{foreign}\"","thought_signature":"own=="}},
            {{"text":"b","thought_signature":"{foreign}"}}]}}]}}"#
    );
    let asked = crate::endpoint::Asked {
        format: WireFormat::GeminiGenerate,
        model: Some("m".to_owned()),
        framing: None,
    };
    let intake = Intake::read(asked, body.clone().into()).unwrap();
    let outbound = intake.outbound(target("Gemini", "m")).unwrap();
    let stand_in = "skip_thought_signature_validator";
    let expected = body
        .replace(&format!(": \"{foreign}\""), &format!(": \"{stand_in}\""))
        .replace(&format!("e\":\"{foreign}\""), &format!("e\":\"{stand_in}\""));
    assert_eq!(outbound.body, expected);
    assert!(!outbound.dropped.is_empty());
}
