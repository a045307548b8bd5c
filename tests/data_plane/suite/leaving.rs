//! Clients that leave: the provider is cancelled at once, and the ledger has the record.

use std::time::Duration;

use tokio::time::Instant;
use wayleave_sim::{Outcome, RecordedRequest, Sim, SimOptions};
use wayleave_tests::{Client, Format, Front, Gateway, Manifests, on_every_front};

on_every_front!(while_waiting, in_mid_stream, before_a_whole_answer, during_a_race);

const SOON: Duration = Duration::from_secs(20);
/// The promise.
const AT_ONCE: Duration = Duration::from_millis(100);
/// A busy machine may break it now and then, but not by more.
const NEVER_LATER: Duration = Duration::from_secs(2);
/// How often each way of leaving is tried.
const ROUNDS: usize = 5;

/// A model that each round has for itself, so that its books can be found.
fn model(what: &str, round: usize) -> String {
    format!("{what}-{round}")
}

async fn start(front: Front, what: &str, upstream: &str) -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = (0..ROUNDS * 2).fold(Manifests::default().openai("p", &sim), |manifests, round| {
        manifests.to(
            &model(what, round),
            "p",
            &format!("{}?{upstream}", model(what, round)),
        )
    });
    let gateway = Gateway::start(front, &manifests).await;
    (sim, gateway)
}

fn of<'r>(requests: &'r [RecordedRequest], model: &'r str) -> impl Iterator<Item = &'r RecordedRequest> {
    requests
        .iter()
        .filter(move |request| request.model.as_deref() == Some(model))
}

/// Waits until a provider is busy with a call.
async fn asked(sim: &Sim, model: &str) {
    sim.wait_for(|requests| of(requests, model).next().is_some(), SOON)
        .await
        .unwrap();
}

/// How long after `since` all requests for a model had been cancelled.
async fn cancelled(sim: &Sim, model: &str, since: Instant) -> Duration {
    let left = |request: &RecordedRequest| matches!(request.outcome, Outcome::ClientLeft { .. });
    sim.wait_for(|requests| of(requests, model).all(left), SOON)
        .await
        .unwrap();
    let requests = sim.requests();
    let ended = of(&requests, model)
        .filter_map(|request| request.ended)
        .max()
        .unwrap();
    ended.saturating_duration_since(since)
}

async fn check_books(gateway: &Gateway, model: &str) {
    let books = gateway.books_of_model(model).await;
    assert_eq!(books.call.class, "client_left", "{books:?}");
    assert!(!books.attempts.is_empty(), "{books:?}");
    for attempt in &books.attempts {
        assert_eq!(attempt.class, "client_left", "{books:?}");
        assert!(
            attempt.estimated || attempt.usage.is_none(),
            "its usage never came: {books:?}"
        );
    }
}

fn check_times(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    println!("{what}: cancelled after {times:?}");
    assert!(times[times.len() / 2] < AT_ONCE, "{what}: {times:?}");
    assert!(times[times.len() - 1] < NEVER_LATER, "{what}: {times:?}");
}

async fn finish(gateway: Gateway) {
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("wayleave_in_flight", &[]), 0);
    gateway.log.assert_calm();
    gateway.finish().await;
}

async fn while_waiting(front: Front) {
    let (sim, gateway) = start(front, "waiting", "hang=headers").await;
    for (clients, http2) in [(0, false), (1, true)] {
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let model = model("waiting", clients * ROUNDS + round);
            let client = if http2 {
                gateway.http2_client()
            } else {
                gateway.client()
            };
            let format = Format::ALL[round % 2];
            let request = format.request(&model, round % 3 == 0);
            let mut call = Box::pin(client.ask(format, &request));
            tokio::select! {
                answer = &mut call => panic!("no answer was to come: {answer:?}"),
                () = asked(&sim, &model) => {}
            }
            let since = Instant::now();
            drop(call);
            times.push(cancelled(&sim, &model, since).await);
            check_books(&gateway, &model).await;
        }
        check_times(
            if http2 {
                "waiting, HTTP/2"
            } else {
                "waiting, HTTP/1.1"
            },
            times,
        );
    }
    finish(gateway).await;
}

async fn in_mid_stream(front: Front) {
    let (sim, gateway) = start(front, "mid", "chunks=2000&bytes=20000&pace=20ms").await;
    for (clients, http2) in [(0, false), (1, true)] {
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let model = model("mid", clients * ROUNDS + round);
            let client = if http2 {
                gateway.http2_client()
            } else {
                gateway.client()
            };
            let mut stream = client.stream(Format::ALL[round % 2], &model).await;
            assert_eq!(stream.status, 200);
            stream.next().await.unwrap().unwrap();
            let since = Instant::now();
            drop(stream);
            times.push(cancelled(&sim, &model, since).await);
            check_books(&gateway, &model).await;
        }
        check_times(
            if http2 {
                "mid-stream, HTTP/2"
            } else {
                "mid-stream, HTTP/1.1"
            },
            times,
        );
    }
    finish(gateway).await;
}

/// The provider has begun to answer, the client has seen nothing yet.
async fn before_a_whole_answer(front: Front) {
    let (sim, gateway) = start(front, "whole", "hang=mid").await;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let model = model("whole", round);
        let client = gateway.client();
        let request = Format::OpenAi.request(&model, false);
        let mut call = Box::pin(client.ask(Format::OpenAi, &request));
        tokio::select! {
            answer = &mut call => panic!("no answer was to come: {answer:?}"),
            () = asked(&sim, &model) => {}
        }
        let since = Instant::now();
        drop(call);
        times.push(cancelled(&sim, &model, since).await);
        check_books(&gateway, &model).await;
    }
    check_times("before a whole answer", times);
    finish(gateway).await;
}

async fn during_a_race(front: Front) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let mut manifests = Manifests::default().openai("a", &sim).openai("b", &sim);
    for round in 0..ROUNDS {
        let model = model("race", round);
        let lane = |key| format!("{{providerKey: {key}, model: \"{model}?hang=body\"}}");
        manifests = manifests.route(
            &model,
            &format!("steps: [{{race: {{targets: [{}, {}]}}}}]", lane("a"), lane("b")),
        );
    }
    let gateway = Gateway::start(front, &manifests).await;
    let client: Client = gateway.client();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let model = model("race", round);
        let request = Format::Anthropic.request(&model, true);
        let mut call = Box::pin(client.ask(Format::Anthropic, &request));
        let both = sim.wait_for(|requests| of(requests, &model).count() == 2, SOON);
        tokio::select! {
            answer = &mut call => panic!("no answer was to come: {answer:?}"),
            both = both => both.unwrap(),
        }
        let since = Instant::now();
        drop(call);
        times.push(cancelled(&sim, &model, since).await);
        check_books(&gateway, &model).await;
    }
    check_times("both lanes of a race", times);
    finish(gateway).await;
}
