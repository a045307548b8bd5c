//! A client that streams is kept awake while a provider thinks.

use std::time::Duration;

use wayleave_core::snapshot::{Rule, Timeouts};
use wayleave_engine::EngineOptions;

use super::support::{Ask, Gateway, Got, Key, pick, rule};

const COMMENT: &str = ": keep-alive\n\n";

fn gateway(rule: Rule) -> Gateway {
    let options = EngineOptions {
        keep_alive: Duration::from_millis(100),
        ..EngineOptions::default()
    };
    Gateway::start_with(options, &[Key::new("a"), Key::new("b")], rule)
}

async fn asked(gateway: &Gateway, ask: Ask) -> (Got, Vec<String>) {
    let got = gateway.ask(ask).await;
    let books = gateway.books(got.call_id()).await;
    (got, books.lines().iter().map(ToString::to_string).collect())
}

/// The comments at the beginning of a stream, and what follows.
fn split(got: &Got) -> (usize, &str) {
    let mut rest = std::str::from_utf8(&got.body).expect("text");
    let mut comments = 0;
    while let Some(after) = rest.strip_prefix(COMMENT) {
        (comments, rest) = (comments + 1, after);
    }
    (comments, rest)
}

#[tokio::test]
async fn comments_come_until_the_answer_does() {
    let slow = gateway(rule(vec![pick("a", "m?ttft=400ms")]));
    let quick = Gateway::chain(&[("a", "m")]);
    for ask in [Ask::chat, Ask::messages] {
        let (got, books) = asked(&slow, ask().streamed()).await;
        let got = got.ok();
        let (comments, answer) = split(&got);
        assert!(comments > 0, "{answer}");
        let plain = quick.ask(ask().streamed()).await.ok();
        assert_eq!(got.said(), plain.said());
        assert!(
            !answer.contains(COMMENT),
            "content comes without a pause: {answer}"
        );
        assert_eq!(books, ["primary a ok 200"]);
    }
}

#[tokio::test]
async fn between_pieces_too() {
    let gateway = gateway(rule(vec![pick("a", "m?chunks=3&pace=300ms")]));
    let (got, _) = asked(&gateway, Ask::chat().streamed()).await;
    let body = String::from_utf8(got.ok().body.to_vec()).expect("text");
    let (_, behind) = body.split_once("data:").expect("data");
    assert!(behind.contains(COMMENT), "{body}");
}

#[tokio::test]
async fn fallback_goes_on_behind_the_comments() {
    let timeouts = Timeouts {
        first_content: Duration::from_millis(200),
        ..Timeouts::default()
    };
    let chain = Rule {
        timeouts,
        ..rule(vec![pick("a", "m?ttft=60s"), pick("b", "m")])
    };
    let (got, books) = asked(&gateway(chain), Ask::chat().streamed()).await;
    let got = got.ok();
    assert!(split(&got).0 > 0);
    assert_eq!(books, ["primary a timeout 200", "fallback b ok 200"]);
}

#[tokio::test]
async fn a_failure_behind_them_is_told_inside_the_stream() {
    let timeouts = Timeouts {
        first_content: Duration::from_millis(200),
        ..Timeouts::default()
    };
    for ask in [Ask::chat, Ask::messages] {
        let only = Rule {
            timeouts,
            ..rule(vec![pick("a", "m?ttft=60s")])
        };
        let (got, books) = asked(&gateway(only), ask().streamed()).await;
        assert_eq!(got.status, 200, "the head was sent before");
        let (comments, answer) = split(&got);
        assert!(comments > 0 && answer.contains("\"error\""), "{answer}");
        assert!(answer.contains("firstContent"), "{answer}");
        assert_eq!(books, ["primary a timeout 200"]);
    }
}

#[tokio::test]
async fn who_does_not_stream_hears_nothing() {
    let gateway = gateway(rule(vec![pick("a", "m?ttft=300ms")]));
    let (got, _) = asked(&gateway, Ask::chat()).await;
    let body = got.ok().body;
    assert!(body.starts_with(b"{"), "{body:?}");
}
