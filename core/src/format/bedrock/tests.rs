use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::Event;
use crate::event::citation::Source;
use crate::format::reading::Read as _;
use crate::format::sample;
use crate::outcome::Class;
use crate::vendor::{Quirks, Vendor};

fn quirks() -> Quirks {
    Vendor::named("Bedrock").expect("a row").quirks
}

/// The events of a stream of these messages.
fn streamed(messages: &[(&str, Value)]) -> Vec<String> {
    let mut reader = Reader::new(quirks());
    sample::told(|sink| {
        for (name, data) in messages {
            reader
                .read(name.as_bytes(), data.to_string().as_bytes(), sink)
                .expect("an event");
        }
    })
}

fn whole(answer: &Value) -> Vec<String> {
    let mut reader = Reader::new(quirks());
    sample::told(|sink| {
        reader
            .read_whole(answer.to_string().as_bytes(), sink)
            .expect("an answer");
    })
}

fn delta(index: u64, delta: &Value) -> (&'static str, Value) {
    (
        "contentBlockDelta",
        json!({"contentBlockIndex": index, "delta": delta, "p": "abc"}),
    )
}

#[test]
fn reads_a_stream() {
    let stop = |index: u64| ("contentBlockStop", json!({"contentBlockIndex": index}));
    let begin = |index: u64, tool: &Value| {
        let start = json!({"toolUse": tool});
        (
            "contentBlockStart",
            json!({"contentBlockIndex": index, "start": start}),
        )
    };
    let events = streamed(&[
        ("messageStart", json!({"role": "assistant"})),
        delta(0, &json!({"text": ""})),
        stop(0),
        delta(1, &json!({"reasoningContent": {"text": "Let me"}})),
        delta(1, &json!({"reasoningContent": {"signature": "c2ln"}})),
        stop(1),
        delta(2, &json!({"reasoningContent": {"redactedContent": "RXRrRQ=="}})),
        stop(2),
        begin(
            3,
            &json!({"toolUseId": "s", "name": "search", "type": "server_tool_use"}),
        ),
        delta(3, &json!({"toolUse": {"input": "{}"}})),
        stop(3),
        delta(4, &json!({"text": "<thinking>"})),
        stop(4),
        delta(
            5,
            &json!({"citation": {"location": {"web": {"url": "https://a.example"}}}}),
        ),
        stop(5),
        begin(6, &json!({"toolUseId": "a", "name": "f"})),
        delta(6, &json!({"toolUse": {"input": ""}})),
        delta(6, &json!({"toolUse": {"input": "{\"x\":"}})),
        delta(6, &json!({"toolUse": {"input": "1}"}})),
        stop(6),
        delta(6, &json!({"toolUse": {"input": "late"}})),
        begin(7, &json!({"toolUseId": "b", "name": "g", "type": "tool_use"})),
        stop(7),
        ("newerThanThis", json!({"x": 1})),
        ("messageStop", json!({"stopReason": "tool_use"})),
        (
            "metadata",
            json!({"usage": {"inputTokens": 3, "outputTokens": 5, "cacheReadInputTokens": 200,
                "cacheReadInputTokenCount": 200, "totalTokens": 208}, "trace": {"guardrail": {"modelOutput": ["x"]}}}),
        ),
    ]);
    insta::assert_debug_snapshot!(events);
}

#[test]
fn reads_a_whole_answer() {
    let events = whole(&json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
            {"reasoningContent": {"redactedContent": "RXRrRQ=="}},
            {"text": "Yes"},
            {"toolUse": {"toolUseId": "s", "name": "search", "input": {}, "type": "server_tool_use"}},
            {"toolResult": {"toolUseId": "s", "content": [{"text": "[HIDDEN]"}], "type": "search_result"}},
            {"citationsContent": {"content": [{"text": "grass is green"}], "citations": [
                {"title": "My Document", "sourceContent": [{"text": "The grass "}, {"text": "is green."}],
                    "location": {"documentChar": {"documentIndex": 1, "start": 0, "end": 20}}},
            ]}},
            {"toolUse": {"toolUseId": "a", "name": "f", "input": {"x": [1, {"y": "z"}]}}},
            {"toolUse": {"toolUseId": "b", "name": "g", "input": {}}},
        ]}},
        "stopReason": "stop_sequence",
        "additionalModelResponseFields": {"stop_sequence": "END"},
        "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
    }));
    insta::assert_debug_snapshot!(events);
}

#[test]
fn the_cache_is_told_under_other_names_and_by_its_time() {
    let usage = |usage: Value| {
        let answer = json!({"output": {"message": {"content": []}}, "usage": usage,
            "serviceTier": {"type": "priority"}});
        let mut report = None;
        Reader::new(quirks())
            .read_whole(answer.to_string().as_bytes(), &mut |event| {
                if let Event::Usage(told) = event {
                    report = Some(told);
                }
            })
            .expect("an answer");
        let report = report.expect("usage");
        assert_eq!(report.tier, Some(crate::usage::ServiceTier::Priority));
        let usage = report.usage;
        [
            usage.input,
            usage.cache_read,
            usage.cache_write_5m,
            usage.cache_write_1h,
            usage.output,
        ]
    };
    let older = json!({"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokenCount": 3,
        "cacheWriteInputTokenCount": 4});
    assert_eq!(usage(older), [1, 3, 4, 0, 2]);
    let split = json!({"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 3, "cacheWriteInputTokens": 9,
        "cacheDetails": [{"inputTokens": 4, "ttl": "5m"}, {"inputTokens": 5, "ttl": "1h"}]});
    assert_eq!(usage(split), [1, 3, 4, 5, 2]);
    let wrong = json!({"cacheWriteInputTokens": 1, "cacheDetails": [{"inputTokens": u64::MAX, "ttl": "1h"}, {"inputTokens": 1, "ttl": "1h"}]});
    assert_eq!(usage(wrong), [0, 0, 0, 1, 0]);
}

#[test]
fn citations_name_pages_and_documents() {
    let cited = |location: Value| {
        let (name, data) = delta(0, &json!({"citation": {"title": "t", "location": location}}));
        let mut seen = Vec::new();
        Reader::new(quirks())
            .read(name.as_bytes(), data.to_string().as_bytes(), &mut |event| {
                if let Event::Citation { citation, .. } = event {
                    seen.push(citation.source);
                }
            })
            .expect("an event");
        seen.pop().expect("a citation")
    };
    let title = || Some(String::from("t"));
    let web = json!({"web": {"url": "https://a.example", "domain": "a.example"}});
    let url = String::from("https://a.example");
    assert_eq!(cited(web), Source::Web { url, title: title() });
    for place in ["documentChar", "documentPage", "documentChunk"] {
        let document = Source::Document {
            index: Some(2),
            title: title(),
            file: None,
        };
        assert_eq!(cited(json!({place: {"documentIndex": 2}})), document, "{place}");
    }
}

/// Errors inside a stream: name, payload, class and status.
const ERRORS: [(&str, &str, Class, u16); 12] = [
    (
        "throttlingException",
        r#"{"message":"m"}"#,
        Class::RateLimited,
        429,
    ),
    ("validationException", r#"{"message":"m"}"#, Class::Caller, 400),
    (
        "validationException",
        r#"{"message":"Input is too long for requested model."}"#,
        Class::ContextLength,
        400,
    ),
    (
        "accessDeniedException",
        r#"{"message":"m"}"#,
        Class::AuthFailed,
        403,
    ),
    (
        "resourceNotFoundException",
        r#"{"message":"m"}"#,
        Class::Caller,
        404,
    ),
    (
        "modelTimeoutException",
        r#"{"message":"m"}"#,
        Class::ServerError,
        408,
    ),
    (
        "modelStreamErrorException",
        r#"{"message":"m"}"#,
        Class::ServerError,
        424,
    ),
    (
        "modelStreamErrorException",
        r#"{"message":"m","originalStatusCode":429}"#,
        Class::RateLimited,
        429,
    ),
    (
        "internalServerException",
        r#"{"message":"m"}"#,
        Class::ServerError,
        500,
    ),
    (
        "serviceUnavailableException",
        r#"{"message":"m"}"#,
        Class::ServerError,
        503,
    ),
    ("newerThanThisException", "{}", Class::ServerError, 502),
    ("InternalFailure", r#"{"error":"m"}"#, Class::ServerError, 502),
];

#[test]
fn an_exception_has_its_class_and_status() {
    for (name, data, class, status) in ERRORS {
        let mut faults = Vec::new();
        let notes = Reader::new(quirks()).read(name.as_bytes(), data.as_bytes(), &mut |event| {
            if let Event::Error(fault) = event {
                faults.push((fault.class, fault.status, fault.code));
            }
        });
        assert!(notes.expect("an event").error);
        assert_eq!(faults, [(class, status, Some(name.to_owned()))], "{data}");
    }
}

#[test]
fn usage_may_be_missing() {
    let mut reader = Reader::new(quirks());
    let events = sample::told(|sink| {
        assert!(!reader.complete());
        let stop = br#"{"stopReason":"model_context_window_exceeded"}"#;
        reader.read(b"messageStop", stop, sink).expect("an event");
        assert!(reader.complete());
        reader.end(sink);
        reader.end(sink);
    });
    assert_eq!(events, ["finish 0 ContextWindow", "end"]);
}

#[test]
fn what_is_no_answer_is_none() {
    let mut reader = Reader::new(quirks());
    assert!(reader.read(b"messageStart", b"[", &mut |_| {}).is_err());
    assert!(reader.read_whole(b"{}", &mut |_| {}).is_err());
    assert_eq!(
        whole(&json!({"message": "Too many requests"})),
        ["error RateLimited 429 Too many requests"]
    );
}

#[test]
fn members_that_are_null_are_not_told() {
    for member in [
        "start",
        "delta",
        "usage",
        "serviceTier",
        "stopReason",
        "additionalModelResponseFields",
    ] {
        for name in [
            "contentBlockStart",
            "contentBlockDelta",
            "messageStop",
            "metadata",
        ] {
            streamed(&[(name, json!({member: null}))]);
        }
    }
    let nothing = json!({"title": null, "location": null, "sourceContent": null});
    let events = streamed(&[delta(
        0,
        &json!({"text": null, "toolUse": null, "citation": nothing}),
    )]);
    assert_eq!(events.len(), 1, "a source of which nothing is told");
    assert_eq!(
        whole(&json!({"output": {"message": null}, "usage": null})),
        ["start  ", "end"]
    );
}

#[test]
fn calls_that_never_end_are_bounded() {
    let mut reader = Reader::new(quirks());
    let mut faults = 0;
    for index in 0..300_u32 {
        let start =
            json!({"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": "a", "name": "f"}}});
        reader
            .read(b"contentBlockStart", start.to_string().as_bytes(), &mut |event| {
                faults += u32::from(matches!(event, Event::Error(_)));
            })
            .expect("an event");
    }
    assert_eq!(faults, 300 - 256);
}

/// Members that are known, with values of any kind.
fn odd() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[a-z{}\"=]{0,6}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "contentBlockIndex",
        "start",
        "delta",
        "toolUse",
        "input",
        "text",
        "reasoningContent",
        "reasoningText",
        "redactedContent",
        "signature",
        "citation",
        "location",
        "web",
        "usage",
        "inputTokens",
        "stopReason",
        "output",
        "message",
        "content",
        "citationsContent",
        "citations",
        "additionalModelResponseFields",
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            3 => prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(name in prop::sample::select(vec![
        "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
        "throttlingException", "",
    ]), data in odd()) {
        let mut reader = Reader::new(quirks());
        let data = data.to_string();
        let _ = reader.read(name.as_bytes(), data.as_bytes(), &mut |_| {});
        let _ = reader.read_whole(data.as_bytes(), &mut |_| {});
        let _ = crate::format::decode(crate::format::WireFormat::BedrockConverse, &data);
    }
}
