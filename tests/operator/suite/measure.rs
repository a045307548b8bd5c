//! How long an edit takes to be served, and what 2,000 routes cost. Not tests: `make bench-cluster` runs them.

mod figures;
mod meter;

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Client, Cluster, Operator, Plane, Release, Site, program, until};

use self::figures::{Compiles, Times};
use self::meter::Meter;
use super::scale::{KEYS, ROUTES, all_ready, create};
use super::support::{SOON, served, serves, sim, site};

const EDITS: usize = 100;
/// Edits among many routes.
const EDITS_AT_SCALE: u32 = 20;
/// Between two calls.
const CALL_AGAIN: Duration = Duration::from_millis(2);

#[tokio::test]
#[ignore = "a measurement: `make bench-cluster` runs it"]
async fn from_an_edit_to_the_first_call() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    let pod = Release::of(&site, json!({})).pod(&operator).await;
    pod.ready().await;
    let (by_http, through_envoy) = (plane.client().clone(), pod.client(&site));
    for client in [&by_http, &through_envoy] {
        serves_first(client, "upstream", Instant::now()).await;
    }

    let [mut kubectl, mut http, mut envoy] = [(); 3].map(|()| Times::default());
    let [mut http_after, mut envoy_after] = [(); 2].map(|()| Times::default());
    for edit in 0..EDITS {
        let model = format!("edit{edit}");
        let edited = route("chat", &one_target("openai", &model));
        let began = Instant::now();
        let apply = async {
            site.apply_yaml(&edited).await;
            began.elapsed()
        };
        // It may be served before kubectl has ended.
        let calls = (
            serves_first(&by_http, &model, began),
            serves_first(&through_envoy, &model, began),
        );
        let (applied, by_http, through_envoy) = tokio::join!(apply, calls.0, calls.1);
        kubectl.add(applied, Duration::ZERO);
        http.add(by_http, Duration::ZERO);
        envoy.add(through_envoy, Duration::ZERO);
        http_after.add(by_http, applied);
        envoy_after.add(through_envoy, applied);
    }
    eprintln!(
        "\n{EDITS} edits by `kubectl apply` until the first call that they serve, in ms ({})",
        program::wayleave().display()
    );
    eprintln!("{}", Times::head());
    for (what, times) in [
        ("kubectl alone", &mut kubectl),
        ("by HTTP, from kubectl's start", &mut http),
        ("by HTTP, from kubectl's end", &mut http_after),
        ("through Envoy, from kubectl's start", &mut envoy),
        ("through Envoy, from kubectl's end", &mut envoy_after),
    ] {
        eprintln!("{}", times.line(what));
    }
}

/// How long after `began` the first call for `chat` is served by this model.
async fn serves_first(client: &Client, model: &str, began: Instant) -> Duration {
    while served(client, "chat").await.as_deref() != Ok(model) {
        assert!(began.elapsed() < SOON, "{model} is not served");
        sleep(CALL_AGAIN).await;
    }
    began.elapsed()
}

#[tokio::test]
#[ignore = "a measurement: `make bench-cluster` runs it"]
async fn many_routes() {
    let sim = sim();
    let cluster = Cluster::start().await;
    let site = Site::new(&cluster).await;
    create(&site, &sim).await;
    let began = Instant::now();
    let operator = site.operator().await;
    operator.leads().await;
    until("all are compiled", SOON, async || {
        let objects = operator.metrics().await.count("wayleave_operator_objects", &[]);
        (usize::try_from(objects) == Ok(ROUTES + KEYS)).then_some(())
    })
    .await;
    let compiled = began.elapsed();

    let meter = Meter::start(operator.config).await;
    let plane = Plane::start_knowing(&site, &[&meter.address()], &[]).await;
    let began = Instant::now();
    plane.ready().await;
    let (synced, first) = (began.elapsed(), meter.bytes());
    all_ready(&operator).await;
    let said = began.elapsed();

    eprintln!(
        "\n{ROUTES} routes and {KEYS} keys ({})",
        program::wayleave().display()
    );
    eprintln!("  operator, from its start until all are compiled: {compiled:.2?}");
    eprintln!(
        "  data plane, from its first line until it serves: {synced:.2?}, {} KiB over TLS",
        first >> 10
    );
    eprintln!("  all statuses written: {said:.2?} after the data plane's first line");
    edits_at_scale(&site, &operator, &plane, &meter).await;
    for (who, memory) in [
        ("operator", operator.daemon.memory()),
        ("data plane", plane.daemon.memory()),
    ] {
        let mib = |bytes: u64| bytes >> 20;
        eprintln!(
            "  memory of the {who}: {} MiB, at most {} MiB",
            mib(memory.resident),
            mib(memory.peak)
        );
    }
}

async fn edits_at_scale(site: &Site<'_>, operator: &Operator, plane: &Plane, meter: &Meter) {
    let (before, bytes) = (operator.metrics().await, meter.bytes());
    for edit in 0..EDITS_AT_SCALE {
        let model = format!("edited{edit}");
        site.apply_yaml(&route("m7", &one_target("k7", &model))).await;
        serves(plane, "m7", &model).await;
        site.ready("llmroute", "m7", 1).await;
    }
    let (after, bytes) = (operator.metrics().await, meter.bytes() - bytes);
    let more = |name: &str| (after.sum(name, &[]) - before.sum(name, &[])) / f64::from(EDITS_AT_SCALE);
    eprintln!("  each of {EDITS_AT_SCALE} edits of one route:");
    eprintln!(
        "    {:.1} messages with {:.1} resources; {} bytes over TLS, both ways",
        more("wayleave_operator_messages_sent_total"),
        more("wayleave_operator_resources_sent_total"),
        bytes / u64::from(EDITS_AT_SCALE)
    );
    eprintln!(
        "    compiling all: {}",
        Compiles::between(Some(&before), &after).line()
    );
    eprintln!(
        "  compiling all, since the operator's start: {}",
        Compiles::between(None, &after).line()
    );
}
