//! 2,000 routes and 200 keys.

use std::fmt::Write as _;

use wayleave_sim::Sim;
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Cluster, Operator, Site, until};

use super::support::{SOON, serves, sim};

pub(super) const ROUTES: usize = 2_000;
pub(super) const KEYS: usize = 200;
/// What the promise allows, in bytes.
const OPERATOR: u64 = 200 << 20;
const DATA_PLANE: u64 = 150 << 20;

#[tokio::test]
async fn a_large_team_is_served_and_an_edit_is_one_small_message() {
    let sim = sim();
    // Of its own: the others need not wait for so much.
    let cluster = Cluster::start().await;
    let site = Site::new(&cluster).await;
    create(&site, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    serves(&plane, "m1999", "upstream").await;
    all_ready(&operator).await;

    let before = operator.metrics().await;
    site.apply_yaml(&route("m7", &one_target("k7", "edited"))).await;
    serves(&plane, "m7", "edited").await;
    site.ready("llmroute", "m7", 1).await;
    let after = operator.metrics().await;
    let more = |name: &str| after.count(name, &[]) - before.count(name, &[]);
    assert_eq!(more("wayleave_operator_messages_sent_total"), 1);
    assert_eq!(more("wayleave_operator_resources_sent_total"), 1);

    let (operator, plane) = (operator.daemon.memory(), plane.daemon.memory());
    let mut text = String::new();
    let mib = |bytes: u64| bytes >> 20;
    let _ = write!(
        text,
        "operator {} MiB, data plane {} MiB",
        mib(operator.resident),
        mib(plane.resident)
    );
    eprintln!("{ROUTES} routes, {KEYS} keys: {text}");
    assert!(
        operator.resident < OPERATOR && plane.resident < DATA_PLANE,
        "{text}"
    );
}

/// Makes the routes `m0`, `m1` … and the keys `k0`, `k1` …
pub(super) async fn create(site: &Site<'_>, sim: &Sim) {
    let mut manifests = site.manifests();
    for key in 0..KEYS {
        manifests = manifests.openai(&format!("k{key}"), sim);
    }
    for number in 0..ROUTES {
        manifests = manifests.to(&format!("m{number}"), &format!("k{}", number % KEYS), "upstream");
    }
    let arguments = ["create", "--namespace", &site.team, "--filename=-"];
    site.cluster.kubectl_stdin(&arguments, manifests.yaml()).await;
}

/// Waits until the status of each of them says that it is ready.
pub(super) async fn all_ready(operator: &Operator) {
    until("all are ready", SOON * 3, async || {
        let metrics = operator.metrics().await;
        let ready = |kind| metrics.count("wayleave_operator_objects", &[("kind", kind), ("ready", "true")]);
        let written = metrics.count("wayleave_operator_status_writes_total", &[("result", "done")]);
        (ready("LLMRoute") == 2_000 && ready("ProviderKey") == 200 && written >= 2_200).then_some(())
    })
    .await;
}
