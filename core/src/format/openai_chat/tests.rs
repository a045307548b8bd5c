use proptest::prelude::*;

use super::*;
use crate::event::Event;
use crate::format::answer::Answer;
use crate::format::reading::Read as _;
use crate::format::sample;
use crate::format::writing::{Bill, Setting, Write as _};
use crate::vendor::Vendor;

fn streamed(events: &[Event<'_>], setting: Setting, bill: Bill) -> String {
    let mut writer = StreamWriter::new(setting);
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
    insta::assert_snapshot!(streamed(&sample::everything(), sample::setting(), sample::bill()));
}

#[test]
fn writes_a_whole_answer_with_everything() {
    insta::assert_snapshot!(whole(&sample::everything()));
}

#[test]
fn writes_refusals_and_choices() {
    let stream = streamed(&sample::refusal(), sample::setting(), Bill::default());
    insta::assert_snapshot!(format!("{stream}{}", whole(&sample::refusal())));
}

#[test]
fn writes_sources_and_probabilities() {
    let stream = streamed(&sample::cited(), sample::setting(), Bill::default());
    insta::assert_snapshot!(format!("{stream}{}", whole(&sample::cited())));
}

#[test]
fn writes_googles_signature_where_its_clients_look_for_it() {
    let stream = streamed(&sample::google(), sample::setting(), Bill::default());
    insta::assert_snapshot!(format!("{stream}{}", whole(&sample::google())));
}

#[test]
fn usage_is_told_only_where_it_is_asked_for() {
    let setting = Setting {
        include_usage: false,
        ..sample::setting()
    };
    assert!(!streamed(&sample::everything(), setting, sample::bill()).contains("usage"));
}

#[test]
fn an_answer_without_a_word_is_still_an_answer() {
    insta::assert_snapshot!(format!(
        "{}{}",
        streamed(&[], sample::setting(), Bill::default()),
        whole(&[])
    ));
}

/// Reads a stream of documents to its end.
fn read_stream(vendor: &str, documents: &[&str]) -> Vec<String> {
    let mut reader = Reader::new(Vendor::named(vendor).expect(vendor).quirks);
    sample::told(|sink| {
        for document in documents {
            reader.read(b"", document.as_bytes(), sink).expect(document);
        }
        reader.end(sink);
    })
}

fn read_delta(delta: &str) -> Vec<String> {
    let chunk = format!(r#"{{"id":"i","model":"m","choices":[{{"index":0,"delta":{delta}}}]}}"#);
    let mut told = read_stream("OpenAI", &[&chunk]);
    assert_eq!(
        (told.remove(0), told.pop()),
        (String::from("start i m"), Some(String::from("end")))
    );
    told
}

#[test]
fn reads_every_form_of_content() {
    for (delta, expected) in [
        (r#"{"role":"assistant","content":"","refusal":null}"#, &[][..]),
        (r#"{"content":null}"#, &[]),
        (r#"{"content":"a"}"#, &["text 0 a"]),
        (r#"{"content":"\ud83d"}"#, &["text 0 \u{FFFD}"]),
        (
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]},{"type":"text","text":"a"}]}"#,
            &["reasoning 0 t", "text 0 a"],
        ),
        (r#"{"content":[{"type":"reference","reference_ids":[1]}]}"#, &[]),
        (r#"{"reasoning":"t","content":""}"#, &["reasoning 0 t"]),
        (r#"{"reasoning_content":"t","reasoning":"t"}"#, &["reasoning 0 t"]),
        (
            r#"{"reasoning":"t","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"s"}]}"#,
            &["reasoning 0 t", "signature s"],
        ),
        (
            r#"{"reasoning":null,"reasoning_details":[{"type":"reasoning.encrypted","data":"d"}]}"#,
            &["redacted d"],
        ),
        (
            r#"{"reasoning_details":[{"type":"reasoning.summary","summary":"t"}]}"#,
            &["reasoning 0 t"],
        ),
        (r#"{"refusal":"no"}"#, &["refusal no"]),
        (r#"{"audio":{"data":"QUJD"}}"#, &["opaque 0"]),
        (
            r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":{"a":1}}}]}"#,
            &["call 0 0 x f", "arguments 0 0 {\"a\":1}"],
        ),
        (
            r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"null"}}]}"#,
            &["call 0 0 x f"],
        ),
        (
            r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":null}}]}"#,
            &["call 0 0 x f"],
        ),
        (
            r#"{"tool_calls":[{"id":"x","type":"custom","custom":{"name":"f","input":"a"}}]}"#,
            &["opaque 0"],
        ),
    ] {
        assert_eq!(read_delta(delta), expected, "{delta}");
    }
}

#[test]
fn made_up_ids_differ_and_are_always_the_same() {
    let delta =
        r#"{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"id":"","function":{"name":"g"}}]}"#;
    let told = read_delta(delta);
    assert_eq!(told, read_delta(delta));
    let ids: Vec<_> = told
        .iter()
        .filter_map(|line| line.split(' ').find(|word| word.starts_with("call_")))
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    let legacy = read_delta(r#"{"function_call":{"name":"f","arguments":"{}"}}"#);
    assert!(legacy[0].starts_with("call 0 0 call_"), "{legacy:?}");
}

fn finish_of(reasons: &[&str], delta: &str) -> Option<String> {
    let documents: Vec<_> = reasons
        .iter()
        .map(|reason| format!(r#"{{"choices":[{{"index":0,"delta":{delta},"finish_reason":{reason}}}]}}"#))
        .collect();
    let documents: Vec<_> = documents.iter().map(String::as_str).collect();
    read_stream("OpenAI", &documents)
        .into_iter()
        .find(|line| line.starts_with("finish"))
}

#[test]
fn one_finish_is_told_and_calls_outrank_stop() {
    let call = r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}}]}"#;
    for (reasons, delta, expected) in [
        (&[r#""stop""#, r#""stop""#][..], "{}", Some("finish 0 Stop")),
        (&[r#""length""#, "null"], "{}", Some("finish 0 Length")),
        (&[r#""eos""#], "{}", Some("finish 0 Stop")),
        (
            &[r#""stop""#, r#""tool_calls""#],
            "{}",
            Some("finish 0 ToolCalls"),
        ),
        (&[r#""STOP""#], call, Some("finish 0 ToolCalls")),
        (&[r#""length""#], call, Some("finish 0 Length")),
        (&[r#""stop""#], r#"{"refusal":"no"}"#, Some("finish 0 Refusal")),
        (
            &[r#""content_filter""#],
            r#"{"refusal":"no"}"#,
            Some("finish 0 ContentFilter"),
        ),
        (&["null"], call, None),
    ] {
        assert_eq!(
            finish_of(reasons, delta).as_deref(),
            expected,
            "{reasons:?} {delta}"
        );
    }
}

#[test]
fn errors_come_in_many_forms() {
    for (document, expected) in [
        (
            r#"{"error":{"message":"m","code":"tool_use_failed","status_code":400}}"#,
            "error Caller 400 m",
        ),
        (r#"{"error":"boom"}"#, "error ServerError 502 boom"),
        (
            r#"{"object":"error","message":"m","code":"3505","raw_status_code":429}"#,
            "error RateLimited 429 m",
        ),
        (r#"{"detail":"m"}"#, "error ServerError 502 m"),
    ] {
        assert!(
            read_stream("OpenAI", &[document]).contains(&expected.to_owned()),
            "{document}"
        );
    }
    let mixed = r#"{"id":"i","error":{"code":502,"message":"m"},"choices":[{"index":0,"delta":{"content":"a"},
        "finish_reason":"error"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let told = read_stream("OpenRouter", &[mixed]);
    assert_eq!(told[..3], ["start i ", "usage 1+0 out 2 (0)", "text 0 a"]);
    assert!(told[3].starts_with("error ServerError 503"), "{told:?}");
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let mut reader = Reader::new(Vendor::named("Custom").expect("a row").quirks);
    let mut sink = |_: Event<'_>| {};
    for document in ["<html>", "", "{\"choices\":", "7"] {
        assert!(
            reader.read(b"", document.as_bytes(), &mut sink).is_err(),
            "{document}"
        );
    }
    for document in ["{}", r#"{"ok":true}"#] {
        assert!(
            reader.read_whole(document.as_bytes(), &mut sink).is_err(),
            "{document}"
        );
    }
}

#[test]
fn reads_sources_and_googles_signatures() {
    for (delta, expected) in [
        (
            r#"{"content":"a","annotations":[{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":0,"end_index":1}}]}"#,
            &[
                "text 0 a",
                "citation 0 Citation { source: Web { url: \"u\", title: Some(\"t\") }, cited: None, span: Some(0..1) }",
            ][..],
        ),
        (
            r#"{"annotations":[{"type":"file","file":{"name":"f","hash":"h"}},{"type":"other"},7]}"#,
            &[
                "citation 0 Citation { source: Document { index: None, title: Some(\"f\"), file: Some(\"h\") }, cited: None, span: None }",
            ],
        ),
        (
            r#"{"extra_content":{"google":{"thought_signature":"s"}},"tool_calls":[{"index":0,"id":"x","extra_content":{"google":{"thought_signature":"s"}},"function":{"name":"f","arguments":""}}]}"#,
            &["signature s", "call 0 0 x f"],
        ),
        (r#"{"extra_content":7,"annotations":{}}"#, &[]),
    ] {
        assert_eq!(read_delta(delta), expected, "{delta}");
    }
}

#[test]
fn reads_the_probabilities_of_tokens() {
    let token = r#"{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1,"bytes":null}]}"#;
    for (logprobs, content, expected) in [
        (
            format!(r#"{{"content":[{token},{token}],"refusal":null}}"#),
            r#""content":"aa""#,
            &["logprobs 0 2", "text 0 aa"][..],
        ),
        (
            format!(r#"{{"content":null,"refusal":[{token}]}}"#),
            r#""refusal":"a""#,
            &["refusal a", "logprobs 0 1"],
        ),
        // Of legacy completions, and of nobody.
        (
            String::from(r#"{"tokens":["a"],"token_logprobs":[-0.5]}"#),
            r#""content":"a""#,
            &["text 0 a"],
        ),
        (
            String::from(r#"{"content":[{"token":"a","logprob":null}]}"#),
            r#""content":"a""#,
            &["text 0 a"],
        ),
        (String::from("[7]"), r#""content":"a""#, &["text 0 a"]),
    ] {
        let chunk = format!(
            r#"{{"id":"i","model":"m","choices":[{{"index":0,"logprobs":{logprobs},"delta":{{{content}}}}}]}}"#
        );
        let told = read_stream("OpenAI", &[&chunk]);
        assert_eq!(told[1..told.len() - 1], *expected, "{chunk}");
    }
}

#[test]
fn sources_beside_the_choices_are_told_once_and_last() {
    let chunk = |sources: &str, finish: &str| {
        format!(
            r#"{{"id":"i","model":"m",{sources},"choices":[{{"index":0,"delta":{{"content":"a"}},"finish_reason":{finish}}}]}}"#
        )
    };
    let first = chunk(r#""citations":["u","v"]"#, "null");
    let last = chunk(
        r#""citations":["u"],"search_results":[{"url":"u","title":"t","snippet":"s"},7,{}]"#,
        r#""stop""#,
    );
    assert_eq!(
        read_stream("Custom", &[&first, &last])[3..],
        [
            "citation 0 Citation { source: Web { url: \"u\", title: Some(\"t\") }, cited: Some(\"s\"), span: None }",
            "finish 0 Stop",
            "end"
        ]
    );
    let told = read_stream("Custom", &[&first]);
    assert!(told[3].contains("url: \"v\""), "{told:?}");
}

proptest! {
    /// What stands beside the text is never a reason to refuse an answer.
    #[test]
    fn no_values_beside_the_text_break_an_answer(
        value in sample::any_json(),
        delta in prop::sample::select(vec!["annotations", "extra_content", "reasoning_details"]),
        choice in prop::sample::select(vec!["logprobs", "x"]),
        top in prop::sample::select(vec!["citations", "search_results"]),
    ) {
        // A list of details holds objects, as all lists do that are read into something.
        let detail = if delta == "reasoning_details" { serde_json::json!([{"text": value}]) } else { value.clone() };
        let chunk = serde_json::json!({"id": "i", "model": "m", top: value, "choices": [
            {"index": 0, choice: value, "delta": {"content": "a", delta: detail}, "finish_reason": "stop"}]});
        let told = read_stream("OpenRouter", &[&chunk.to_string()]);
        prop_assert!(told.contains(&String::from("text 0 a")), "{told:?}");
        prop_assert_eq!(told.last().map(String::as_str), Some("end"));
    }
}
