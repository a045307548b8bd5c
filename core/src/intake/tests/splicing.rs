use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::gemini::GEMINI;
use super::*;

fn bytes(format: WireFormat, body: &str, target: TargetShape<'_>) -> String {
    let intake = Intake::read(format, Bytes::copy_from_slice(body.as_bytes())).unwrap();
    String::from_utf8(intake.body_for(target).unwrap().to_vec()).unwrap()
}

#[test]
fn only_the_model_changes() {
    let body = " {\n\t\"messages\" : [{\"role\":\"user\",\"content\":\"model\"}] ,\"model\":  \"a\\u0062\" , \"x\":1.0e2} ";
    assert_eq!(
        bytes(CHAT, body, target("Groq", "c\"d")),
        body.replace("\"a\\u0062\"", "\"c\\\"d\"")
    );
    assert_eq!(
        bytes(MESSAGES, body, target("Anthropic", "c")),
        body.replace("\"a\\u0062\"", "\"c\"")
    );
    let body = r#"{"input":["x"],"model":"a","dimensions":3}"#;
    let target = TargetShape {
        format: WireFormat::OpenAIEmbeddings,
        ..target("OpenAI", "b")
    };
    assert_eq!(
        bytes(WireFormat::OpenAIEmbeddings, body, target),
        r#"{"input":["x"],"model":"b","dimensions":3}"#
    );
}

#[test]
fn the_same_model_is_the_same_memory() {
    let body = Bytes::from_static(br#"{"model":"m","messages":[]}"#);
    let intake = Intake::read(CHAT, body.clone()).unwrap();
    assert_eq!(
        intake.body_for(target("OpenAI", "m")).unwrap().as_ptr(),
        body.as_ptr()
    );
}

#[test]
fn usage_is_asked_for_where_it_has_to_be() {
    for (given, expected) in [
        (
            r#"{"model":"m","stream":true,"messages":[]}"#,
            r#"{"stream_options":{"include_usage":true},"model":"m","stream":true,"messages":[]}"#,
        ),
        (
            r#"{"model":"m","stream":true,"messages":[],"stream_options":null}"#,
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{ }}"#,
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true }}"#,
        ),
        (
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":false,"x":1}}"#,
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true,"x":1}}"#,
        ),
        (
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_obfuscation":false}}"#,
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true,"include_obfuscation":false}}"#,
        ),
        (
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true}}"#,
            r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"model":"m","stream":false,"messages":[]}"#,
            r#"{"model":"m","stream":false,"messages":[]}"#,
        ),
    ] {
        assert_eq!(bytes(CHAT, given, target("OpenAI", "m")), expected);
        assert_eq!(
            bytes(CHAT, given, target("Mistral", "m")),
            given,
            "Mistral tells usage unasked"
        );
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A body with its members in any order, and what it says.
fn body() -> impl Strategy<Value = (String, Map<String, Value>)> {
    let options = prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        prop::collection::btree_map("[a-z]{1,3}", json_value(), 0..3)
            .prop_map(|members| Some(json!(members))),
        any::<bool>().prop_map(|usage| Some(json!({"include_usage": usage, "x": [1]}))),
    ];
    let others = prop::collection::vec(("x_[a-z]{0,9}", json_value()), 0..6);
    (
        others,
        any::<String>(),
        prop::collection::vec(json_value(), 0..3),
        options,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(others, model, messages, options, stream, pretty)| {
            let mut members: Map<String, Value> = others.into_iter().collect();
            members.insert("model".into(), format!("m{model}").into());
            members.insert("messages".into(), messages.into());
            members.insert("stream".into(), stream.into());
            members.extend(options.map(|options| ("stream_options".to_owned(), options)));
            (members, pretty)
        })
        .prop_flat_map(|(members, pretty)| {
            let order: Vec<_> = members.clone().into_iter().collect();
            (Just(order).prop_shuffle(), Just(members), Just(pretty))
        })
        .prop_map(|(order, members, pretty)| {
            let text = |value: &Value| {
                if pretty {
                    serde_json::to_string_pretty(value)
                } else {
                    serde_json::to_string(value)
                }
            };
            let members_text: Vec<_> = order
                .iter()
                .map(|(name, value)| format!("{}: {}", json!(name), text(value).unwrap()))
                .collect();
            (format!("{{{}}}", members_text.join(" ,\n")), members)
        })
}

proptest! {
    #[test]
    fn a_splice_is_a_change_of_the_parsed_body(
        (body, mut members) in body(),
        model in any::<String>(),
        vendor in prop_oneof![Just("OpenAI"), Just("Cerebras")],
    ) {
        let spliced = bytes(CHAT, &body, target(vendor, &model));
        let asks = vendor == "OpenAI" && members["stream"] == true;
        let old = json!(members["model"]).to_string();
        members.insert("model".into(), model.clone().into());
        if asks {
            let options = members.entry("stream_options").or_insert(Value::Null);
            if options.is_null() {
                *options = json!({});
            }
            options["include_usage"] = Value::Bool(true);
        } else {
            // All bytes around the model stay.
            let at = body.find(&format!("\"model\": {old}")).unwrap() + "\"model\": ".len();
            let (before, after) = (body.split_at(at).0, body.split_at(at + old.len()).1);
            prop_assert_eq!(&spliced, &format!("{before}{}{after}", json!(model)));
        }
        let parsed: Value = serde_json::from_str(&spliced).unwrap();
        prop_assert_eq!(parsed, Value::Object(members));
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in [CHAT, MESSAGES, WireFormat::OpenAIEmbeddings] {
            let _ = Intake::read(format, body.clone().into());
        }
    }

    #[test]
    fn no_damage_to_a_body_makes_it_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        openai in any::<bool>(),
    ) {
        let (format, whole, vendor) = if openai {
            (CHAT, include_str!("../../../tests/requests/openai/everything.json"), "Anthropic")
        } else {
            (MESSAGES, include_str!("../../../tests/requests/anthropic/everything.json"), "OpenAI")
        };
        let mut body = whole.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        for body in [body.clone(), body[..cut.index(body.len())].to_vec()] {
            if let Ok(intake) = Intake::read(format, body.into()) {
                let _ = intake.body_for(target(vendor, "claude-sonnet-4-5"));
            }
        }
    }

    /// Any JSON in any member that translation reads is an error at worst.
    #[test]
    fn no_values_make_translation_panic(
        name in prop::sample::select(vec![
            "messages", "tools", "tool_choice", "stop", "response_format", "reasoning", "thinking", "system", "metadata",
            "output_config", "functions", "temperature", "max_tokens", "stop_sequences", "contents",
            "systemInstruction", "toolConfig", "generationConfig", "labels",
        ]),
        value in json_value(),
    ) {
        for (format, vendor) in [
            (CHAT, "Anthropic"), (MESSAGES, "Mistral"), (CHAT, "Gemini"), (MESSAGES, "Gemini"), (GEMINI, "OpenAI"),
            (GEMINI, "Anthropic"),
        ] {
            let mut body = json!({"model": "m", "messages": [], "contents": []});
            body[name] = value.clone();
            if let Ok(intake) = Intake::read(super::gemini::asked(format), body.to_string().into()) {
                let _ = intake.outbound(target(vendor, "claude-sonnet-4-5"));
            }
        }
    }
}
