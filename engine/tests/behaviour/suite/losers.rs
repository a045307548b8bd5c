//! What becomes of the lanes that lost, and what they cost.

use std::time::Duration;

use tokio::time::Instant;
use wayleave_core::snapshot::{Accept, Losers, Step};
use wayleave_sim::{Outcome, RecordedRequest};

use super::support::{Ask, Books, Gateway, Got, Key, SOON, eventually, rule, target};

/// A winner at 1 and 2 dollars, and a loser of this vendor at 10 and 20.
fn gateway(vendor: &str, loser: &str, losers: Losers) -> Gateway {
    let step = Step::Race {
        targets: vec![target("winner", "w?ttft=50ms"), target("loser", loser)],
        stagger: Duration::ZERO,
        accept: Accept {
            min_characters: 20,
            ..Accept::default()
        },
        losers,
    };
    let keys = [
        Key::new("winner"),
        Key::new("loser").vendor(vendor).price("10", "20"),
    ];
    Gateway::start(&keys, rule(vec![step]))
}

async fn asked(gateway: &Gateway, ask: Ask) -> (Got, Books) {
    let got = gateway.ask(ask).await;
    let books = gateway.books(got.call_id()).await;
    (got, books)
}

async fn end_of_loser(gateway: &Gateway) -> Outcome {
    let over = |requests: &[RecordedRequest]| {
        requests
            .iter()
            .any(|request| request.path.starts_with("/loser/") && request.ended.is_some())
    };
    gateway.sim.wait_for(over, SOON).await.expect("the loser's end");
    gateway.sent_to("loser")[0].outcome
}

#[tokio::test]
async fn an_aborted_loser_is_estimated_at_its_own_model_and_cancelled_at_once() {
    let gateway = gateway("Custom", "l?ttft=60s", Losers::Auto);
    let (got, books) = asked(&gateway, Ask::chat().streamed_with_usage()).await;
    let answered = Instant::now();
    let got = got.ok();
    assert_eq!(books.lines()[0], "race-winner winner ok 200");
    let loser = &books.attempts[1];
    assert_eq!(loser["class"], "lost_race");
    assert_eq!(
        (&loser["model_asked"], &loser["estimated"]),
        (&"l?ttft=60s".into(), &true.into())
    );
    assert_eq!(loser["cost_source"], "estimate");
    let input = loser["usage"]["input"].as_i64().expect("a count");
    assert!(input > 0 && loser["usage"]["output"] == 0, "{loser}");
    assert_eq!(books.ticks(), [Some(got.price(1, 2)), Some(input * 10 * 10_000)]);
    assert!(matches!(end_of_loser(&gateway).await, Outcome::ClientLeft { .. }));
    let ended = gateway.sent_to("loser")[0].ended.expect("ended");
    assert!(ended.saturating_duration_since(answered) < Duration::from_millis(100));
}

#[tokio::test]
async fn an_aborted_loser_is_charged_for_what_it_said() {
    let gateway = gateway("Custom", "l?bytes=400&chunk-bytes=5&pace=60s", Losers::Auto);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    got.ok();
    let loser = &books.attempts[1];
    assert_eq!(
        (&loser["class"], &loser["estimated"]),
        (&"lost_race".into(), &true.into())
    );
    // Five characters at four a token.
    assert_eq!(loser["usage"]["output"], 2);
    let input = loser["usage"]["input"].as_i64().expect("a count");
    assert_eq!(books.ticks()[1], Some((input * 10 + 2 * 20) * 10_000));
}

fn is_exact(books: &Books, output: i64) {
    let loser = &books.attempts[1];
    assert_eq!(
        (&loser["class"], &loser["estimated"]),
        (&"lost_race".into(), &false.into()),
        "{loser}"
    );
    assert_eq!(
        (&loser["cost_source"], &loser["role"]),
        (&"table".into(), &"race-loser".into())
    );
    assert_eq!(loser["model_served"], "l");
    assert_eq!(loser["usage"]["output"], output);
    let input = loser["usage"]["input"].as_i64().expect("a count");
    assert_eq!(books.ticks()[1], Some((input * 10 + output * 20) * 10_000));
}

#[tokio::test]
async fn a_drained_losers_usage_is_exact() {
    // Abort does not stop the bill at Groq. The winner is known before the loser's headers, between them and its first
    // content, and in its midst.
    for loser in [
        "l?headers-delay=300ms&tokens=33",
        "l?ttft=300ms&tokens=33",
        "l?tokens=33&chunk-bytes=8&pace=30ms",
    ] {
        let gateway = gateway("Groq", loser, Losers::Auto);
        let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
        got.ok();
        is_exact(&books, 33);
        assert_eq!(end_of_loser(&gateway).await, Outcome::Answered, "{loser}");
    }
    let gateway = gateway("Groq", "l?ttft=300ms&tokens=33", Losers::Auto);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    is_exact(&books, 33);
}

#[tokio::test]
async fn the_client_does_not_wait_for_a_drained_loser() {
    let gateway = gateway("Groq", "l?ttft=3s&tokens=33", Losers::Auto);
    let started = Instant::now();
    let got = gateway.ask(Ask::chat().streamed()).await.ok();
    assert!(
        started.elapsed() < Duration::from_millis(2500),
        "{:?}",
        started.elapsed()
    );
    // What is drained is still open: the call's own record waits for it.
    let records = gateway.engine.ledger(Some(got.call_id()), 10);
    assert_eq!(records.len(), 1, "{records:?}");
    is_exact(&gateway.books(got.call_id()).await, 33);
}

#[tokio::test]
async fn where_only_streams_stop_the_bill_the_rest_is_drained() {
    let gateway_of = || gateway("OpenAI", "l?ttft=300ms&tokens=33", Losers::Auto);
    let streamed = gateway_of();
    let (got, books) = asked(&streamed, Ask::chat().streamed()).await;
    got.ok();
    assert_eq!(books.attempts[1]["estimated"], true);
    assert!(matches!(
        end_of_loser(&streamed).await,
        Outcome::ClientLeft { .. }
    ));
    let whole = gateway_of();
    let (got, books) = asked(&whole, Ask::chat()).await;
    got.ok();
    is_exact(&books, 33);
}

#[tokio::test]
async fn the_route_may_have_all_losers_aborted_or_drained() {
    let aborted = gateway("Groq", "l?ttft=300ms&tokens=33", Losers::Abort);
    let (got, books) = asked(&aborted, Ask::chat().streamed()).await;
    got.ok();
    assert_eq!(books.attempts[1]["estimated"], true);
    let drained = gateway("Custom", "l?ttft=300ms&tokens=33", Losers::Drain);
    let (got, books) = asked(&drained, Ask::chat().streamed()).await;
    got.ok();
    is_exact(&books, 33);
}

#[tokio::test]
async fn a_loser_that_fails_while_it_is_drained_has_lost_all_the_same() {
    let gateway = gateway("Groq", "l?fault=error-frame&ttft=200ms", Losers::Auto);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    got.ok();
    assert_eq!(books.lines()[1], "race-loser loser lost_race 200");
    assert_eq!(books.ticks()[1], Some(0), "an error is not billed");
}

#[tokio::test]
async fn the_engine_stops_draining_when_it_is_drained_itself() {
    let gateway = gateway("Groq", "l?ttft=60s&tokens=33", Losers::Auto);
    let got = gateway.ask(Ask::chat().streamed()).await.ok();
    gateway.engine.drain();
    tokio::time::timeout(SOON, gateway.engine.drained())
        .await
        .expect("drained");
    // All is written by then.
    let books = Books::read(gateway.engine.ledger(Some(got.call_id()), 10)).expect("the call's record");
    assert_eq!(books.attempts[1]["estimated"], true);
    eventually("the loser is left", || gateway.sim.active() == 0).await;
}
