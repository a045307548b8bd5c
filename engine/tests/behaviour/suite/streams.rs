//! Streams, and how they end.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use wayleave_core::money::Ticks;
use wayleave_core::snapshot::{Rule, Timeouts};
use wayleave_engine::EngineOptions;
use wayleave_engine::call::{Body, Piece};
use wayleave_sim::Replay;

use super::support::{Ask, Books, Gateway, Got, Key, SOON, eventually, pick, rule};

async fn asked(gateway: &Gateway, ask: Ask) -> (Got, Books) {
    let got = gateway.ask(ask).await;
    let books = gateway.books(got.call_id()).await;
    (got, books)
}

#[tokio::test]
async fn a_stream_comes_whole_and_ends_well() {
    let gateway = Gateway::chain(&[("a", "m?tokens=50")]);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    assert_eq!(got.header("content-type"), Some("text/event-stream"));
    assert_eq!(got.said().split(' ').count(), 50);
    assert_eq!(got.data().last(), Some(&"[DONE]"));
    assert_eq!(books.lines(), ["primary a ok 200"]);
    assert_eq!(books.attempts[0]["usage"]["output"], 50);
    let summary = got.summary.expect("an end");
    assert_eq!(
        (summary.attempts, summary.provider.as_deref()),
        (1, Some("team/a"))
    );
    assert_eq!(summary.cost.map(Ticks::get), books.ticks()[0]);
    assert_eq!(summary.usage.output, 50);
}

#[tokio::test]
async fn pieces_come_as_they_are_made() {
    let gateway = Gateway::chain(&[("a", "m?hang=mid&chunks=8")]);
    let answer = gateway.answer(Ask::chat().streamed()).await;
    let Body::Stream(mut pieces) = answer.body else {
        panic!("not streamed");
    };
    // The provider never ends, and yet there is text.
    let mut seen = String::new();
    while !seen.contains("\"content\":\"") {
        match tokio::time::timeout(SOON, pieces.recv()).await.expect("soon") {
            Some(Piece::Bytes(bytes)) => seen.push_str(std::str::from_utf8(&bytes).expect("text")),
            other => panic!("{other:?}"),
        }
    }
}

fn told_cut(got: &Got) {
    let data = got.data();
    assert!(!data.contains(&"[DONE]"), "no false end: {data:?}");
    let events = got.events();
    assert!(
        events
            .last()
            .is_some_and(|event| event["error"]["message"].is_string()),
        "{data:?}"
    );
    let finished = |event: &serde_json::Value| event["choices"][0]["finish_reason"].is_string();
    assert!(!events.iter().any(finished), "no false stop: {data:?}");
    assert!(!got.said().is_empty(), "what came before is there");
}

#[tokio::test]
async fn a_cut_is_told_as_an_error_event_without_a_false_end() {
    for trouble in ["fault=cut", "fault=no-done"] {
        let model = format!("m?{trouble}&chunks=8");
        let gateway = Gateway::chain(&[("a", &model), ("b", "m")]);
        let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
        told_cut(&got.ok());
        assert_eq!(books.lines(), ["primary a cut 200"], "{trouble}");
        assert_eq!(books.end(), "cut 200");
        assert_eq!(books.attempts[0]["estimated"], true);
        assert!(gateway.sent_to("b").is_empty(), "a stream is never switched");
    }
}

#[tokio::test]
async fn a_cut_is_told_in_the_anthropic_format() {
    let gateway = Gateway::chain(&[("a", "m?fault=cut&chunks=8")]);
    let (got, books) = asked(&gateway, Ask::messages().streamed()).await;
    let got = got.ok();
    assert!(got.text().contains("event: error\n"), "{}", got.text());
    let last = got.events().pop().expect("an event");
    assert_eq!(last["type"], "error");
    assert!(
        !got.text().contains("message_stop") && !got.text().contains("end_turn"),
        "{}",
        got.text()
    );
    assert_eq!(books.lines(), ["primary a cut 200"]);
}

#[tokio::test]
async fn an_error_in_mid_stream_is_a_cut() {
    let gateway = Gateway::chain(&[("a", "m?fault=error-mid&chunks=8"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    let errors = got
        .events()
        .iter()
        .filter(|event| event["error"].is_object())
        .count();
    assert_eq!(errors, 1, "told once: {}", got.text());
    assert!(!got.data().contains(&"[DONE]"));
    assert_eq!(books.lines(), ["primary a cut 200"]);
}

#[tokio::test]
async fn cuts_feed_the_breaker() {
    let gateway = Gateway::chain(&[("a", "m?fault=cut&chunks=8"), ("b", "m")]);
    for _ in 0..5 {
        let (_, books) = asked(&gateway, Ask::chat().streamed()).await;
        assert_eq!(books.lines(), ["primary a cut 200"]);
    }
    let (_, books) = asked(&gateway, Ask::chat().streamed()).await;
    assert_eq!(books.lines(), ["primary b ok 200"]);
}

#[tokio::test]
async fn a_whole_body_is_an_answer_to_a_stream_as_well() {
    let gateway = Gateway::chain(&[("a", "whole")]);
    let body = r#"{"id":"c-1","object":"chat.completion","created":1,"model":"whole","choices":[{"index":0,"message":
        {"role":"assistant","content":"all at once"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,
        "completion_tokens":4,"total_tokens":7}}"#;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let replay = Replay {
        status: StatusCode::OK,
        headers,
        chunks: vec![Bytes::from_static(body.as_bytes())],
        pause: Duration::ZERO,
    };
    gateway.sim.replay("whole", replay).expect("room");
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    assert_eq!(
        (got.said().as_str(), got.data().last()),
        ("all at once", Some(&"[DONE]"))
    );
    assert_eq!(books.ticks(), [Some((3 + 2 * 4) * 10_000)]);
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_provider() {
    let timeouts = Timeouts {
        total: Duration::from_secs(2),
        ..Timeouts::default()
    };
    let endless = Rule {
        timeouts,
        ..rule(vec![pick("a", "m?endless&chunk-bytes=16KiB"), pick("b", "m")])
    };
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], endless);
    let answer = gateway.answer(Ask::chat().streamed()).await;
    let Body::Stream(pieces) = answer.body else {
        panic!("not streamed");
    };
    // Others are served meanwhile.
    let other = gateway.answer(Ask::chat().streamed()).await;
    assert_eq!(other.status, StatusCode::OK);
    drop(other);
    let id = answer.headers["x-wayleave-call-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let books = gateway.books(&id).await;
    // The fault is the client's, not the provider's.
    assert_eq!(books.lines(), ["primary a client_left 200"]);
    assert!(pieces.len() <= 16, "bounded: {}", pieces.len());
    eventually("the provider is let go", || gateway.sim.active() == 0).await;
}

#[tokio::test]
async fn an_answer_longer_than_the_gateway_takes_is_broken_off() {
    let options = EngineOptions {
        max_answer_bytes: 100_000,
        ..EngineOptions::default()
    };
    let steps = rule(vec![pick("a", "m?endless"), pick("b", "m")]);
    let gateway = Gateway::start_with(options, &[Key::new("a"), Key::new("b")], steps);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    assert!(got.body.len() < 200_000, "{}", got.body.len());
    assert!(
        got.events()
            .last()
            .is_some_and(|event| event["error"].is_object()),
        "{:?}",
        got.data().last()
    );
    assert_eq!(books.lines(), ["primary a cut 200"]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary a malformed 200", "fallback b ok 200"]);
}

#[tokio::test]
async fn when_memory_is_full_new_calls_wait_outside() {
    let options = EngineOptions {
        max_inflight_bytes: 8 << 20,
        ..EngineOptions::default()
    };
    let gateway = Gateway::start_with(
        options,
        &[Key::new("a")],
        rule(vec![pick("a", "m?endless&chunk-bytes=4KiB")]),
    );
    let first = gateway.answer(Ask::chat().streamed()).await;
    let Body::Stream(mut pieces) = first.body else {
        panic!("not streamed");
    };
    let mut read = 0;
    // The first MiB does not count, and the gateway refuses from four fifths on: 7.4 MiB.
    while read <= 15 << 19 {
        match pieces.recv().await {
            Some(Piece::Bytes(bytes)) => read += bytes.len(),
            other => panic!("{other:?}"),
        }
    }
    let second = gateway.ask(Ask::chat().streamed()).await;
    assert_eq!((second.status, second.header("retry-after")), (503, Some("1")));
    drop(pieces);
    eventually("it landed", || gateway.engine.in_flight() == 0).await;
    assert_eq!(
        gateway.answer(Ask::chat().streamed()).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn twenty_megabytes_pass() {
    let gateway = Gateway::chain(&[("a", "m?bytes=20MiB")]);
    let long = "x".repeat(20 << 20);
    let messages = serde_json::json!([{"role": "user", "content": long}]);
    let got = gateway.ask(Ask::chat().with("messages", messages)).await.ok();
    assert_eq!(got.said().len(), 20 << 20);
    assert!(gateway.sim.requests()[0].body.len() > 20 << 20);
}
