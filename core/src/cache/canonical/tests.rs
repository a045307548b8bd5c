use bytes::Bytes;

use super::*;
use crate::endpoint::Asked as At;

fn canonical_in(format: WireFormat, body: &str, parts: &KeyParts) -> Result<Canonical, Ambiguous> {
    let asked = At {
        model: matches!(format, WireFormat::GeminiGenerate).then(|| "m".to_owned()),
        ..At::from(format)
    };
    let intake = Intake::read(asked, Bytes::from(body.to_owned())).expect("a request");
    Canonical::of(&intake, parts)
}

fn chat(body: &str) -> Canonical {
    canonical_in(WireFormat::OpenAIChat, body, &KeyParts::default()).expect("one reading")
}

fn same(one: &str, other: &str) {
    assert_eq!(chat(one).bytes(), chat(other).bytes(), "{one} {other}");
}

fn differ(one: &str, other: &str) {
    assert_ne!(chat(one).bytes(), chat(other).bytes(), "{one} {other}");
}

const PLAIN: &str = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0}"#;

#[test]
fn spelling_and_whose_it_is_make_no_difference() {
    for other in [
        r#"{"temperature":0.0, "messages":[{"content":"hi","role":"user"}], "model":"m"}"#,
        r#"{"model":"x","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"temperature":0}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0,"user":"u","metadata":{"a":"b"},
            "stream":true,"stream_options":{"include_usage":true},"store":false,"seed":null,"service_tier":"flex",
            "safety_identifier":"s","prompt_cache_key":"k"}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"\u0068i"}],"temperature":0e0}"#,
    ] {
        same(PLAIN, other);
    }
}

#[test]
fn whatever_else_a_request_says_does() {
    for other in [
        r#"{"model":"m","messages":[{"role":"user","content":"hi "}],"temperature":0}"#,
        r#"{"model":"m","messages":[{"role":"system","content":"hi"}],"temperature":0}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0.1}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0,"seed":1}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0,"max_tokens":5}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0,"newer":{"a":1}}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi","name":"ann"}],"temperature":0}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi","newer":1}],"temperature":0}"#,
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"newer","x":"hi"}]}],"temperature":0}"#,
    ] {
        differ(PLAIN, other);
    }
    differ(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"newer":{"a":1}}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"newer":{"a":2}}"#,
    );
    let image = |detail: &str, url: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"{url}","detail":"{detail}"}}}}]}}]}}"#
        )
    };
    differ(
        &image("low", "https://a/b.png"),
        &image("high", "https://a/b.png"),
    );
    differ(&image("low", "https://a/b.png"), &image("low", "https://a/c.png"));
    let tool = |schema: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"tools":[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}]}}"#
        )
    };
    differ(
        &tool(r#"{"type":"object","properties":{"a":{"type":"string"}}}"#),
        &tool(r#"{"type":"object","properties":{"a":{"type":"number"}}}"#),
    );
    same(
        &tool(r#"{"type":"object","properties":{}}"#),
        &tool(r#"{ "properties":{}, "type":"object"}"#),
    );
}

#[test]
fn the_same_question_is_the_same_in_every_format() {
    let of = |format, body: &str| {
        canonical_in(format, body, &KeyParts::default())
            .expect("one reading")
            .bytes()
    };
    let in_chat = of(
        WireFormat::OpenAIChat,
        r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}],"max_tokens":99}"#,
    );
    for (format, body) in [
        (
            WireFormat::AnthropicMessages,
            r#"{"model":"m","system":"Be brief.","messages":[{"role":"user","content":"hi"}],"max_tokens":99}"#,
        ),
        (
            WireFormat::AnthropicMessages,
            r#"{"model":"m","system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
                "messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"max_tokens":99}"#,
        ),
        (
            WireFormat::GeminiGenerate,
            r#"{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}],
                "generationConfig":{"maxOutputTokens":99}}"#,
        ),
        (
            WireFormat::OpenAIResponses,
            r#"{"model":"m","instructions":"Be brief.","input":"hi","max_output_tokens":99,"store":false}"#,
        ),
        (
            WireFormat::OpenAIResponses,
            r#"{"model":"m","instructions":"Be brief.","max_output_tokens":99,
                "input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}]}"#,
        ),
    ] {
        assert_eq!(
            String::from_utf8(of(format, body)),
            String::from_utf8(in_chat.clone()),
            "{format:?}"
        );
    }
}

#[test]
fn the_policy_adds_and_takes_away() {
    let parts = KeyParts {
        include: vec![KeyPart::Member("user".into())],
        exclude: vec!["seed".into()],
    };
    let of = |body: &str| {
        canonical_in(WireFormat::OpenAIChat, body, &parts)
            .expect("one reading")
            .bytes()
    };
    let body = |rest: &str| format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}]{rest}}}"#);
    assert_ne!(of(&body(r#","user":"a""#)), of(&body(r#","user":"b""#)));
    assert_eq!(of(&body(r#","seed":1"#)), of(&body(r#","seed":2"#)));
}

#[test]
fn two_readings_are_none() {
    for body in [
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"messages":[]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi","content":"ho"}]}"#,
    ] {
        if let Ok(intake) = Intake::read(WireFormat::OpenAIChat, Bytes::from(body)) {
            assert_eq!(
                Canonical::of(&intake, &KeyParts::default()),
                Err(Ambiguous),
                "{body}"
            );
        }
    }
}

#[test]
fn numbers_that_readers_cannot_hold_are_none_and_all_others_are_told_apart() {
    let with = |number: &str| {
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"newer":{{"deep":[{number}]}}}}"#
        );
        canonical_in(WireFormat::OpenAIChat, &body, &KeyParts::default()).map(|canonical| canonical.bytes())
    };
    for large in [
        "18446744073709551616",
        "18446744073709551617",
        "-9223372036854775809",
        "9223372036854775808.0",
        "1e19",
        "-1e300",
    ] {
        assert_eq!(with(large), Err(Ambiguous), "{large}");
    }
    let held = [
        "1e10",
        "0.7",
        "9.2e18",
        "18446744073709551615",
        "18446744073709551614",
        "-9223372036854775808",
        "-9223372036854775807",
    ];
    let keys: std::collections::BTreeSet<_> = held.iter().map(|number| with(number).expect(number)).collect();
    assert_eq!(keys.len(), held.len());
}

#[test]
fn the_last_words_are_told_apart_from_all_else() {
    let ask = |system: &str, words: &str| {
        chat(&format!(
            r#"{{"model":"m","messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"{words}"}}]}}"#
        ))
        .last_words()
        .expect("a question")
    };
    let (one, other) = (ask("s", "one?"), ask("s", "another?"));
    assert_eq!((&*one.words, one.turns), ("one?", 1));
    assert_eq!(one.around, other.around);
    assert_ne!(one.around, ask("t", "one?").around);
    let image = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://a"}}]}]}"#;
    assert_eq!(
        chat(image).last_words(),
        None,
        "words alone do not tell a picture"
    );
    let answered =
        r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#;
    assert_eq!(chat(answered).last_words(), None);
}

#[test]
fn what_the_policy_adds_is_around_the_last_words_too() {
    let parts = KeyParts {
        include: vec![KeyPart::Member("user".into())],
        exclude: Vec::new(),
    };
    let around = |user: &str| {
        let body =
            format!(r#"{{"model":"m","user":"{user}","messages":[{{"role":"user","content":"hi"}}]}}"#);
        let canonical = canonical_in(WireFormat::OpenAIChat, &body, &parts).expect("one reading");
        canonical.last_words().expect("a question").around
    };
    assert_eq!(around("ann"), around("ann"));
    assert_ne!(around("ann"), around("bob"));
}

#[test]
fn a_spelling_stays_as_it_is() {
    let body = r#"{"stream":true,"messages":[{"role":"system","content":"Be brief."},{"content":"hi","role":"user","name":"ann"}],
        "seed":1e0,"newer":{"b":[1.50,null],"a":"\u0007"},"user":"u","model":"m"}"#;
    let parts = KeyParts {
        include: vec![KeyPart::Member("user".into())],
        exclude: Vec::new(),
    };
    let canonical = canonical_in(WireFormat::OpenAIChat, body, &parts).expect("one reading");
    let spelled = concat!(
        r#"{"included":{"user":"u",},"rest of OpenAIChat":{"messages":[{"content":"Be brief.","role":"system",},"#,
        r#"{"content":"hi","name":"ann","role":"user",},],"newer":{"a":"\u0007","b":[1.5,null,],},"seed":1,},}"#,
    );
    assert_eq!(String::from_utf8(canonical.bytes()).as_deref(), Ok(spelled));
}
