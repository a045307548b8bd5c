//! What the reader makes of answers.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn quirks(vendor: &str) -> crate::vendor::Quirks {
    Vendor::named(vendor).expect(vendor).quirks
}

/// Reads a stream to its end.
fn read_stream(events: &[Value]) -> Vec<String> {
    let mut reader = Reader::new(quirks("OpenAI"));
    sample::told(|sink| {
        for event in events {
            reader
                .read(b"", event.to_string().as_bytes(), sink)
                .expect("an event");
        }
    })
}

fn read_whole(response: &Value) -> Vec<String> {
    let mut reader = Reader::new(quirks("OpenAI"));
    sample::told(|sink| {
        reader
            .read_whole(response.to_string().as_bytes(), sink)
            .expect("a response");
    })
}

fn response(status: &str, output: &Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 5.0, "model": "m", "status": status,
        "error": null, "incomplete_details": null, "output": output, "usage": {"input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 7, "output_tokens_details":
        {"reasoning_tokens": 3}, "total_tokens": 19}})
}

fn event(kind: &str, index: u64, rest: &Value) -> Value {
    let mut event = json!({"type": format!("response.{kind}"), "output_index": index, "content_index": 0});
    let members = event.as_object_mut().expect("an object");
    members.extend(rest.as_object().expect("members").clone());
    event
}

/// Of each item, what is told before it is whole.
fn deltas(items: &Value) -> [Vec<Value>; 6] {
    [
        vec![
            event("reasoning_summary_text.delta", 0, &json!({"delta": "One."})),
            event("reasoning_summary_text.delta", 0, &json!({"delta": "Two."})),
        ],
        vec![
            event(
                "output_text.delta",
                1,
                &json!({"delta": "Há", "logprobs": [{"token": "Há", "logprob": -1}]}),
            ),
            event(
                "output_text.annotation.added",
                1,
                &json!({"annotation": items[1]["content"][0]["annotations"][0]}),
            ),
            event("refusal.delta", 1, &json!({"delta": "No."})),
        ],
        vec![
            event("function_call_arguments.delta", 2, &json!({"delta": "{\"a\":"})),
            event("function_call_arguments.delta", 2, &json!({"delta": "1}"})),
            event(
                "function_call_arguments.done",
                2,
                &json!({"arguments": "{\"a\":1}"}),
            ),
        ],
        vec![event(
            "function_call_arguments.done",
            3,
            &json!({"arguments": "{}"}),
        )],
        vec![event("web_search_call.searching", 4, &json!({}))],
        vec![],
    ]
}

/// Everything in deltas, and again at the ends of the items and of the answer.
fn everything() -> (Vec<Value>, Value) {
    let items = json!([
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "late", "summary": [
            {"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}]},
        {"type": "message", "id": "msg_1", "content": [
            {"type": "output_text", "text": "Há", "annotations": [{"type": "url_citation", "url": "u", "title": "t",
                "start_index": 0, "end_index": 2}], "logprobs": [{"token": "Há", "logprob": -1, "bytes": [72]}]},
            {"type": "refusal", "refusal": "No."}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}"},
        {"type": "function_call", "id": "fc_2", "call_id": "c2", "name": "g", "arguments": "{}"},
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search"}},
        {"type": "image_generation_call", "id": "ig_1", "action": "generate"},
    ]);
    let whole = response("completed", &items);
    let mut begun = response("in_progress", &json!([]));
    begun["usage"] = json!(null);
    let item = |index: usize| items[index].clone();
    let mut events = vec![json!({"type": "response.created", "response": begun})];
    for (index, deltas) in deltas(&items).into_iter().enumerate() {
        let at = u64::try_from(index).expect("few");
        let mut added = item(index);
        for name in ["content", "summary"] {
            added[name] = json!([]);
        }
        added["arguments"] = json!("");
        added["encrypted_content"] = json!("early");
        events.push(event("output_item.added", at, &json!({"item": added})));
        events.extend(deltas);
        events.push(event("output_item.done", at, &json!({"item": item(index)})));
    }
    events.push(json!({"type": "response.completed", "response": whole}));
    (events, whole)
}

#[test]
fn a_stream_tells_each_thing_once() {
    let (events, whole) = everything();
    let told = read_stream(&events);
    insta::assert_snapshot!(told.join("\n"));
    let join = |told: Vec<String>| {
        told.join("\n")
            .replace("\nreasoning 0 Two.", "Two.")
            .replace("{\"a\":\narguments 0 0 ", "{\"a\":")
    };
    assert_eq!(join(read_whole(&whole)), join(told));
}

#[test]
fn the_ends_count_where_no_deltas_came() {
    let (events, whole) = everything();
    let without: Vec<_> = events
        .iter()
        .filter(|event| {
            let kind = event["type"].as_str().expect("a type");
            !kind.contains(".delta") && !kind.contains("annotation") && !kind.contains("arguments")
        })
        .cloned()
        .collect();
    let expected = read_whole(&whole);
    assert_eq!(read_stream(&without), expected);
    assert_eq!(
        read_stream(&events[events.len() - 1..]),
        expected,
        "nothing but the last event"
    );
    assert_eq!(read_stream(&[whole]), expected, "a whole answer in a frame");
}

#[test]
fn ends_in_its_own_words() {
    let text = json!([{"type": "message", "content": [{"type": "output_text", "text": "a"}]}]);
    for (status, reason, expected) in [
        ("completed", json!(null), &["finish 0 Stop", "end"][..]),
        ("complete", json!(null), &["finish 0 Stop", "end"]),
        (
            "incomplete",
            json!({"reason": "max_output_tokens"}),
            &["finish 0 Length", "end"],
        ),
        (
            "incomplete",
            json!({"reason": "content_filter"}),
            &["finish 0 ContentFilter", "end"],
        ),
        ("failed", json!(null), &["error ServerError 502 m"]),
        ("queued", json!(null), &[]),
        ("in_progress", json!(null), &[]),
    ] {
        let mut response = response(status, &text);
        response["incomplete_details"] = reason;
        if status == "failed" {
            response["error"] = json!({"code": "server_error", "message": "m"});
        }
        let told = read_whole(&response);
        let usage = told
            .iter()
            .position(|line| line.starts_with("usage"))
            .expect("usage");
        assert_eq!(told[usage], "usage 8+4 out 7 (3)");
        assert_eq!(told[usage + 1..], *expected, "{status}");
    }
}

#[test]
fn errors_come_in_many_forms() {
    for (event, expected) in [
        (
            json!({"type": "error", "code": "rate_limit_exceeded", "message": "m"}),
            "error RateLimited 429 m",
        ),
        (
            json!({"type": "error", "error": {"code": "server_error", "message": "m"}}),
            "error ServerError 502 m",
        ),
        (
            json!({"error": {"code": 429, "message": "m"}}),
            "error RateLimited 429 m",
        ),
        (
            json!({"type": "response.failed", "response": {"status": "failed", "error":
                {"code": "rate_limit_exceeded", "message": "m"}}}),
            "error RateLimited 429 m",
        ),
    ] {
        let told = read_stream(std::slice::from_ref(&event));
        assert_eq!(told.last().map(String::as_str), Some(expected), "{event}");
    }
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let mut reader = Reader::new(quirks("Custom"));
    let mut sink = |_: Event<'_>| {};
    for document in ["<html>", "", "{\"type\":", "7", "{}", r#"{"choices":[]}"#] {
        assert!(
            reader.read(b"", document.as_bytes(), &mut sink).is_err(),
            "{document}"
        );
        assert!(
            reader.read_whole(document.as_bytes(), &mut sink).is_err(),
            "{document}"
        );
    }
    assert!(
        reader
            .read(b"", br#"{"type":"response.newer","response":7}"#, &mut sink)
            .is_ok()
    );
}

#[test]
fn a_proof_says_whose_it_is() {
    for (item, expected) in [
        (json!({"format": "google-gemini-v1"}), "signature p"),
        (json!({"format": "anthropic-claude-v1"}), "redacted p"),
        (json!({"summary": [{"text": "t"}]}), "signature p"),
        (
            json!({"content": [{"type": "reasoning_text", "text": "t"}]}),
            "signature p",
        ),
    ] {
        let mut item = item;
        item["type"] = json!("reasoning");
        item["encrypted_content"] = json!("p");
        let told = read_stream(&[event("output_item.done", 0, &json!({"item": item}))]);
        assert_eq!(told.last().map(String::as_str), Some(expected));
    }
}

#[test]
fn what_is_open_is_bounded() {
    let call = |index| {
        event(
            "output_item.added",
            index,
            &json!({"item": {"type": "function_call", "name": "f"}}),
        )
    };
    let told = read_stream(&(0..257).map(call).collect::<Vec<_>>());
    assert!(
        told.last().expect("events").starts_with("error Malformed"),
        "{told:?}"
    );
}

/// Any JSON.
fn noise() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\é]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("(type|text|content|summary|output|id)", inner), 0..3)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Replaces the value at a place, counted through the document.
fn replace(value: &mut Value, place: &mut usize, with: &Value) {
    if *place == 0 {
        value.clone_from(with);
    }
    *place = place.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, place, with)),
        Value::Object(members) => members.values_mut().for_each(|item| replace(item, place, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(which in 0..40_usize, place in 0..60_usize, with in noise()) {
        let (mut events, mut whole) = everything();
        let which = which % events.len();
        replace(&mut events[which], &mut place.clone(), &with);
        replace(&mut whole, &mut place.clone(), &with);
        let mut reader = Reader::new(quirks("OpenAI"));
        let mut writer = Writer::streaming(sample::setting());
        sample::written(|out| {
            let mut sink = |event: Event<'_>| writer.write(&event, out).expect("short");
            for event in &events {
                // What cannot be read is no answer.
                let _ = reader.read(b"", event.to_string().as_bytes(), &mut sink);
            }
            let _ = Reader::new(quirks("OpenAI")).read_whole(whole.to_string().as_bytes(), &mut sink);
            writer.end(Bill::default(), out);
        });
    }
}
