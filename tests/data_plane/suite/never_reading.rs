//! Clients that never read, with providers that never end: memory stays bounded, and others are served meanwhile.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use wayleave_sim::{Outcome, Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, HEAVY, Manifests, on_every_front, raw, until};

on_every_front!(memory_stays_bounded);

const MIB: u64 = 1 << 20;
/// The most of one answer, as set here.
const ANSWER: u64 = 16 * MIB;
const CLIENTS: u64 = 6;
/// What the allocators, the programs and the calls of others may take besides.
const BESIDES: u64 = 80 * MIB;
/// Memory that does not grow for so long has found its bound.
const STEADY: Duration = Duration::from_millis(1_500);
const LONG: Duration = Duration::from_secs(60);

async fn start(front: Front, flags: &[&str]) -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default().openai("p", &sim).to("chat", "p", "m").to(
        "endless",
        "p",
        "endless?endless&chunk-bytes=4KiB",
    );
    let gateway = Gateway::start_with(front, &manifests, flags).await;
    (sim, gateway)
}

/// Clients that ask for an endless stream and never read.
async fn never_readers(gateway: &Gateway, count: u64) -> Vec<TcpStream> {
    let format = Format::OpenAi;
    let body = format.request("endless", true).to_string();
    let request = raw::post(format.path(), &[("content-type", "application/json")], &body);
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(raw::send(gateway.address, &request).await);
    }
    clients
}

/// Bytes that the provider's answers have had so far do not show from outside; memory does.
async fn steady(gateway: &Gateway) -> (u64, u64) {
    let peaks = || {
        let (ours, envoy) = gateway.memory();
        (ours.peak, envoy.map_or(0, |envoy| envoy.peak))
    };
    let mut seen = peaks();
    let mut since = Instant::now();
    until("memory that stays as it is", LONG, async || {
        if peaks() != seen {
            (seen, since) = (peaks(), Instant::now());
        }
        (since.elapsed() >= STEADY).then_some(())
    })
    .await;
    seen
}

async fn memory_stays_bounded(front: Front) {
    let _alone = HEAVY.lock().await;
    let (sim, gateway) = start(front, &["--max-answer-bytes", "16Mi"]).await;
    assert_eq!(gateway.client().chat("chat").await.status, 200);
    let (ours, envoy) = gateway.memory();
    let (ours, envoy) = (ours.peak, envoy.map_or(0, |envoy| envoy.peak));
    let clients = never_readers(&gateway, CLIENTS).await;
    let all = |requests: &[wayleave_sim::RecordedRequest]| {
        let endless = requests
            .iter()
            .filter(|request| request.model.as_deref() == Some("endless"));
        endless.count() as u64 == CLIENTS
    };
    sim.wait_for(all, LONG).await.unwrap();
    // Others are served while memory finds its bound, and after.
    for _ in 0..20 {
        assert_eq!(gateway.client().chat("chat").await.status, 200);
    }
    let (ours_after, envoy_after) = steady(&gateway).await;
    for _ in 0..20 {
        assert_eq!(gateway.client().chat("chat").await.status, 200);
    }
    let grown = (ours_after - ours, envoy_after - envoy);
    println!(
        "{front:?}: {CLIENTS} clients that never read an endless stream, at most 16 MiB each: ours grew by {} MiB to \
         {} MiB, Envoy by {} MiB to {} MiB",
        grown.0 / MIB,
        ours_after / MIB,
        grown.1 / MIB,
        envoy_after / MIB
    );
    // Envoy holds what it was given, twice at worst: as it came and as it goes. We hold little in any case.
    assert!(grown.0 < BESIDES, "ours grew by {} MiB", grown.0 / MIB);
    assert!(
        grown.1 < 2 * CLIENTS * ANSWER + BESIDES,
        "Envoy grew by {} MiB",
        grown.1 / MIB
    );
    if front != Front::Envoy {
        // Not cut: the provider waits for the clients.
        assert_eq!(sim.active() as u64, CLIENTS);
    }
    drop(clients);
    sim.wait_for(over, LONG).await.unwrap();
    gateway.log.assert_calm();
    gateway.finish().await;
}

/// Wave after wave of them, each taking what one answer may have: once its heap is full Envoy takes no more calls.
#[tokio::test]
async fn envoys_heap_has_a_limit() {
    const HEAP: u64 = 192 * MIB;
    let _alone = HEAVY.lock().await;
    let (sim, gateway) = start(
        Front::Envoy,
        &["--envoy-max-heap", "192Mi", "--max-answer-bytes", "16Mi"],
    )
    .await;
    assert_eq!(gateway.client().chat("chat").await.status, 200);
    let mut clients = Vec::new();
    let refusal = loop {
        assert!(clients.len() < 100, "it takes ever more");
        clients.extend(never_readers(&gateway, CLIENTS).await);
        let refused = until("the end of a wave, or a refusal", LONG, async || {
            let answer = gateway.client().chat("chat").await;
            let refused = (answer.status != 200).then_some(answer);
            let requests = sim.requests();
            let came = requests
                .iter()
                .filter(|request| request.model.as_deref() == Some("endless"))
                .count();
            (refused.is_some() || (came == clients.len() && over(&requests))).then_some(refused)
        });
        if let Some(answer) = refused.await {
            break answer;
        }
    };
    assert_eq!(refusal.status, 503);
    Format::OpenAi.error_message(&refusal.json());
    assert_eq!(
        refusal.json()["error"]["code"],
        "gateway_unavailable",
        "it is Envoy that refuses"
    );
    let (_, envoy) = steady(&gateway).await;
    println!(
        "{} clients that never read 16 MiB each: Envoy, told to take 192 MiB, took {} MiB at most",
        clients.len(),
        envoy / MIB
    );
    // The wave that fills it is let in whole.
    assert!(
        envoy < HEAP + 2 * CLIENTS * ANSWER + BESIDES,
        "Envoy took {} MiB",
        envoy / MIB
    );
    drop(clients);
    until("a call that is served again", LONG, async || {
        (gateway.client().chat("chat").await.status == 200).then_some(())
    })
    .await;
    gateway.log.assert_no_panic();
    gateway.finish().await;
}

fn over(requests: &[wayleave_sim::RecordedRequest]) -> bool {
    requests.iter().all(|request| request.outcome != Outcome::Running)
}
