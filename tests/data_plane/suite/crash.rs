//! The data plane is killed under load.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Answer, Client, Format, Front, Gateway, HEAVY, Manifests, process, until};

const SOON: Duration = Duration::from_secs(30);
const CLIENTS: usize = 8;

/// Calls one after the other until told to stop.
async fn load(client: Client, stop: Arc<AtomicBool>) -> Vec<Result<Answer, String>> {
    let mut answers = Vec::new();
    let format = Format::OpenAi;
    while !stop.load(Ordering::Relaxed) {
        let body = format.request("chat", false).to_string();
        let answer = match client.post(format, format.path(), &[], body).await {
            Ok(streaming) => Ok(client.read(streaming).await),
            Err(error) => Err(format!("{error:#}")),
        };
        answers.push(answer);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    answers
}

async fn start(front: Front) -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default()
        .openai("p", &sim)
        .to("chat", "p", "m?tokens=30&ttft=20ms");
    let gateway = Gateway::start(front, &manifests).await;
    (sim, gateway)
}

/// Kills the data plane, and waits until another serves.
async fn kill(gateway: &Gateway) {
    let killed = gateway.data_plane().unwrap();
    process::signal(killed, Signal::KILL);
    until("another data plane that serves", SOON, async || {
        let other = gateway.data_plane().is_some_and(|pid| pid != killed);
        let client = gateway.client();
        let body = Format::OpenAi.request("chat", false).to_string();
        let head = client
            .post(Format::OpenAi, Format::OpenAi.path(), &[], body)
            .await
            .ok()?;
        (other && head.status == 200).then_some(())
    })
    .await;
}

/// With Envoy in front nobody sees more than a 503, and nobody a 200 that the gateway did not make.
#[tokio::test]
async fn calls_get_503_and_it_recovers() {
    let _alone = HEAVY.lock().await;
    let (_sim, gateway) = start(Front::Envoy).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(load(gateway.client(), Arc::clone(&stop)));
    }
    for _ in 0..2 {
        kill(&gateway).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for answer in clients.join_all().await.into_iter().flatten() {
        let answer = answer.expect("Envoy always answers");
        *statuses.entry(answer.status.as_u16()).or_default() += 1;
        match answer.status.as_u16() {
            200 => {
                assert!(
                    answer.complete && answer.said(Format::OpenAi).len() > 50,
                    "a 200 that is none: {answer:?}"
                );
                assert!(!answer.id().is_empty());
            }
            503 => {
                Format::OpenAi.error_message(&answer.json());
            }
            status => panic!("{status}: {}", answer.text()),
        }
    }
    println!("killed twice under load: {statuses:?}");
    assert!(statuses[&200] > 0 && statuses[&503] > 0, "{statuses:?}");
    gateway.finish().await;
}

/// A stream in flight is cut, never ended as if it were whole.
#[tokio::test]
async fn a_stream_in_flight_is_cut() {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default().openai("p", &sim).to("chat", "p", "m").to(
        "slow",
        "p",
        "s?chunks=1000&bytes=4KiB&pace=50ms",
    );
    let gateway = Gateway::start(Front::Envoy, &manifests).await;
    for format in Format::ALL {
        let mut stream = gateway.client().stream(format, "slow").await;
        assert_eq!(stream.status, 200);
        stream.next().await.unwrap().unwrap();
        kill(&gateway).await;
        let answer = stream.read().await;
        let ends = answer.events().iter().any(|event| format.is_end(event));
        assert!(!answer.complete && !ends, "{answer:?}");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn it_recovers_without_envoy_too() {
    let (_sim, gateway) = start(Front::Alone).await;
    let (address, admin) = (gateway.address, gateway.admin);
    kill(&gateway).await;
    assert_eq!((gateway.address, gateway.admin), (address, admin));
    assert_eq!(gateway.client().chat("chat").await.status, 200);
    gateway.finish().await;
}

/// Envoy itself is started again too, at the same address.
#[tokio::test]
async fn envoy_is_started_again() {
    let (_sim, gateway) = start(Front::Envoy).await;
    let killed = gateway.envoy().unwrap();
    process::signal(killed, Signal::KILL);
    until("a call that is served again", SOON, async || {
        let body = Format::OpenAi.request("chat", false).to_string();
        let head = gateway
            .client()
            .post(Format::OpenAi, Format::OpenAi.path(), &[], body)
            .await
            .ok()?;
        (head.status == 200).then_some(())
    })
    .await;
    assert_ne!(gateway.envoy(), Some(killed));
    gateway.finish().await;
}

/// A supervisor that is killed takes both with it.
#[tokio::test]
async fn nothing_outlives_the_supervisor() {
    let (_sim, mut gateway) = start(Front::Envoy).await;
    let children = [gateway.data_plane().unwrap(), gateway.envoy().unwrap()];
    process::signal(gateway.pid(), Signal::KILL);
    gateway.ended().await;
    until("the end of both children", SOON, async || {
        children.iter().all(|pid| !process::lives(*pid)).then_some(())
    })
    .await;
    gateway.search().await;
}
