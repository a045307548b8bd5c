use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::proof::{Origin, Proof};
use crate::event::citation::{Citation, Source};
use crate::event::logprobs::{Candidate, TokenLogprob};
use crate::event::{Event, Finish};
use crate::format::Framing;
use crate::format::answer::Answer;
use crate::format::reading::Read as _;
use crate::format::sample;
use crate::format::writing::{Bill, Write as _};
use crate::vendor::Vendor;

fn reader() -> Reader {
    Reader::new(Vendor::named("Gemini").expect("a row").quirks)
}

/// What the reader tells of a stream of these documents.
fn told(documents: &[Value]) -> Vec<String> {
    sample::told(|sink| {
        let mut reader = reader();
        for document in documents {
            reader
                .read(b"", document.to_string().as_bytes(), sink)
                .expect("an answer");
        }
        if reader.complete() {
            reader.end(sink);
        }
    })
}

fn told_whole(body: &Value) -> Vec<String> {
    sample::told(|sink| {
        reader()
            .read_whole(body.to_string().as_bytes(), sink)
            .expect("an answer");
    })
}

fn streamed(events: &[Event<'_>], framing: Framing, bill: Bill) -> String {
    let mut writer = StreamWriter::new(sample::setting(), framing);
    sample::written(|out| {
        for event in events {
            writer.write(event, out).expect("short");
        }
        writer.end(bill, out);
    })
}

fn whole(events: &[Event<'_>]) -> String {
    let mut answer = Answer::default();
    for event in events {
        answer.take(event).expect("short");
    }
    sample::pretty(&sample::written(|out| {
        write_whole(&answer, &sample::setting(), sample::bill(), out);
    }))
}

fn parts(parts: &Value) -> Value {
    json!({"candidates": [{"content": {"parts": parts, "role": "model"}}], "responseId": "r", "modelVersion": "m"})
}

fn signature(origin: Origin, data: &'static str) -> Event<'static> {
    Event::ReasoningSignature {
        choice: 0,
        proof: Proof::new(origin, data),
    }
}

#[test]
fn writes_a_stream_with_everything() {
    insta::assert_snapshot!(streamed(&sample::everything(), Framing::Sse, sample::bill()));
}

#[test]
fn writes_a_list_with_everything() {
    let list = streamed(&sample::everything(), Framing::JsonArray, sample::bill());
    let stream = streamed(&sample::everything(), Framing::Sse, sample::bill());
    let items: Vec<Value> = serde_json::from_str(&list).expect("a list");
    let events = stream.split_terminator("\r\n\r\n").map(|event| {
        let data = event.strip_prefix("data: ").expect("data");
        serde_json::from_str::<Value>(data).expect(data)
    });
    assert_eq!(items, events.collect::<Vec<_>>());
}

#[test]
fn writes_a_whole_answer_with_everything() {
    insta::assert_snapshot!(whole(&sample::everything()));
}

#[test]
fn a_refusal_is_text_and_every_choice_a_candidate() {
    let stream = streamed(&sample::refusal(), Framing::Sse, Bill::default());
    insta::assert_snapshot!(format!("{stream}{}", whole(&sample::refusal())));
}

#[test]
fn an_answer_without_a_word_is_still_an_answer() {
    let silent = |framing| streamed(&[], framing, Bill::default());
    let all = [silent(Framing::Sse), silent(Framing::JsonArray), whole(&[])];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn googles_proofs_ride_on_the_call_or_on_the_text_before() {
    let events = [
        sample::text(0, "a"),
        signature(Origin::Google, "p1"),
        sample::text(0, "b"),
        signature(Origin::Google, "p2"),
        sample::call(0, "i", "f"),
        sample::arguments(0, "{}"),
        sample::text(0, "c"),
        signature(Origin::Google, "p3"),
    ];
    let body: Value = serde_json::from_str(&whole(&events)).expect("JSON");
    assert_eq!(
        body["candidates"][0]["content"]["parts"],
        json!([
            {"text": "a", "thoughtSignature": "p1"},
            {"text": "b"},
            {"functionCall": {"id": "i", "name": "f", "args": {}}, "thoughtSignature": "p2"},
            {"text": "c", "thoughtSignature": "p3"},
        ])
    );
    let list = streamed(&events, Framing::JsonArray, Bill::default());
    let list: Vec<Value> = serde_json::from_str(&list).expect("JSON");
    let said = list.iter().flat_map(|item| {
        let parts = item["candidates"][0]["content"]["parts"].as_array();
        parts.cloned().unwrap_or_default()
    });
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            json!({"text": "a"}),
            json!({"text": "", "thoughtSignature": "p1"}),
            json!({"text": "b"}),
            json!({"functionCall": {"id": "i", "name": "f", "args": {}}, "thoughtSignature": "p2"}),
            json!({"text": "c"}),
            json!({"text": "", "thoughtSignature": "p3"}),
        ]
    );
    assert_eq!(
        told(&list),
        [
            "start 1700000000 asked-for",
            "text 0 a",
            "signature p1",
            "text 0 b",
            "signature p2",
            "call 0 0 i f",
            "arguments 0 0 {}",
            "text 0 c",
            "signature p3",
            "finish 0 ToolCalls",
            "end",
        ]
    );
}

#[test]
fn calls_leave_whole_and_in_order() {
    let events = [
        sample::call(0, "a", "f"),
        sample::arguments(0, "{\"x\":"),
        sample::call(1, "b", "g"),
        sample::arguments(1, "{\"y\":2}"),
        sample::text(0, "then"),
        sample::arguments(0, "1"),
    ];
    let mut writer = StreamWriter::new(sample::setting(), Framing::Sse);
    let before = sample::written(|out| {
        for event in &events {
            writer.write(event, out).expect("short");
        }
    });
    assert_eq!(before, "");
    let after = sample::written(|out| {
        writer.write(&sample::arguments(0, "}"), out).expect("short");
    });
    let at = ["\"f\"", "{\"x\":1}", "\"g\"", "{\"y\":2}", "then"].map(|word| after.find(word));
    assert!(at[0].is_some() && at.is_sorted(), "{after}");
    // A call that is cut off is told as far as it came.
    let cut = streamed(&events, Framing::Sse, Bill::default());
    assert!(cut.contains(r#"{"_unparsed":"{\"x\":1"}"#), "{cut}");
    let mut writer = StreamWriter::new(sample::setting(), Framing::Sse);
    let mut out = bytes::BytesMut::new();
    writer.write(&events[0], &mut out).expect("short");
    let long = "x".repeat(16 * 1024 * 1024);
    let long = Event::ToolArguments {
        choice: 0,
        slot: 0,
        json: format!("\"{long}").into(),
    };
    assert!(writer.write(&long, &mut out).is_err());
}

#[test]
fn sources_and_probabilities_come_back() {
    let candidate = |token: &str, logprob| Candidate {
        token: token.to_owned(),
        logprob,
        bytes: None,
    };
    let cited = |span| Event::Citation {
        choice: 0,
        citation: Box::new(Citation {
            source: Source::Web {
                url: "https://example.com".to_owned(),
                title: Some("t".to_owned()),
            },
            cited: None,
            span,
        }),
    };
    let events = [
        sample::text(0, "Grüße. Ja."),
        Event::Logprobs {
            choice: 0,
            tokens: vec![TokenLogprob {
                chosen: candidate("Gr", -0.5),
                top: vec![candidate("Gr", -0.5), candidate("Ha", -1.25)],
            }],
        },
        cited(Some(0..6)),
        cited(Some(7..10)),
        sample::finish(0, Finish::Stop),
    ];
    let body = whole(&events);
    let document: Value = serde_json::from_str(&body).expect("JSON");
    let grounding = &document["candidates"][0]["groundingMetadata"];
    assert_eq!(grounding["groundingChunks"].as_array().map(Vec::len), Some(1));
    // Bytes there, characters here.
    assert_eq!(
        grounding["groundingSupports"][1]["segment"],
        json!({"startIndex": 9, "endIndex": 12})
    );
    let mut seen = Vec::new();
    reader()
        .read_whole(body.as_bytes(), &mut |event| {
            if matches!(event, Event::Citation { .. } | Event::Logprobs { .. }) {
                seen.push(format!("{event:?}"));
            }
        })
        .expect("an answer");
    assert_eq!(
        seen,
        [&events[1], &events[2], &events[3]].map(|event| format!("{event:?}"))
    );
    let list = streamed(&events, Framing::JsonArray, Bill::default());
    let list: Vec<Value> = serde_json::from_str(&list).expect("JSON");
    assert_eq!(
        list.last().expect("one")["candidates"][0]["groundingMetadata"],
        *grounding
    );
    assert_eq!(
        told(&list).len(),
        7,
        "start, text, probabilities, two sources, finish, end"
    );
}

#[test]
fn reads_parts_of_every_kind() {
    let first = parts(&json!([
        {"text": "Hm.", "thought": true, "thoughtSignature": "t"},
        {"text": "", "thoughtSignature": "e"},
        {"executableCode": {"code": "1"}}, {"inlineData": {"data": "AA=="}},
        {"functionCall": {"name": "f", "args": {"a": [1.50, " x "]}}, "thoughtSignature": "c"},
        {"functionCall": {"name": "f", "args": {"a": [1.50, " x "]}}},
        {"functionCall": {"partialArgs": []}}, {"functionCall": {"id": "own", "name": "g"}},
    ]));
    let seen = told(&[first, json!({"candidates": [{"finishReason": "STOP"}]})]);
    let made: Vec<&str> = seen
        .iter()
        .filter_map(|line| line.strip_prefix("call 0 "))
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert!(made[0].starts_with("call_") && made[0].len() == 21 && made[0] != made[1]);
    let seen: Vec<_> = seen
        .iter()
        .map(|line| line.replace(made[0], "ONE").replace(made[1], "TWO"))
        .collect();
    assert_eq!(
        seen,
        [
            "start r m",
            "reasoning 0 Hm.",
            "signature t",
            "reasoning 0 ",
            "signature e",
            "opaque 0",
            "opaque 0",
            "reasoning 0 ",
            "signature c",
            "call 0 0 ONE f",
            "arguments 0 0 {\"a\":[1.5,\" x \"]}",
            "call 0 1 TWO f",
            "arguments 0 1 {\"a\":[1.5,\" x \"]}",
            "opaque 0",
            "call 0 2 own g",
            "finish 0 ToolCalls",
            "end",
        ]
    );
}

#[test]
fn the_last_usage_counts_and_none_is_none() {
    let usage = |usage: Value| json!({"usageMetadata": usage, "candidates": [{"index": 0}]});
    let seen = told(&[
        usage(json!({"trafficType": "ON_DEMAND"})),
        usage(json!({"promptTokenCount": 59, "thoughtsTokenCount": 30})),
        usage(json!({"promptTokenCount": 128, "cachedContentTokenCount": 8, "candidatesTokenCount": 2})),
    ]);
    assert_eq!(
        seen,
        ["start  ", "usage 59+0 out 30 (30)", "usage 120+8 out 2 (0)"]
    );
}

#[test]
fn a_blocked_prompt_and_an_error_in_any_place_are_told() {
    let blocked = json!({"promptFeedback": {"blockReason": "MODEL_ARMOR"}, "modelVersion": "m",
        "usageMetadata": {"trafficType": "ON_DEMAND"}});
    let expected = ["start  m", "finish 0 ContentFilter", "end"];
    assert_eq!(told(std::slice::from_ref(&blocked)), expected);
    assert_eq!(told_whole(&blocked), expected);
    let error = json!({"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}});
    let expected = ["error RateLimited 429 Slow down."];
    let list = json!([error]);
    for body in [&error, &list] {
        assert_eq!(told(std::slice::from_ref(body)), expected);
        assert_eq!(told_whole(body), expected);
    }
    for nothing in [json!({}), json!({"candidates": []}), json!({"object": "list"})] {
        let body = nothing.to_string();
        assert!(
            reader().read_whole(body.as_bytes(), &mut |_| {}).is_err(),
            "{body}"
        );
    }
}

#[test]
fn numbers_of_reasons_differ_at_vertex() {
    let ended = |number: u64| json!({"candidates": [{"finishReason": number}]});
    assert_eq!(told(&[ended(6)])[1], "finish 0 Stop");
    let mut vertex = ended(6);
    vertex["createTime"] = json!("2026-05-27T16:53:45.443719Z");
    assert_eq!(told(&[vertex])[1], "finish 0 ContentFilter");
    // Older models say STOP on every chunk.
    assert_eq!(told(&[ended(1), ended(2)])[1], "finish 0 Length");
}

#[test]
fn searches_are_counted_as_they_are_billed() {
    let searches = |model: &str| {
        let body = json!({"modelVersion": model, "usageMetadata": {"promptTokenCount": 1},
            "candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"]}}]});
        let mut seen = 0;
        reader()
            .read_whole(body.to_string().as_bytes(), &mut |event| {
                if let Event::Usage(report) = event {
                    seen = report.usage.web_searches;
                }
            })
            .expect("an answer");
        seen
    };
    assert_eq!(
        (searches("gemini-2.5-flash"), searches("gemini-3-pro-preview")),
        (1, 2)
    );
}

#[test]
fn there_is_a_bound_on_calls_and_candidates() {
    let call = json!({"functionCall": {"name": "f", "args": {}}});
    let seen = told(&[parts(&json!(vec![call; 300]))]);
    assert_eq!(seen.iter().filter(|line| line.starts_with("call ")).count(), 256);
    assert!(seen.iter().any(|line| line.starts_with("error Malformed")));
    let candidates: Vec<_> = (0..200).map(|index| json!({"index": index})).collect();
    let seen = told(&[json!({"candidates": candidates})]);
    assert!(seen.iter().any(|line| line.starts_with("error Malformed")));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

/// Puts a value in the place of some member.
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
    fn no_value_in_any_place_makes_the_reader_panic(at in 0..60_usize, with in any_json()) {
        let mut body = json!({
            "candidates": [{"content": {"parts": [{"text": "äb", "thought": true, "thoughtSignature": "s"},
                {"functionCall": {"id": "i", "name": "n", "args": {"a": 1}}}], "role": "model"},
                "finishReason": "STOP", "index": 0,
                "groundingMetadata": {"groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
                    "groundingSupports": [{"segment": {"partIndex": 0, "startIndex": 0, "endIndex": 2},
                        "groundingChunkIndices": [0]}], "webSearchQueries": ["q"]},
                "logprobsResult": {"chosenCandidates": [{"token": "t", "logProbability": -1}],
                    "topCandidates": [{"candidates": [{"token": "t", "logProbability": -1}]}]}}],
            "promptFeedback": {"blockReason": "X"}, "usageMetadata": {"promptTokenCount": 1, "thoughtsTokenCount": 2,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}]},
            "modelVersion": "m", "responseId": "r", "createTime": "2026-05-27T16:53:45Z",
        });
        replace(&mut body, &mut { at }, &with);
        let text = body.to_string();
        let mut reader = reader();
        let _ = reader.read(b"", text.as_bytes(), &mut |_| {});
        let _ = reader.read_whole(text.as_bytes(), &mut |_| {});
        reader.end(&mut |_| {});
    }
}
