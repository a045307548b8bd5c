//! Clients that leave.

use std::time::Duration;

use super::client::{CHAT, Client, MESSAGES, hello, start};
use http_body_util::BodyExt;
use tokio::time::Instant;
use wayleave_sim::{Outcome, RecordedRequest, Sim};

const SOON: Duration = Duration::from_secs(5);
/// From leaving to being noticed: some milliseconds, and room for a busy machine.
const PROMPT: Duration = Duration::from_millis(250);

fn left(request: &RecordedRequest) -> bool {
    matches!(request.outcome, Outcome::ClientLeft { .. })
}

/// Asserts that the last request is seen as left, promptly.
async fn noticed(sim: &Sim, since: Instant) {
    sim.wait_for(|requests| requests.last().is_some_and(left), SOON)
        .await
        .expect("the client left");
    let ended = sim
        .requests()
        .last()
        .and_then(|request| request.ended)
        .expect("ended");
    assert!(
        ended.saturating_duration_since(since) < PROMPT,
        "{:?}",
        ended - since
    );
    assert_eq!(sim.active(), 0);
}

#[tokio::test]
async fn while_waiting_for_headers() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        for model in ["m?hang=headers", "m?headers-delay=60s"] {
            let seen = sim.requests().len();
            let body = hello(model, true);
            let mut call = Box::pin(client.post(CHAT, &body));
            tokio::select! {
                _ = &mut call => panic!("no answer was to come"),
                ready = sim.wait_for(|requests| requests.len() > seen && requests[seen].model.is_some(), SOON) => {
                    ready.expect("a request");
                }
            }
            assert_eq!(sim.active(), 1);
            let since = Instant::now();
            drop(call);
            noticed(&sim, since).await;
        }
    }
}

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        for (path, model) in [
            (CHAT, "m?hang=mid"),
            (CHAT, "m?chunks=1000&pace=20ms"),
            (CHAT, "m?endless"),
            (CHAT, "m?ttft=60s"),
            (MESSAGES, "m?hang=mid"),
            (MESSAGES, "m?endless&chunk-bytes=1KiB"),
        ] {
            let mut body = client
                .post(path, &hello(model, true))
                .await
                .expect("headers")
                .into_body();
            body.frame().await.expect("an event").expect("no error");
            assert_eq!(sim.active(), 1, "{model}");
            let since = Instant::now();
            drop(body);
            noticed(&sim, since).await;
        }
    }
}

#[tokio::test]
async fn before_an_unstreamed_answer_is_complete() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        for model in ["m?hang=mid", "m?endless", "m?drip"] {
            let mut body = client
                .post(CHAT, &hello(model, false))
                .await
                .expect("headers")
                .into_body();
            body.frame().await.expect("a piece").expect("no error");
            let since = Instant::now();
            drop(body);
            noticed(&sim, since).await;
        }
    }
}

#[tokio::test]
async fn the_time_until_then_is_told() {
    let sim = start();
    let client = Client::h1(&sim);
    let begin = Instant::now();
    let mut body = client
        .post(CHAT, &hello("m?chunks=1000&pace=5ms", true))
        .await
        .expect("headers")
        .into_body();
    for _ in 0..5 {
        body.frame().await.expect("an event").expect("no error");
    }
    drop(body);
    noticed(&sim, Instant::now()).await;
    let Outcome::ClientLeft { after } = sim.requests()[0].outcome else {
        panic!("{:?}", sim.requests())
    };
    assert!(
        after >= Duration::from_millis(10) && after <= begin.elapsed(),
        "{after:?}"
    );
}

#[tokio::test]
async fn a_client_that_never_reads_holds_up_nobody_else() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        let response = client
            .post(CHAT, &hello("m?endless", true))
            .await
            .expect("headers");
        assert_eq!(client.ask(CHAT, "m", true).await.status, 200);
        assert_eq!(sim.active(), 1);
        let since = Instant::now();
        drop(response);
        sim.wait_for(|requests| requests.iter().any(left), SOON)
            .await
            .expect("the client left");
        assert!(since.elapsed() < PROMPT, "{:?}", since.elapsed());
        sim.reset();
    }
}
