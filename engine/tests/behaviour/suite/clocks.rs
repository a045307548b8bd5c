//! The clocks of a call.

use std::time::Duration;

use tokio::time::Instant;
use wayleave_core::snapshot::{Rule, Timeouts};

use super::support::{Ask, Books, Gateway, Got, Key, pick, rule};

const SHORT: Duration = Duration::from_millis(150);

fn gateway(timeouts: Timeouts, a: &str) -> Gateway {
    let timed = Rule {
        timeouts,
        ..rule(vec![pick("a", a), pick("b", "m")])
    };
    Gateway::start(&[Key::new("a"), Key::new("b")], timed)
}

async fn asked(gateway: &Gateway, ask: Ask) -> (Got, Books, Duration) {
    let started = Instant::now();
    let got = gateway.ask(ask).await;
    let took = started.elapsed();
    let books = gateway.books(got.call_id()).await;
    (got, books, took)
}

#[tokio::test]
async fn first_content_of_a_stream() {
    let timeouts = Timeouts {
        first_content: SHORT,
        // Runs from the first content only.
        idle: SHORT / 2,
        ..Timeouts::default()
    };
    for model in ["m?hang=headers", "m?ttft=60s"] {
        let (got, books, took) = asked(&gateway(timeouts, model), Ask::chat().streamed()).await;
        got.ok();
        assert!(took >= SHORT, "{took:?}");
        assert!(
            books.lines()[0].starts_with("primary a timeout"),
            "{:?}",
            books.lines()
        );
        let reason = books.attempts[0]["reason"].as_str().expect("a reason");
        assert!(reason.contains("firstContent"), "{reason}");
    }
}

#[tokio::test]
async fn first_content_stops_at_the_content_and_not_at_the_end() {
    let timeouts = Timeouts {
        first_content: SHORT,
        ..Timeouts::default()
    };
    let gateway = gateway(timeouts, "m?chunks=20&pace=20ms");
    let (got, books, took) = asked(&gateway, Ask::chat().streamed()).await;
    got.ok();
    assert!(took > SHORT);
    assert_eq!(books.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn first_content_runs_unstreamed_only_where_the_route_sets_it() {
    let unset = Timeouts {
        first_content: SHORT,
        ..Timeouts::default()
    };
    let (got, books, _) = asked(&gateway(unset, "m?ttft=300ms"), Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary a ok 200"]);
    let set = Timeouts {
        first_content_set: true,
        ..unset
    };
    let (got, books, _) = asked(&gateway(set, "m?ttft=60s"), Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary a timeout -", "fallback b ok 200"]);
}

#[tokio::test]
async fn idle_in_mid_stream_is_a_cut() {
    let timeouts = Timeouts {
        idle: SHORT,
        ..Timeouts::default()
    };
    let gateway = gateway(timeouts, "m?hang=mid&chunks=8");
    let (got, books, took) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    assert!(took >= SHORT, "{took:?}");
    assert_eq!(books.lines(), ["primary a cut 200"]);
    assert!(!got.data().contains(&"[DONE]"));
    let last = got.events().pop().expect("an event");
    assert!(
        last["error"]["message"]
            .as_str()
            .is_some_and(|message| message.contains("idle")),
        "{last}"
    );
}

#[tokio::test]
async fn idle_in_an_unstreamed_body_falls_back() {
    let timeouts = Timeouts {
        idle: SHORT,
        total: Duration::from_secs(30),
        ..Timeouts::default()
    };
    let (got, books, took) = asked(&gateway(timeouts, "m?hang=mid"), Ask::chat()).await;
    got.ok();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(books.lines(), ["primary a timeout 200", "fallback b ok 200"]);
}

#[tokio::test]
async fn total_holds_for_all_attempts_together() {
    let timeouts = Timeouts {
        total: SHORT,
        ..Timeouts::default()
    };
    for ask in [Ask::chat(), Ask::chat().streamed()] {
        let gateway = gateway(timeouts, "m?hang=headers");
        let (got, books, took) = asked(&gateway, ask).await;
        assert_eq!(got.status, 504);
        assert!(took >= SHORT && took < Duration::from_secs(5), "{took:?}");
        assert_eq!(books.lines(), ["primary a timeout -"]);
        assert!(
            gateway.sent_to("b").is_empty(),
            "nothing starts after the deadline"
        );
    }
}

#[tokio::test]
async fn total_ends_a_stream_with_an_error_event() {
    let timeouts = Timeouts {
        total: SHORT,
        ..Timeouts::default()
    };
    let gateway = gateway(timeouts, "m?endless&pace=10ms");
    let (got, books, took) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    assert!(took >= SHORT && took < Duration::from_secs(5), "{took:?}");
    assert_eq!(books.lines(), ["primary a cut 200"]);
    let last = got.events().pop().expect("an event");
    assert!(
        last["error"]["message"]
            .as_str()
            .is_some_and(|message| message.contains("total")),
        "{last}"
    );
}
