use proptest::prelude::*;

use super::*;
use crate::event::{Event, Finish};
use crate::format::answer::Answer;
use crate::format::reading::Read as _;
use crate::format::sample;
use crate::format::writing::{Bill, Write as _};

fn streamed(events: &[Event<'_>], bill: Bill) -> String {
    let mut writer = StreamWriter::new(sample::setting());
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

#[test]
fn writes_a_stream_with_everything() {
    insta::assert_snapshot!(streamed(&sample::everything(), sample::bill()));
}

#[test]
fn writes_a_whole_answer_with_everything() {
    insta::assert_snapshot!(whole(&sample::everything()));
}

#[test]
fn writes_a_refusal_and_only_the_first_choice() {
    let stream = streamed(&sample::refusal(), Bill::default());
    insta::assert_snapshot!(format!("{stream}{}", whole(&sample::refusal())));
}

#[test]
fn writes_sources() {
    let stream = streamed(&sample::cited(), Bill::default());
    insta::assert_snapshot!(format!("{stream}{}", whole(&sample::cited())));
}

#[test]
fn an_answer_without_a_word_is_still_an_answer() {
    insta::assert_snapshot!(format!("{}{}", streamed(&[], Bill::default()), whole(&[])));
}

#[test]
fn known_usage_stands_in_the_head() {
    let events = [
        sample::start(),
        Event::Usage(sample::report()),
        sample::text(0, "a"),
    ];
    let head = streamed(&events, sample::bill());
    let head = head.lines().nth(1).expect("data of message_start");
    assert!(head.contains(r#""cache_read_input_tokens":200"#), "{head}");
    assert!(!head.contains("cost"), "{head}");
}

#[test]
fn arguments_that_were_cut_off_stay_readable() {
    let events = [
        sample::call(0, "a", "f"),
        sample::arguments(0, "{\"x\":"),
        sample::finish(0, Finish::Length),
    ];
    let seen: serde_json::Value = serde_json::from_str(&whole(&events)).expect("JSON");
    assert_eq!(
        seen["content"][0]["input"],
        serde_json::json!({"_unparsed": "{\"x\":"})
    );
    assert_eq!(seen["stop_reason"], "max_tokens");
}

#[test]
fn what_is_held_back_is_bounded() {
    let mut writer = StreamWriter::new(sample::setting());
    let mut out = bytes::BytesMut::new();
    let long = Event::Text {
        choice: 0,
        text: "x".repeat(9 << 20).into(),
    };
    writer.write(&sample::call(0, "a", "f"), &mut out).expect("open");
    writer.write(&long, &mut out).expect("held back");
    assert!(writer.write(&long, &mut out).is_err());
}

fn read(documents: &[&str]) -> Vec<String> {
    let mut reader = Reader::new(crate::vendor::Vendor::named("Anthropic").expect("a row").quirks);
    sample::told(|sink| {
        for document in documents {
            reader.read(b"", document.as_bytes(), sink).expect(document);
        }
    })
}

fn start(block: &str) -> String {
    format!(r#"{{"type":"content_block_start","index":0,"content_block":{block} }}"#)
}

const DELTA: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#;
const STOP: &str = r#"{"type":"content_block_stop","index":0}"#;

#[test]
fn reads_blocks() {
    let call = start(r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#);
    assert_eq!(read(&[&call, DELTA, STOP]), ["call 0 0 t f", "arguments 0 0 {}"]);
    assert_eq!(read(&[&call, STOP]), ["call 0 0 t f"]);
    let at_once = start(r#"{"type":"tool_use","id":"t","name":"f","input":{"a": 1}}"#);
    assert_eq!(
        read(&[&at_once, STOP]),
        ["call 0 0 t f", "arguments 0 0 {\"a\": 1}"]
    );
    assert_eq!(
        read(&[&at_once, DELTA, STOP]),
        ["call 0 0 t f", "arguments 0 0 {}"]
    );
    let server = start(r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#);
    assert_eq!(read(&[&server, DELTA, STOP]), ["opaque 0"]);
    assert_eq!(
        read(&[&start(r#"{"type":"redacted_thinking","data":"d"}"#)]),
        ["redacted d"]
    );
    let thinking =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"t"}}"#;
    let signature =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#;
    assert_eq!(read(&[thinking, signature]), ["reasoning 0 t", "signature s"]);
    assert!(read(&[r#"{"type":"ping"}"#, r#"{"type":"newer_than_us","index":0}"#]).is_empty());
}

#[test]
fn citations_are_told_behind_their_block() {
    let delta = |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta} }}"#);
    let cite = |citation: &str| delta(&format!(r#"{{"type":"citations_delta","citation":{citation} }}"#));
    let text = delta(r#"{"type":"text_delta","text":"öä"}"#);
    let block = start(r#"{"type":"text","text":"","citations":[]}"#);
    let place = cite(
        r#"{"type":"char_location","cited_text":"w","document_index":1,"document_title":"d","file_id":null}"#,
    );
    let page = cite(r#"{"type":"web_search_result_location","cited_text":"w","url":"u","title":null}"#);
    let newer = cite(r#"{"type":"moon_location"}"#);
    assert_eq!(
        read(&[&block, &place, &text, STOP, &block, &text, &newer, &page, STOP]),
        [
            "text 0 öä",
            "citation 0 Citation { source: Document { index: Some(1), title: Some(\"d\"), file: None }, cited: Some(\"w\"), span: Some(0..2) }",
            "text 0 öä",
            "citation 0 Citation { source: Web { url: \"u\", title: None }, cited: Some(\"w\"), span: Some(2..4) }",
        ]
    );
    let found = start(
        r#"{"type":"text","text":"a","citations":[{"type":"search_result_location","source":"https://x","title":"t"},
            {"type":"search_result_location","source":"shelf 3","title":""},7]}"#,
    );
    assert_eq!(
        read(&[&found, STOP]),
        [
            "text 0 a",
            "citation 0 Citation { source: Web { url: \"https://x\", title: Some(\"t\") }, cited: None, span: Some(0..1) }",
            "citation 0 Citation { source: Document { index: None, title: Some(\"shelf 3\"), file: None }, cited: None, span: Some(0..1) }",
        ]
    );
}

#[test]
fn later_usage_overwrites_and_is_never_added() {
    let told = read(&[
        r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":100,
            "cache_read_input_tokens":55096,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"},
            "usage":{"output_tokens":12,"output_tokens_details":{"thinking_tokens":7}}}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":90,"output_tokens":20}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    let expected = [
        "start m c",
        "usage 100+55096 out 1 (0)",
        "usage 100+55096 out 12 (7)",
        "usage 90+55096 out 20 (7)",
        "finish 0 Stop END",
        "end",
    ];
    assert_eq!(told, expected);
}

/// The recorded usage of an answer whose prompt was compacted first: 55,096 tokens of it stand in the iterations only.
#[test]
fn every_run_of_the_model_is_billed() {
    let told = read(&[
        r#"{"type":"message_start","message":{"usage":{"input_tokens":100,"cache_read_input_tokens":55096,"output_tokens":7}}}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":181,"cache_read_input_tokens":0,"output_tokens":8,
            "iterations":[{"type":"compaction","input_tokens":100,"output_tokens":83,"cache_read_input_tokens":55096},
                {"type":"advisor_message","model":"another","input_tokens":2543,"output_tokens":18},
                {"type":"message","input_tokens":181,"output_tokens":8,"cache_read_input_tokens":0}]}}"#,
        r#"{"type":"message_delta","delta":{},"usage":{"iterations":null}}"#,
    ]);
    let expected = [
        "usage 100+55096 out 7 (0)",
        "usage 281+55096 out 91 (0)",
        "usage 281+55096 out 91 (0)",
    ];
    assert_eq!(told[1..], expected);
}

#[test]
fn errors_are_told() {
    let told = read(&[r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#]);
    assert_eq!(told, ["error ServerError 529 Overloaded"]);
    let mut reader = Reader::new(crate::vendor::Vendor::named("Anthropic").expect("a row").quirks);
    let told = sample::told(|sink| {
        let body = br#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#;
        reader.read_whole(body, sink).expect("an error");
    });
    assert_eq!(told, ["error RateLimited 429 m"]);
    for body in ["{}", "[]", "<html>"] {
        assert!(reader.read_whole(body.as_bytes(), &mut |_| {}).is_err(), "{body}");
    }
}

proptest! {
    #[test]
    fn no_citations_break_an_answer(value in sample::any_json()) {
        let delta = serde_json::json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "citations_delta", "citation": value}});
        let block = serde_json::json!({"type": "text", "text": "a", "citations": value});
        let told = read(&[&start(&block.to_string()), &delta.to_string(), STOP]);
        prop_assert_eq!(told.first().map(String::as_str), Some("text 0 a"));
    }
}
