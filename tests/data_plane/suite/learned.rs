//! What is learned survives a process that is killed, and is shared by replicas.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Client, Format, Front, Gateway, Manifests, Redis, process, until};

const SOON: Duration = Duration::from_secs(60);

fn manifests(sim: &Sim) -> Manifests {
    Manifests::default()
        .openai("o", sim)
        .to("chat", "o", "m?tokens=9")
}

async fn say(client: &Client, call: &str) -> u16 {
    let body = json!({"call_id": call, "bool": true}).to_string();
    let answer = client.call(Format::OpenAi, "/v1/feedback", &[], body).await;
    answer.status.as_u16()
}

/// How many names a table has.
async fn names(gateway: &Gateway, table: &str) -> i64 {
    let metrics = gateway.metrics().await;
    metrics.count("wayleave_learned_names", &[("table", table)])
}

#[tokio::test]
async fn in_a_folder_it_survives_a_kill() {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--learned", folder.path().to_str().unwrap()];
    let gateway = Gateway::start_with(Front::Envoy, &manifests(&sim), &flags).await;
    let client = gateway.client();
    let answer = client.chat("chat").await;
    assert_eq!(say(&client, answer.id()).await, 202);
    let file = folder.path().join("learned.json");
    until("the file has the score", SOON, async || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        text.contains("\"default/chat any default/o m?tokens=9\":{\"epoch\"")
            .then_some(())
    })
    .await;
    let killed = gateway.data_plane().unwrap();
    process::signal(killed, Signal::KILL);
    until("another data plane knows it", SOON, async || {
        gateway.data_plane().filter(|pid| *pid != killed)?;
        let (status, _) = gateway.try_page("/readyz").await.ok()?;
        (status == 200 && names(&gateway, "scores").await == 1).then_some(())
    })
    .await;
    assert_eq!(names(&gateway, "speeds").await, 1);
    gateway.finish().await;
}

#[tokio::test]
async fn in_redis_replicas_share_it() {
    let Some(redis) = Redis::start(&[]).await else {
        return;
    };
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = manifests(&sim);
    let url = redis.url();
    let flags = ["--learned-redis", &*url];
    let one = Gateway::start_with(Front::Alone, &manifests, &flags).await;
    let two = Gateway::start_with(Front::Alone, &manifests, &flags).await;
    let client = one.client();
    let elsewhere = client.at(two.address);
    until(
        "a replica takes feedback on a call of another",
        SOON,
        async || {
            // What is served before there is a connection is known to its replica only.
            let answer = client.chat("chat").await;
            (say(&elsewhere, answer.id()).await == 202).then_some(())
        },
    )
    .await;
    until("both know all", SOON, async || {
        let mut known = Vec::new();
        for gateway in [&one, &two] {
            known.push((names(gateway, "scores").await, names(gateway, "lengths").await));
        }
        (known == [(1, 2), (1, 2)]).then_some(())
    })
    .await;
    for gateway in [one, two] {
        gateway.log.assert_calm();
        gateway.finish().await;
    }
    let later = Gateway::start_with(Front::Alone, &manifests, &flags).await;
    until("it is taken over from both", SOON, async || {
        let metrics = later.metrics().await;
        (metrics.count("wayleave_learned_taken_over_total", &[]) >= 4).then_some(())
    })
    .await;
    assert_eq!(names(&later, "scores").await, 1);
    later.finish().await;
}
