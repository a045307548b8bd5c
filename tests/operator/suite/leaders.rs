//! Operators that come and go: data planes go on, statuses stay still.

use serde_json::Value;
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Cluster, Operator, Plane, Site, until};

use super::support::{Load, SOON, fails, serves, sim, site};

/// Everything that the team's objects say, and when it began.
async fn statuses(site: &Site<'_>) -> Vec<Value> {
    let arguments = ["get", "wayleave", "--namespace", &site.team, "--output=json"];
    let text = site.cluster.kubectl(&arguments).await;
    let list: Value = serde_json::from_str(&text).expect("JSON");
    let items = list["items"].as_array().expect("a list").iter();
    items
        .map(|item| serde_json::json!({"name": item["metadata"]["name"], "status": item["status"]}))
        .collect()
}

/// The resource versions of the team's objects: any write changes them.
async fn versions(site: &Site<'_>) -> String {
    let path = "--output=jsonpath={.items[*].metadata.resourceVersion}";
    let arguments = ["get", "wayleave", "--namespace", &site.team, path];
    site.cluster.kubectl(&arguments).await
}

#[tokio::test]
async fn the_next_leader_takes_over_without_a_flap() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let first = site.operator().await;
    first.leads().await;
    let second = site.operator().await;
    let plane = site.plane(&[&first, &second]).await;
    site.ready("llmroute", "chat", 1).await;
    site.ready("providerkey", "openai", 1).await;
    let (before, written) = (statuses(&site).await, versions(&site).await);
    let load = Load::start(&plane, "chat");

    // Killed: its lease runs out.
    let place = first.config.to_string();
    first.daemon.kill().await;
    second.leads().await;
    connected(&second).await;
    load.more(50).await;
    assert_eq!(statuses(&site).await, before);
    assert_eq!(versions(&site).await, written, "a status was written anew");

    // The new leader acts.
    site.apply_yaml(&route("chat", &one_target("openai", "other")))
        .await;
    site.ready("llmroute", "chat", 1).await;
    serves(&plane, "chat", "other").await;

    // Ended in order: the lease is given back.
    let third = Operator::start_at(&site, &place, &[]).await;
    let written = versions(&site).await;
    second.daemon.finish().await;
    third.leads().await;
    connected(&third).await;
    load.more(50).await;
    assert_eq!(versions(&site).await, written, "a status was written anew");
    load.end().await;
}

/// Waits until the operator counts a data plane that serves.
async fn connected(operator: &Operator) {
    until("a data plane has found the leader", SOON, async || {
        let serving = [("state", "serving")];
        let serving = operator
            .metrics()
            .await
            .count("wayleave_operator_data_planes", &serving);
        (serving == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_data_plane_that_starts_alone_says_why_it_is_not_ready() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    operator.leads().await;
    // It needs the certificates that the operator has made.
    let plane = site.plane(&[&operator]).await;
    let address = operator.config.to_string();
    operator.daemon.finish().await;

    // One that has been served goes on.
    let load = Load::start(&plane, "chat");
    let late = Plane::start_knowing(&site, &[&address], &[]).await;
    until("it says that nobody answers", SOON, async || {
        let (status, text) = late.daemon.page("/readyz").await;
        (status == 503 && text.contains("no configuration yet") && text.contains("localhost")).then_some(())
    })
    .await;
    load.more(20).await;

    let _again = Operator::start_at(&site, &address, &[]).await;
    late.ready().await;
    serves(&late, "chat", "upstream").await;
    site.ready("llmroute", "chat", 2).await;
    load.end().await;
}

/// An upgrade of the operator while an object is broken: the new one has never seen the version that was good.
#[tokio::test]
async fn a_new_operator_leaves_data_planes_what_was_good() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let place = operator.config.to_string();
    let plane = site.plane(&[&operator]).await;
    site.ready("llmroute", "chat", 1).await;
    let load = Load::start(&plane, "chat");
    let broken = format!("when: request.nope(\n{}", one_target("openai", "other"));
    site.apply_yaml(&route("chat", &broken)).await;
    site.says("llmroute", "chat", "Programmed", "False", "LastGoodInForce")
        .await;

    operator.daemon.finish().await;
    let again = Operator::start_at(&site, &place, &[]).await;
    again.leads().await;
    connected(&again).await;
    site.says("llmroute", "chat", "Programmed", "False", "NotInForce")
        .await;
    serves(&plane, "chat", "upstream").await;
    // A data plane that is new gets the reason.
    let new = site.plane(&[&again]).await;
    fails(&new, "chat", "spec.rules[0].when").await;
    load.more(20).await;
    load.end().await;

    site.apply_yaml(&route("chat", &one_target("openai", "mended")))
        .await;
    site.ready("llmroute", "chat", 2).await;
    serves(&plane, "chat", "mended").await;
    serves(&new, "chat", "mended").await;
}
