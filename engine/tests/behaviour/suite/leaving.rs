//! Clients that leave: the providers are let go at once, and the books have it.

use std::time::Duration;

use tokio::time::Instant;
use wayleave_core::snapshot::{Retry, Rule};
use wayleave_engine::call::{Body, Piece, Pieces};
use wayleave_sim::{Outcome, RecordedRequest};

use super::support::{Ask, Books, Gateway, Key, SOON, eventually, pick, race, rule};

/// From leaving to the provider's noticing.
const PROMPT: Duration = Duration::from_millis(100);

/// Asserts that all requests that ran were left, promptly, and gives the books.
async fn left(gateway: &Gateway, since: Instant) -> Books {
    let all_over = |requests: &[RecordedRequest]| requests.iter().all(|request| request.ended.is_some());
    gateway.sim.wait_for(all_over, SOON).await.expect("all over");
    for request in gateway.sim.requests() {
        if let Outcome::ClientLeft { .. } = request.outcome {
            let after = request.ended.expect("ended").saturating_duration_since(since);
            assert!(after < PROMPT, "{after:?}");
        }
    }
    let books = gateway.only_books().await;
    eventually("no call in flight", || gateway.engine.in_flight() == 0).await;
    assert_eq!(gateway.metric("wayleave_in_flight"), 0);
    assert_eq!(gateway.metric_of("wayleave_calls_total", "client_left"), 1);
    books
}

/// Asks, leaves once so many requests have reached the simulator, and gives the books.
async fn leave_while_waiting(gateway: &Gateway, ask: Ask, requests: usize) -> Books {
    let mut call = Box::pin(gateway.answer(ask));
    tokio::select! {
        answer = &mut call => panic!("no answer was to come: {answer:?}"),
        () = gateway.asked(requests) => {}
    }
    let since = Instant::now();
    drop(call);
    left(gateway, since).await
}

#[tokio::test]
async fn while_waiting_for_the_head() {
    for ask in [
        Ask::chat(),
        Ask::chat().streamed(),
        Ask::messages(),
        Ask::messages().streamed(),
    ] {
        let gateway = Gateway::chain(&[("a", "m?hang=headers"), ("b", "m")]);
        let books = leave_while_waiting(&gateway, ask, 1).await;
        assert_eq!(books.lines(), ["primary a client_left -"]);
        assert_eq!(books.end(), "client_left null");
        // The provider may bill what it was sent.
        assert_eq!(
            (
                &books.attempts[0]["estimated"],
                &books.attempts[0]["usage"]["output"]
            ),
            (&true.into(), &0.into())
        );
        assert!(gateway.sent_to("b").is_empty());
    }
}

#[tokio::test]
async fn while_waiting_for_content() {
    for (ask, model) in [
        (Ask::chat().streamed(), "m?ttft=60s"),
        (Ask::chat(), "m?hang=mid"),
    ] {
        let gateway = Gateway::chain(&[("a", model), ("b", "m")]);
        let books = leave_while_waiting(&gateway, ask, 1).await;
        let line = &books.lines()[0];
        assert!(line.starts_with("primary a client_left"), "{line}");
        assert_eq!(books.attempts.len(), 1);
    }
}

#[tokio::test]
async fn while_waiting_to_try_again() {
    let patient = Rule {
        retry: Retry {
            attempts: 3,
            backoff: Duration::from_secs(60),
            max_backoff: Duration::from_secs(60),
        },
        ..rule(vec![pick("a", "m?status=500")])
    };
    let gateway = Gateway::start(&[Key::new("a")], patient);
    let mut call = Box::pin(gateway.answer(Ask::chat()));
    let settled = eventually("the first attempt's record", || {
        !gateway.engine.ledger(None, 10).is_empty()
    });
    tokio::select! {
        answer = &mut call => panic!("no answer was to come: {answer:?}"),
        () = settled => {}
    }
    let since = Instant::now();
    drop(call);
    let books = left(&gateway, since).await;
    assert_eq!(books.lines(), ["primary a server_error 500"]);
    assert_eq!(books.end(), "client_left null");
}

#[tokio::test]
async fn in_a_race_every_lane_is_let_go() {
    let gateway = Gateway::step(&["a", "b"], race(&[("a", "m?hang=headers"), ("b", "m?ttft=60s")]));
    let books = leave_while_waiting(&gateway, Ask::chat().streamed(), 2).await;
    let lines = books.lines();
    assert!(lines[0].starts_with("race-loser a client_left"), "{lines:?}");
    assert!(lines[1].starts_with("race-loser b client_left"), "{lines:?}");
}

/// Asks, reads the first piece, and leaves.
async fn leave_in_mid_stream(gateway: &Gateway, ask: Ask) -> Books {
    let answer = gateway.answer(ask).await;
    let Body::Stream(mut pieces) = answer.body else {
        panic!("not streamed");
    };
    first_bytes(&mut pieces).await;
    let since = Instant::now();
    drop(pieces);
    left(gateway, since).await
}

async fn first_bytes(pieces: &mut Pieces) {
    let first = tokio::time::timeout(SOON, pieces.recv()).await.expect("soon");
    assert!(matches!(first, Some(Piece::Bytes(_))), "{first:?}");
}

#[tokio::test]
async fn in_mid_stream() {
    for ask in [Ask::chat().streamed(), Ask::messages().streamed()] {
        for model in ["m?hang=mid&chunks=8", "m?chunks=1000&pace=20ms"] {
            let gateway = Gateway::chain(&[("a", model), ("b", "m")]);
            let books = leave_in_mid_stream(&gateway, ask.clone()).await;
            assert_eq!(books.lines(), ["primary a client_left 200"], "{model}");
            assert_eq!(books.end(), "client_left 200");
            assert_eq!(books.attempts[0]["estimated"], true);
            assert!(
                books.attempts[0]["usage"]["output"].as_u64() > Some(0),
                "{books:?}"
            );
        }
    }
}

#[tokio::test]
async fn in_mid_stream_of_a_provider_that_never_pauses() {
    let gateway = Gateway::chain(&[("a", "m?endless&chunk-bytes=1KiB")]);
    let books = leave_in_mid_stream(&gateway, Ask::chat().streamed()).await;
    assert_eq!(books.lines(), ["primary a client_left 200"]);
}

#[tokio::test]
async fn a_client_that_left_does_not_feed_the_breaker() {
    let gateway = Gateway::chain(&[("a", "m?hang=headers"), ("b", "m")]);
    for count in 1..=6 {
        let mut call = Box::pin(gateway.answer(Ask::chat()));
        tokio::select! {
            answer = &mut call => panic!("no answer was to come: {answer:?}"),
            () = gateway.asked(count) => {}
        }
        drop(call);
        eventually("it landed", || gateway.engine.in_flight() == 0).await;
    }
    assert_eq!(gateway.sent_to("a").len(), 6, "never passed over");
}
