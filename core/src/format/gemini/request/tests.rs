use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::proof::{Origin, Proof};
use crate::chat::{Content, Part, Request, Role, Turn};
use crate::format::WireFormat;
use crate::intake::TargetShape;
use crate::vendor::Vendor;

fn target(model: &str) -> TargetShape<'_> {
    TargetShape {
        format: WireFormat::GeminiGenerate,
        model,
        quirks: Vendor::named("Gemini").unwrap().quirks,
    }
}

fn encoded(request: &Request<'_>, model: &str) -> (Value, Vec<String>) {
    let outbound = encode(request, target(model)).unwrap();
    (
        serde_json::from_slice(&outbound.body).unwrap(),
        outbound.dropped.iter().map(str::to_owned).collect(),
    )
}

fn there_and_back(body: &Value, model: &str) -> (Value, Vec<String>) {
    let text = body.to_string();
    let text = plain(&text).unwrap();
    encoded(&decode(&text).unwrap(), model)
}

/// A request that the neutral model holds in full.
fn full() -> Value {
    let schema = json!({"type": "object", "properties": {"x": {"type": "number"}}});
    json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "Hi \" \n"},
                {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
                {"inlineData": {"mimeType": "application/pdf", "data": "AA=="}},
                {"inlineData": {"mimeType": "audio/wav", "data": "AA=="}},
                {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.com/a.webp?x=1"}},
            ]},
            {"role": "model", "parts": [
                {"text": "Let me see.", "thoughtSignature": "t0=="},
                {"functionCall": {"id": "a", "name": "f", "args": {"x": [1.5, {"y": null}]}},
                    "thoughtSignature": "c0=="},
                {"functionCall": {"id": "b", "name": "g", "args": {}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "b", "name": "g", "response": {"result": "12"}}},
                {"functionResponse": {"id": "a", "name": "f", "response": {"y": 1, "x": "z"},
                    "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}},
                {"functionResponse": {"id": "b", "name": "g", "response": {"error": "gone"}}},
            ]},
            {"role": "user", "parts": [{"text": "And?"}]},
        ],
        "tools": [{"functionDeclarations": [
            {"name": "f", "description": "d", "parametersJsonSchema": schema}, {"name": "g"},
        ]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "temperature": 0.5, "topP": 0.9, "topK": 3, "candidateCount": 2, "maxOutputTokens": 7,
            "stopSequences": ["a"], "seed": -4, "presencePenalty": 0.25, "frequencyPenalty": 1.5,
            "responseMimeType": "application/json", "responseJsonSchema": schema, "responseLogprobs": true,
            "logprobs": 2, "thinkingConfig": {"thinkingLevel": "low", "includeThoughts": true},
        },
    })
}

/// Every name in the other spelling, but for those in schemas and arguments.
fn in_snake_case(value: &Value) -> Value {
    let snake = |name: &str| {
        name.chars().fold(String::new(), |mut snake, character| {
            if character.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(character.to_ascii_lowercase());
            snake
        })
    };
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let nobodys = matches!(name.as_str(), "args" | "response" | "parametersJsonSchema");
                (
                    snake(name),
                    if nobodys {
                        value.clone()
                    } else {
                        in_snake_case(value)
                    },
                )
            })
            .collect(),
        Value::Array(items) => items.iter().map(in_snake_case).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn what_the_neutral_model_holds_comes_back_from_either_spelling() {
    let mut expected = full();
    // Only this function may be called; the other is not offered.
    expected["tools"][0]["functionDeclarations"]
        .as_array_mut()
        .unwrap()
        .pop();
    for body in [full(), in_snake_case(&full())] {
        let (seen, dropped) = there_and_back(&body, "gemini-3-flash-preview");
        assert_eq!(seen, expected);
        assert_eq!(dropped, Vec::<String>::new());
    }
}

#[test]
fn what_is_googles_alone_is_noted() {
    let body = json!({
        "contents": [{"parts": [
            {"text": "x", "videoMetadata": {"fps": 1}}, {"executableCode": {"code": "1"}},
            {"fileData": {"fileUri": "gs://bucket/a.wav", "mimeType": "audio/wav"}},
        ]}],
        "tools": [{"googleSearch": {}}, {"code_execution": {}}, {"urlContext": {}}],
        "safetySettings": [{"category": 10}], "cachedContent": "cachedContents/1", "labels": {"a": "b"},
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "mediaResolution": "LOW"},
        "toolConfig": {"includeServerSideToolInvocations": true}, "model": "models/m",
    });
    let (seen, dropped) = there_and_back(&body, "gemini-2.5-flash");
    assert_eq!(
        seen,
        json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}]})
    );
    assert_eq!(
        dropped,
        [
            "contents[].parts[].videoMetadata",
            "contents[].parts[].executableCode",
            "contents[].parts[].fileData of Google's",
            "tools[].googleSearch",
            "tools[].codeExecution",
            "tools[].urlContext",
            "toolConfig.includeServerSideToolInvocations",
            "generationConfig.responseModalities",
            "generationConfig.mediaResolution",
            "cachedContent",
            "labels",
            "safetySettings",
        ]
    );
}

#[test]
fn calls_without_ids_are_paired_by_name_and_order() {
    let call = |name: &str| json!({"functionCall": {"name": name}});
    let result = |name: &str| json!({"functionResponse": {"name": name, "response": {"output": name}}});
    let body = json!({"contents": [
        {"role": "user", "parts": {"text": "Go."}},
        {"role": "model", "parts": [call("f"), call("g"), call("f")]},
        {"role": "function", "parts": [result("g"), result("f"), result("f")]},
        {"role": "model", "parts": [call("f"), call("f")]},
        {"role": "user", "parts": [
            {"functionResponse": {"id": "call_5", "name": "f", "response": {}}}, result("f"), result("h"),
        ]},
    ]});
    let text = body.to_string();
    let request = decode(&text).unwrap();
    let ids: Vec<_> = request
        .turns
        .iter()
        .flat_map(|turn| &turn.parts)
        .filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call.id.as_ref()),
            Content::ToolResult(result) => Some(result.id.as_ref()),
            Content::Text(_)
            | Content::Image(_)
            | Content::Document(_)
            | Content::Audio { .. }
            | Content::Reasoning { .. }
            | Content::RedactedReasoning(_)
            | Content::Refusal(_) => None,
        })
        .collect();
    assert_eq!(
        ids,
        [
            "call_1",
            "call_2",
            "call_3",
            "call_2",
            "call_1",
            "call_3",
            "call_4",
            "call_5",
            "call_5",
            "call_4",
            "call_of_h"
        ]
    );
}

fn reasoning(text: &'static str, origin: Option<Origin>) -> Part<'static> {
    Part::plain(Content::Reasoning {
        text: text.into(),
        proof: origin.map(|origin| Proof::new(origin, "sig")),
    })
}

#[test]
fn proofs_of_others_come_back_from_gemini_clients() {
    let tagged = |origin, data: &'static str| {
        crate::format::gemini::proof::write(&Proof::new(origin, data)).into_owned()
    };
    let body = json!({"contents": [{"role": "model", "parts": [
        {"text": "Hm.", "thought": true}, {"text": "", "thought": true, "thoughtSignature": tagged(Origin::Anthropic, "a")},
        {"thought": true, "thoughtSignature": tagged(Origin::OpenAI, "b")},
        {"text": "Yes.", "thoughtSignature": "Zw=="},
    ]}]});
    let text = body.to_string();
    let request = decode(&text).unwrap();
    let seen = request.turns[0].parts.iter().map(|part| match &part.content {
        Content::Reasoning { text, proof } => {
            format!("{text} {:?}", proof.as_ref().map(|it| (it.origin, &*it.data)))
        }
        Content::RedactedReasoning(proof) => format!("redacted {:?} {}", proof.origin, proof.data),
        Content::Text(text) => text.to_string(),
        other @ (Content::Image(_)
        | Content::Document(_)
        | Content::Audio { .. }
        | Content::Refusal(_)
        | Content::ToolCall(_)
        | Content::ToolResult(_)) => panic!("{other:?}"),
    });
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            "Hm. Some((Anthropic, \"a\"))",
            "redacted OpenAI b",
            "Yes.",
            " Some((Google, \"Zw==\"))"
        ]
    );
}

#[test]
fn only_googles_proofs_are_sent() {
    let turn = |role, parts| Turn { role, parts };
    let text = |text: &'static str| Part::plain(Content::Text(text.into()));
    let request = Request {
        turns: vec![
            turn(Role::User, vec![text("Hi.")]),
            turn(
                Role::Assistant,
                vec![
                    reasoning("Hm.", Some(Origin::Anthropic)),
                    reasoning("", Some(Origin::Google)),
                    text("Yes."),
                    Part::plain(Content::RedactedReasoning(Proof::new(Origin::OpenAI, "x"))),
                ],
            ),
            turn(Role::User, vec![text("And?")]),
            turn(
                Role::Assistant,
                vec![text("Well."), reasoning("Hm.", Some(Origin::Google))],
            ),
        ],
        ..Request::default()
    };
    let (body, dropped) = encoded(&request, "gemini-2.5-pro");
    assert_eq!(
        body["contents"][1]["parts"],
        json!([{"text": "Yes.", "thoughtSignature": "sig"}])
    );
    assert_eq!(
        body["contents"][3]["parts"],
        json!([{"text": "Well.", "thoughtSignature": "sig"}])
    );
    assert_eq!(dropped, ["reasoning of earlier turns"]);
}

#[test]
fn steps_of_the_present_turn_have_a_proof_at_gemini_3() {
    let call = |id: &str| json!({"functionCall": {"id": id, "name": "f", "args": {}}});
    let result = |id: &str| json!({"functionResponse": {"id": id, "name": "f", "response": {"result": "1"}}});
    let body = json!({"contents": [
        {"role": "user", "parts": [{"text": "One."}]},
        {"role": "model", "parts": [call("a")]},
        {"role": "user", "parts": [result("a")]},
        {"role": "user", "parts": [{"text": "Two."}]},
        {"role": "model", "parts": [call("b"), call("c")]},
        {"role": "user", "parts": [result("b"), result("c")]},
        {"role": "model", "parts": [{"functionCall": {"id": "d", "name": "f", "args": {}}, "thoughtSignature": "own"}]},
        {"role": "user", "parts": [result("d")]},
    ]});
    let (older, _) = there_and_back(&body, "gemini-2.5-pro");
    assert_eq!(older, body);
    let mut expected = body.clone();
    expected["contents"][4]["parts"][0]["thoughtSignature"] = json!("skip_thought_signature_validator");
    let (third, _) = there_and_back(&body, "models/gemini-3-pro-preview");
    assert_eq!(third, expected);
}

#[test]
fn before_gemini_3_results_hold_no_pictures_and_functions_exclude_json() {
    let (seen, dropped) = there_and_back(&full(), "gemini-2.5-flash");
    assert_eq!(
        seen["contents"][3]["parts"],
        json!([{"inlineData": {"mimeType": "image/png", "data": "AA=="}}, {"text": "And?"}])
    );
    assert!(seen["generationConfig"]["responseMimeType"].is_null());
    assert_eq!(dropped, ["response_format beside tools"]);
}

#[test]
fn a_result_that_looks_like_a_wrapper_is_wrapped() {
    for text in [
        "plain",
        "{\"result\": 1}",
        "[1]",
        "{\"a\": 1, \"error\": 2}",
        "",
        "{broken",
    ] {
        let body = json!({"contents": [
            {"role": "user", "parts": [{"text": "x"}]},
            {"role": "model", "parts": [{"functionCall": {"id": "a", "name": "f", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "a", "name": "f", "response": {"result": text}}}]},
        ]});
        let (sent, _) = there_and_back(&body, "gemini-2.5-pro");
        let sent = sent.to_string();
        let request = decode(&sent).unwrap();
        let Content::ToolResult(result) = &request.turns[2].parts[0].content else {
            panic!("a result")
        };
        let Content::Text(said) = &result.parts[0] else {
            panic!("a text")
        };
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!(text));
        assert_eq!(json(said), json(text));
    }
}

#[test]
fn errors_say_where() {
    for (body, param) in [
        (json!({}), "contents"),
        (json!({"contents": 1}), "contents[0]"),
        (json!({"contents": [{"role": "system"}]}), "contents[0].role"),
        (
            json!({"contents": [{"parts": [{"functionCall": {}}]}]}),
            "contents[0].parts[0].functionCall.name",
        ),
        (
            json!({"contents": [], "generationConfig": {"topK": "x"}}),
            "generationConfig.topK",
        ),
        (
            json!({"contents": [], "toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}),
            "toolConfig.functionCallingConfig.mode",
        ),
    ] {
        let text = body.to_string();
        let error = decode(&text).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{error}");
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn replace(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *value = with.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, at, with)),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn no_value_in_any_place_makes_translation_panic(
        at in any::<prop::sample::Index>(),
        with in prop::sample::select(vec![
            json!(null), json!(true), json!(-1), json!(1e300), json!(""), json!("x"), json!([]), json!([1, "a", {}]),
            json!({}), json!({"a": {"type": "OBJECT"}}), json!([[]]), json!({"text": 1}),
        ]),
    ) {
        let mut body = full();
        body["tools"][0]["functionDeclarations"][0]["parameters"] =
            json!({"type": "OBJECT", "properties": {"a": {"type": 1, "nullable": true}}, "anyOf": [{"enum": ["x"]}]});
        let mut at = at.index(count(&body));
        replace(&mut body, &mut at, &with);
        let text = body.to_string();
        if let Ok(text) = plain(&text)
            && let Ok(request) = decode(&text)
        {
            for model in ["gemini-3-pro-preview", "gemini-2.5-flash"] {
                let _ = encode(&request, target(model));
            }
        }
    }
}
