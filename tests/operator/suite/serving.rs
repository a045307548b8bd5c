//! From `kubectl apply` to a call that is served, and back to what the status says.

use std::path::Path;

use serde_json::Value;
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Cluster, Site, until};

use super::support::{SOON, fails, serves, sim, site};

#[tokio::test]
async fn what_is_applied_is_served_and_says_on_how_many_data_planes() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let first = site.plane(&[&operator]).await;
    site.ready("providerkey", "openai", 1).await;
    site.ready("llmroute", "chat", 1).await;
    serves(&first, "chat", "upstream").await;

    let second = site.plane(&[&operator]).await;
    site.ready("llmroute", "chat", 2).await;
    serves(&second, "chat", "upstream").await;

    // An edit: a new generation, acknowledged by both.
    site.apply_yaml(&route("chat", &one_target("openai", "other")))
        .await;
    let object = site.ready("llmroute", "chat", 2).await;
    assert_eq!(object.0["metadata"]["generation"], 2);
    for plane in [&first, &second] {
        serves(plane, "chat", "other").await;
    }

    first.daemon.finish().await;
    site.ready("llmroute", "chat", 1).await;
    second.daemon.finish().await;
    operator.daemon.finish().await;
}

#[tokio::test]
async fn a_deleted_route_is_gone_and_takes_nothing_along() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    site.apply_yaml(&route("other", &one_target("openai", "other")))
        .await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    serves(&plane, "chat", "upstream").await;
    site.delete("llmroute", "chat").await;
    fails(&plane, "chat", "404").await;
    serves(&plane, "other", "other").await;
}

#[tokio::test]
async fn every_example_gets_ready() {
    let site = Site::new(Cluster::shared().await).await;
    let operator = site.operator().await;
    let _plane = site.plane(&[&operator]).await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut applied = 0;
    for folder in std::fs::read_dir(examples).expect("examples") {
        let folder = folder.expect("readable").path();
        let is_example = folder.is_dir()
            && folder
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('0'));
        if !is_example {
            continue;
        }
        let arguments = [
            "apply",
            "--namespace",
            &site.team,
            "--filename",
            &folder.to_string_lossy(),
        ];
        site.cluster.kubectl(&arguments).await;
        for (kind, name) in objects(&site).await {
            site.ready(&kind, &name, 1).await;
        }
        let arguments = [
            "delete",
            "--namespace",
            &site.team,
            "--filename",
            &folder.to_string_lossy(),
        ];
        site.cluster.kubectl(&arguments).await;
        applied += 1;
    }
    assert!(applied >= 5, "{applied} examples");
}

#[tokio::test]
async fn a_change_of_readiness_is_an_event() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let _plane = site.plane(&[&operator]).await;
    site.ready("llmroute", "chat", 1).await;
    told(&site, "Normal", "Ready", "1/1 data plane").await;
    site.apply_yaml(&route("chat", &one_target("nobody", "m"))).await;
    told(&site, "Warning", "ProviderKeyNotFound", "does not exist").await;
}

/// Waits for an event of the route `chat`.
async fn told(site: &Site<'_>, kind: &str, reason: &str, note: &str) {
    until(&format!("an event {kind} {reason}"), SOON, async || {
        let arguments = [
            "get",
            "events.events.k8s.io",
            "--namespace",
            &site.team,
            "--output=json",
        ];
        let list: Value = serde_json::from_str(&site.cluster.kubectl(&arguments).await).expect("JSON");
        let events = list["items"].as_array().expect("a list");
        let found = events.iter().any(|event| {
            event["regarding"]["name"] == "chat"
                && event["type"] == kind
                && event["reason"] == reason
                && event["note"].as_str().is_some_and(|text| text.contains(note))
        });
        found.then_some(())
    })
    .await;
}

async fn objects(site: &Site<'_>) -> Vec<(String, String)> {
    let arguments = ["get", "wayleave", "--namespace", &site.team, "--output=name"];
    let text = site.cluster.kubectl(&arguments).await;
    text.lines()
        .filter_map(|line| line.split_once('/'))
        .map(|(kind, name)| (kind.to_owned(), name.to_owned()))
        .collect()
}
