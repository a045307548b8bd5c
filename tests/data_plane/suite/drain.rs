//! SIGTERM: calls in flight end, new ones get 503, and then it is over.

use std::time::Duration;

use tokio::net::TcpStream;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, Manifests, on_every_front, process, until};

on_every_front!(
    calls_in_flight_end_and_new_ones_get_503,
    calls_that_never_end_are_broken_off
);

const SOON: Duration = Duration::from_secs(20);

async fn start(front: Front, flags: &[&str]) -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default()
        .openai("p", &sim)
        .to("chat", "p", "m")
        .to("late", "p", "m?ttft=3s")
        .to("slow", "p", "m?chunks=60&bytes=600&pace=50ms")
        .to("never", "p", "m?hang=mid");
    let gateway = Gateway::start_with(front, &manifests, flags).await;
    (sim, gateway)
}

async fn calls_in_flight_end_and_new_ones_get_503(front: Front) {
    let (sim, mut gateway) = start(front, &[]).await;
    let client = gateway.client();
    let mut streams = Vec::new();
    for format in Format::ALL {
        let mut stream = client.stream(format, "slow").await;
        stream.next().await.unwrap().unwrap();
        streams.push((format, stream));
    }
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.chat("late").await }
    });
    sim.wait_for(|requests| requests.len() == 3, SOON).await.unwrap();
    let children: Vec<u32> = gateway.data_plane().into_iter().chain(gateway.envoy()).collect();

    gateway.terminate();
    // New calls come on new connections, as from any balancer that has not noticed yet.
    for format in Format::ALL {
        let refused = until("a 503 for a new call", SOON, async || {
            let answer = gateway.client().ask(format, &format.request("chat", false)).await;
            (answer.status != 200).then_some(answer)
        })
        .await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        format.error_message(&refused.json());
    }
    let (status, _) = gateway
        .try_page("/readyz")
        .await
        .expect("the admin pages are there until the end");
    assert_eq!(status, 503);

    for (format, stream) in streams {
        let answer = client.read(stream).await;
        let ends = answer.events().iter().any(|event| format.is_end(event));
        assert!(
            answer.complete && ends,
            "a stream that was cut short: {}",
            answer.text()
        );
    }
    let late = waiting.await.unwrap();
    assert_eq!(late.status, 200, "{}", late.text());
    assert_eq!(gateway.ended().await.code(), Some(0));
    gateway.log.assert_calm();
    gateway.search().await;
    assert!(
        children.iter().all(|pid| !process::lives(*pid)),
        "something was left behind"
    );
    assert!(
        TcpStream::connect(gateway.address).await.is_err(),
        "somebody still listens"
    );
    let ended = gateway
        .ledger_file()
        .iter()
        .filter(|record| matches!(record, wayleave_tests::ledger::Record::Call(_)))
        .count();
    assert!(ended >= 3, "the ledger has {ended} calls");
}

async fn calls_that_never_end_are_broken_off(front: Front) {
    let (sim, mut gateway) = start(front, &["--drain-timeout", "500ms"]).await;
    let mut stream = gateway.client().stream(Format::OpenAi, "never").await;
    stream.next().await.unwrap().unwrap();
    gateway.terminate();
    let answer = stream.read().await;
    let ends = answer.events().iter().any(|event| Format::OpenAi.is_end(event));
    assert!(!ends, "a false end: {}", answer.text());
    assert_eq!(gateway.ended().await.code(), Some(0));
    sim.wait_for(
        |requests| requests.iter().all(|request| request.ended.is_some()),
        SOON,
    )
    .await
    .unwrap();
    gateway.search().await;
}
