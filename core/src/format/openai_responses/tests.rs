use super::*;
use crate::chat::proof::{Origin, Proof};
use crate::event::citation::{Citation, Source};
use crate::event::logprobs::{Candidate, TokenLogprob};
use crate::event::{Event, Finish};
use crate::format::reading::Read as _;
use crate::format::sample;
use crate::format::writing::{Bill, Write as _};
use crate::vendor::Vendor;

mod reading;

fn write(mut writer: Writer, events: &[Event<'_>], bill: Bill) -> String {
    sample::written(|out| {
        for event in events {
            writer.write(event, out).expect("short");
        }
        writer.end(bill, out);
    })
}

fn streamed(events: &[Event<'_>], bill: Bill) -> String {
    write(Writer::streaming(sample::setting()), events, bill)
}

fn whole(events: &[Event<'_>]) -> String {
    sample::pretty(&write(Writer::whole(sample::setting()), events, sample::bill()))
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
fn an_answer_without_a_word_is_still_an_answer() {
    insta::assert_snapshot!(format!("{}{}", streamed(&[], Bill::default()), whole(&[])));
}

fn page(url: &str, span: Option<std::ops::Range<u32>>) -> Event<'static> {
    Event::Citation {
        choice: 0,
        citation: Box::new(Citation {
            source: Source::Web {
                url: url.to_owned(),
                title: None,
            },
            cited: None,
            span,
        }),
    }
}

fn token(token: &str) -> TokenLogprob {
    let candidate = |token: &str, logprob| Candidate {
        token: token.to_owned(),
        logprob,
        bytes: None,
    };
    TokenLogprob {
        chosen: candidate(token, -0.5),
        top: vec![candidate("é", -1.5)],
    }
}

#[test]
fn writes_sources_and_probabilities() {
    let logprobs = |text: &str| Event::Logprobs {
        choice: 0,
        tokens: vec![token(text)],
    };
    let events = [
        sample::start(),
        logprobs("é, "),
        sample::text(0, "é, "),
        page("https://a", None),
        sample::text(0, "b"),
        page("https://b", None),
        page("https://c", Some(1..2)),
        logprobs("b"),
        Event::Refusal {
            choice: 0,
            text: "no".into(),
        },
        sample::text(0, "d"),
        page("https://d", Some(4..5)),
        sample::finish(0, Finish::Length),
    ];
    insta::assert_snapshot!(streamed(&events, Bill::default()));
}

/// The last event of a stream.
fn last(events: &[Event<'_>]) -> serde_json::Value {
    let stream = streamed(events, Bill::default());
    let last = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .next_back();
    serde_json::from_str(last.expect("an event")).expect("JSON")
}

#[test]
fn ends_as_the_format_has_it() {
    for (finish, expected) in [
        (Finish::Stop, ("response.completed", None)),
        (Finish::ToolCalls, ("response.completed", None)),
        (Finish::Pause, ("response.completed", None)),
        (Finish::Length, ("response.incomplete", Some("max_output_tokens"))),
        (
            Finish::ContextWindow,
            ("response.incomplete", Some("max_output_tokens")),
        ),
        (
            Finish::ContentFilter,
            ("response.incomplete", Some("content_filter")),
        ),
        (Finish::Refusal, ("response.incomplete", Some("content_filter"))),
    ] {
        let event = last(&[sample::text(0, "a"), sample::finish(0, finish)]);
        let response = &event["response"];
        let reason = response["incomplete_details"]["reason"].as_str();
        assert_eq!((event["type"].as_str().expect("a type"), reason), expected);
        let status = expected.0.strip_prefix("response.").expect("a prefix");
        assert_eq!(response["status"], status);
        assert_eq!(response["output"][0]["status"], status);
    }
}

#[test]
fn a_call_that_was_cut_off_is_kept_as_it_is() {
    let events = [
        sample::call(0, "a", "f"),
        sample::arguments(0, "{\"x"),
        sample::finish(0, Finish::Length),
    ];
    let none = last(&[
        sample::call(0, "a", "f"),
        sample::call(1, "b", "g"),
        sample::finish(0, Finish::Length),
    ]);
    let calls = &none["response"]["output"];
    assert_eq!(calls[0]["arguments"], "{}", "the next has begun");
    assert_eq!(
        (&calls[1]["arguments"], &calls[1]["status"]),
        (&"".into(), &"incomplete".into())
    );
    let call = &last(&events)["response"]["output"][0];
    assert_eq!(
        (call["arguments"].as_str(), call["status"].as_str()),
        (Some("{\"x"), Some("incomplete"))
    );
}

#[test]
fn a_proof_without_reasoning_is_no_encrypted_reasoning() {
    let proof = || Proof::new(Origin::Google, "p");
    let events = [
        Event::ReasoningSignature {
            choice: 0,
            proof: proof(),
        },
        sample::call(0, "a", "f"),
        Event::RedactedReasoning {
            choice: 0,
            proof: Proof::new(Origin::OpenAI, "o"),
        },
    ];
    let output = last(&events)["response"]["output"].clone();
    let [shown, _, hidden] = output.as_array().expect("items").as_slice() else {
        panic!("three items: {output}");
    };
    assert_eq!(shown["encrypted_content"], "wayleave.google.p");
    assert_eq!(shown["summary"][0]["text"], "");
    assert_eq!(hidden["encrypted_content"], "o");
    assert_eq!(hidden["summary"].as_array().map(Vec::len), Some(0));
}

#[test]
fn numbers_rise_and_ids_are_unique() {
    let stream = streamed(&sample::everything(), sample::bill());
    let events: Vec<serde_json::Value> = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
        if event["type"] == "response.output_item.added" {
            assert!(ids.insert(event["item"]["id"].to_string()), "{event}");
        }
    }
    let output = &events.last().expect("events")["response"]["output"];
    assert_eq!(output.as_array().map(Vec::len), Some(ids.len()));
}
