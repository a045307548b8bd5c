//! Equal calls in flight share one answer.

use futures_util::future::join_all;
use serde_json::json;
use wayleave_engine::call::Body;

use super::support::{Ask, Gateway, Got, SOON, cache_rules, eventually};

const SLOW: &[(&str, &str)] = &[("a", "m?ttft=300ms&tokens=9&pace=5ms")];

fn status(got: &Got) -> &str {
    got.header("x-wayleave-cache").unwrap_or("-")
}

fn ask(number: usize) -> Ask {
    match number % 4 {
        0 => Ask::chat().with("max_tokens", json!(100)),
        1 => Ask::chat().with("max_tokens", json!(100)).streamed(),
        2 => Ask::messages(),
        _ => Ask::messages().streamed(),
    }
}

#[tokio::test]
async fn two_hundred_equal_calls_are_one_request() {
    let gateway = Gateway::cached(SLOW, cache_rules());
    let answers = join_all((0..200).map(|number| gateway.ask(ask(number)))).await;
    assert_eq!(gateway.sent_to("a").len(), 1);
    let first = said(&answers[0]);
    assert!(!first.is_empty());
    for (number, got) in answers.iter().enumerate() {
        assert_eq!(got.status, 200, "{number}: {}", got.text());
        assert_eq!(said(got), first, "{number}");
    }
    let count = |wanted: &str| answers.iter().filter(|got| status(got) == wanted).count();
    assert_eq!((count("miss"), count("coalesced") + count("hit")), (1, 199));
    assert!(count("coalesced") > 150, "{}", count("coalesced"));
    let books = gateway.books(answers[1].call_id()).await;
    assert_eq!(books.lines(), ["coalesced a ok -"]);
    assert_eq!(books.ticks(), [Some(0)]);
    assert!(books.attempts[0]["saved_ticks"].as_i64() > Some(0));
}

/// What is said, in either format, streamed or not.
fn said(got: &Got) -> String {
    if got.header("content-type") == Some("application/json") {
        let body = got.json();
        let text = body["choices"][0]["message"]["content"].as_str();
        return text
            .or(body["content"][0]["text"].as_str())
            .unwrap_or_default()
            .to_owned();
    }
    got.events()
        .iter()
        .filter_map(|event| {
            let text = event["choices"][0]["delta"]["content"].as_str();
            text.or(event["delta"]["text"].as_str()).map(str::to_owned)
        })
        .collect()
}

#[tokio::test]
async fn a_leader_that_leaves_fails_nobody() {
    for leader in 0..4 {
        let gateway = Gateway::cached(SLOW, cache_rules());
        let mut leading = Box::pin(gateway.answer(ask(leader)));
        tokio::select! {
            answer = &mut leading => panic!("too early: {answer:?}"),
            () = gateway.asked(1) => {}
        }
        let others = async {
            let waiting = join_all((0..8).map(|number| gateway.ask(ask(number))));
            tokio::pin!(waiting);
            tokio::select! {
                _ = &mut waiting => panic!("the answer is not to come yet"),
                () = eventually("all wait", || gateway.engine.in_flight() == 9) => {}
            }
            drop(leading);
            waiting.await
        };
        for (number, got) in others.await.iter().enumerate() {
            assert_eq!(
                (got.status, status(got)),
                (200, "coalesced"),
                "{leader} {number}: {}",
                got.text()
            );
            assert!(!said(got).is_empty());
        }
        assert_eq!(gateway.sent_to("a").len(), 1);
        assert_eq!(gateway.metric_of("wayleave_calls_total", "client_left"), 1);
        assert_eq!(status(&gateway.ask(ask(0)).await), "hit", "and it is kept");
    }
}

#[tokio::test]
async fn a_leader_that_leaves_in_mid_stream_fails_nobody() {
    let gateway = Gateway::cached(&[("a", "m?tokens=60&pace=10ms")], cache_rules());
    let leading = gateway.answer(ask(1)).await;
    let Body::Stream(mut pieces) = leading.body else {
        panic!("a stream was asked for");
    };
    pieces.recv().await.expect("a piece");
    let others = async {
        let waiting = join_all((0..4).map(|number| gateway.ask(ask(number))));
        tokio::pin!(waiting);
        tokio::select! {
            _ = &mut waiting => panic!("the answer is not to end yet"),
            () = eventually("all follow", || gateway.engine.in_flight() == 5) => {}
        }
        drop(pieces);
        waiting.await
    };
    let others = others.await;
    let first = said(&others[0]);
    for got in &others {
        assert_eq!((got.status, status(got)), (200, "coalesced"), "{}", got.text());
        assert_eq!(said(got), first);
    }
    assert_eq!(gateway.sent_to("a").len(), 1);
}

#[tokio::test]
async fn when_all_have_left_the_provider_is_let_go() {
    let gateway = Gateway::cached(&[("a", "m?hang=headers")], cache_rules());
    let mut all = Box::pin(join_all((0..4).map(|number| gateway.answer(ask(number)))));
    tokio::select! {
        _ = &mut all => panic!("no answer was to come"),
        () = async {
            gateway.asked(1).await;
            eventually("all wait", || gateway.engine.in_flight() == 4).await;
        } => {}
    }
    drop(all);
    let over =
        |requests: &[wayleave_sim::RecordedRequest]| requests.iter().all(|request| request.ended.is_some());
    gateway.sim.wait_for(over, SOON).await.expect("it is let go");
    eventually("no call in flight", || gateway.engine.in_flight() == 0).await;
    assert_eq!(gateway.metric_of("wayleave_calls_total", "client_left"), 4);
}

#[tokio::test]
async fn a_failed_leader_does_not_fail_its_followers() {
    let gateway = Gateway::cached(&[("a", "m")], cache_rules());
    let script = ["headers-delay=200ms&status=500", "headers-delay=50ms&tokens=5"];
    gateway.sim.script("m", &script).expect("a script");
    let answers = join_all((0..6).map(|number| gateway.ask(ask(number)))).await;
    assert_eq!(answers[0].status, 500, "{}", answers[0].text());
    for got in &answers[1..] {
        assert_eq!(got.status, 200, "{}", got.text());
    }
    assert_eq!(gateway.sent_to("a").len(), 2, "one took over");
}

#[tokio::test]
async fn a_cut_is_told_to_all_who_have_begun_and_the_rest_ask_again() {
    let gateway = Gateway::cached(&[("a", "m?ttft=200ms&tokens=20&fault=cut")], cache_rules());
    let answers = join_all((0..4).map(|number| gateway.ask(ask(number)))).await;
    for (number, got) in answers.iter().enumerate() {
        if number % 2 == 1 {
            assert_eq!(got.status, 200);
            assert!(got.text().contains("error"), "{}", got.text());
        } else {
            assert!(
                got.status >= 500,
                "a whole answer that broke is none: {}",
                got.text()
            );
        }
    }
}
