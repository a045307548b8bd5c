//! The processor behind gateways of others: their Envoy reaches it by TLS and trusts what the ConfigMap `wayleave-ca`
//! says, with the configuration that Istio and Envoy Gateway make of the chart's objects.

mod endpoints;
mod envoy_gateway;
mod istio;
mod shape;

use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use tokio::time::Instant;
use wayleave_sim::Sim;
use wayleave_tests::plane::bundle;
use wayleave_tests::{Cluster, Format, Operator, Pod, Release, Site, until};

use self::shape::{Neighbour, Shape};
use super::envoy::{SLOW, assert_whole, serves_everything, streams};
use super::support::{Load, SOON, served, sim, site};

/// More than any buffer of Envoy's.
const LARGE: usize = 6_000_000;
/// Longer than any timeout that Envoy Gateway sets.
const THOUGHT: Duration = Duration::from_secs(11);

/// The chart without an Envoy of its own, attached to both.
fn release<'s>(site: &'s Site<'s>) -> Release<'s> {
    let values = json!({
        "gateway": {"envoy": {"enabled": false}},
        "attach": {
            "envoyGateway": {"enabled": true, "parentRefs": [{"name": "eg"}]},
            "istio": {"enabled": true, "ca": {"file": "/etc/wayleave/ca.crt"}},
        },
    });
    Release::of(site, values)
}

/// A release that serves, with nobody before it yet.
async fn processor(site: &Site<'_>) -> (Operator, Pod) {
    let release = release(site);
    let operator = release.operator().await;
    let pod = release.pod(&operator).await;
    pod.ready().await;
    (operator, pod)
}

/// What the processor is called.
fn host(site: &Site<'_>) -> String {
    format!("wayleave-ext-proc.{}.svc", site.own)
}

/// A gateway as the values say: it trusts the cluster's ConfigMap.
async fn neighbour(shape: Shape, site: &Site<'_>, pod: &Pod) -> Neighbour {
    let authority = bundle(site).await;
    let wanted = shape::Wanted {
        site,
        processor: pod.processor.address("grpc"),
        host: &host(site),
        authority: &authority,
    };
    Neighbour::start(shape, &wanted).await
}

#[tokio::test]
async fn calls_come_through_other_gateways() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let more = site
        .manifests()
        .anthropic("anthropic", &sim)
        .to("claude", "anthropic", "upstream")
        .to("thinks", "openai", &format!("m?ttft={}s", THOUGHT.as_secs()));
    site.apply(&more).await;
    let (operator, pod) = processor(&site).await;
    for name in ["chat", "claude", "thinks"] {
        site.ready("llmroute", name, 1).await;
    }
    for shape in Shape::ALL {
        let neighbour = neighbour(shape, &site, &pod).await;
        serves_everything(&neighbour.client, &["chat", "claude"]).await;
        endpoints::each_is_the_processors(&neighbour).await;
        endpoints::google_is_served(&neighbour, "chat").await;
        large_ones_pass(&neighbour, &sim).await;
        thought_is_not_cut_off(&neighbour).await;
        // Other paths are none of the processor's business.
        let other = neighbour.client.get("/other", &[]).await;
        assert_eq!(
            (other.status.as_u16(), other.text().as_str()),
            (200, shape::OTHER)
        );
        // What is refused is refused by the processor, in the client's format.
        for format in Format::ALL {
            let request = format.request("nothing", false);
            let unknown = neighbour.client.ask(format, &request).await;
            assert_eq!(unknown.status, 404, "{shape:?}: {}", unknown.text());
            format.error_message(&unknown.json());
        }
        neighbour.envoy.finish().await;
    }
    pod.processor.log.assert_calm();
    pod.finish().await;
    operator.daemon.finish().await;
}

async fn large_ones_pass(neighbour: &Neighbour, sim: &Sim) {
    for format in Format::ALL {
        let mut request = format.request("chat", true);
        request["messages"][0]["content"] = json!("x".repeat(LARGE));
        let answer = neighbour.client.ask(format, &request).await;
        assert_eq!(answer.status, 200, "{:?}: {}", neighbour.shape, answer.text());
        let seen = sim.requests().last().expect("a request").body.len();
        assert!(
            seen >= LARGE,
            "{:?}: the provider saw {seen} bytes",
            neighbour.shape
        );
    }
}

async fn thought_is_not_cut_off(neighbour: &Neighbour) {
    let since = Instant::now();
    let ask = async |stream| {
        let request = Format::OpenAi.request("thinks", stream);
        neighbour.client.ask(Format::OpenAi, &request).await
    };
    let (whole, streamed) = tokio::join!(ask(false), ask(true));
    for answer in [whole, streamed] {
        assert_eq!(answer.status, 200, "{:?}: {}", neighbour.shape, answer.text());
        assert!(answer.complete && !answer.said(Format::OpenAi).is_empty());
    }
    assert!(since.elapsed() >= THOUGHT);
}

/// The status of a call, and that other paths are as ever.
async fn status(neighbour: &Neighbour) -> u16 {
    let other = neighbour.client.get("/other", &[]).await;
    assert_eq!(other.status, 200, "{:?}", neighbour.shape);
    neighbour.client.chat("chat").await.status.as_u16()
}

#[tokio::test]
async fn nothing_passes_without_the_right_processor() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let (operator, pod) = processor(&site).await;
    let key = KeyPair::generate().expect("a key");
    let foreign = CertificateParams::new(vec![host(&site)]).expect("parameters");
    let foreign = foreign.self_signed(&key).expect("a certificate").pem();
    let ours = bundle(&site).await;
    let mut good = Vec::new();
    for shape in Shape::ALL {
        let processor = pod.processor.address("grpc");
        let other_host = format!("wayleave-ext-proc.{}.svc", site.team);
        for (host, authority) in [(host(&site), &foreign), (other_host, &ours)] {
            let wanted = shape::Wanted {
                site: &site,
                processor,
                host: &host,
                authority,
            };
            let neighbour = Neighbour::start(shape, &wanted).await;
            assert_eq!(status(&neighbour).await, 503, "{shape:?}, {host}");
        }
        assert_eq!(sim.requests().len(), good.len(), "a call came through");
        let neighbour = neighbour(shape, &site, &pod).await;
        assert_eq!(status(&neighbour).await, 200, "{shape:?}");
        good.push(neighbour);
    }
    pod.processor.kill().await;
    for neighbour in good {
        assert_eq!(status(&neighbour).await, 503, "{:?}", neighbour.shape);
    }
    assert_eq!(sim.requests().len(), Shape::ALL.len(), "a call came through");
    operator.daemon.finish().await;
}

#[tokio::test]
async fn a_processor_that_ends_cuts_nothing_off() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let slow = site.manifests().to("slow", "openai", SLOW);
    site.apply(&slow).await;
    let (operator, mut pod) = processor(&site).await;
    let mut begun = Vec::new();
    for shape in Shape::ALL {
        let neighbour = neighbour(shape, &site, &pod).await;
        let streams = streams(&neighbour.client, "slow").await;
        begun.push((neighbour, streams));
    }
    pod.processor.terminate();
    for (neighbour, streams) in begun {
        assert_whole(&neighbour.client, streams).await;
    }
    assert!(pod.processor.ended().await.success());
    operator.daemon.finish().await;
}

/// The processor's certificate, as the operator keeps it.
async fn certificate(site: &Site<'_>) -> String {
    let secret = site.cluster.get_json("secret", &site.own, "wayleave-config-tls");
    let secret = secret.await;
    secret["data"]["ext-proc.crt"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Waits for another one.
async fn renewed(site: &Site<'_>, before: &str) -> String {
    until("there is another certificate", SOON, async || {
        let now = certificate(site).await;
        (!now.is_empty() && now != before).then_some(now)
    })
    .await
}

#[tokio::test]
async fn a_new_certificate_fails_no_call() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let (operator, pod) = processor(&site).await;
    let (mut neighbours, mut loads) = (Vec::new(), Vec::new());
    for shape in Shape::ALL {
        let neighbour = neighbour(shape, &site, &pod).await;
        loads.push(Load::of(neighbour.client.clone(), "chat"));
        neighbours.push(neighbour);
    }
    // One that knows the processor by a name that only a certificate to come will have.
    let (later, authority) = (format!("later.{}.svc", site.own), bundle(&site).await);
    let wanted = shape::Wanted {
        site: &site,
        processor: pod.processor.address("grpc"),
        host: &later,
        authority: &authority,
    };
    let early = Neighbour::start(Shape::EnvoyGateway, &wanted).await;
    assert_eq!(status(&early).await, 503);

    // Lost: the operator makes it anew.
    let first = certificate(&site).await;
    let remove = r#"[{"op": "remove", "path": "/data/ext-proc.crt"}]"#;
    let patch = [
        "patch",
        "secret",
        "wayleave-config-tls",
        "--type=json",
        "--namespace",
        &site.own,
        "--patch",
        remove,
    ];
    site.cluster.kubectl(&patch).await;
    let second = renewed(&site, &first).await;
    assert_eq!(bundle(&site).await, authority, "the authority is the same");

    // Another operator, with a name more: the processor shows the new certificate as soon as it has it.
    let place = operator.config.to_string();
    operator.daemon.finish().await;
    let names = ["--ext-proc-name", &host(&site), "--ext-proc-name", &later];
    let operator = Operator::start_at(&site, &place, &names).await;
    renewed(&site, &second).await;
    until("the new certificate is shown", SOON, async || {
        served(&early.client, "chat").await.ok()
    })
    .await;
    for shape in Shape::ALL {
        let fresh = neighbour(shape, &site, &pod).await;
        assert_eq!(status(&fresh).await, 200, "{shape:?}");
    }
    for load in loads {
        load.more(20).await;
        load.end().await;
    }
    pod.finish().await;
    operator.daemon.finish().await;
}
