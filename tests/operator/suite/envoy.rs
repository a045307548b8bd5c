//! A pod of the gateway as the chart makes it: Envoy as a sidecar and the processor, with the chart's own flags.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use wayleave_tests::{Client, Cluster, Format, Release, Site, Streaming, until};

use super::support::{SOON, sim, site};

/// Within what a readiness probe has to see that a pod ends.
const AT_ONCE: Duration = Duration::from_secs(2);
/// A model whose stream takes longer than the chart's shutdown delay.
pub(super) const SLOW: &str = "m?chunks=180&bytes=1800&pace=50ms";
/// For so long of the chart's five seconds calls are begun after the signal.
const STILL_TAKEN: Duration = Duration::from_secs(3);

/// Asks in both formats, streamed and not, and checks that all of it is served.
pub(super) async fn serves_everything(client: &Client, models: &[&str]) {
    for format in Format::ALL {
        for model in models {
            for stream in [false, true] {
                let answer = client.ask(format, &format.request(model, stream)).await;
                let what = format!("{format:?}, {model}, streamed: {stream}");
                assert_eq!(answer.status, 200, "{what}: {}", answer.text());
                assert!(answer.complete && !answer.said(format).is_empty(), "{what}");
                let ends = answer.events().iter().any(|event| format.is_end(event));
                assert_eq!(ends, stream, "{what}: {}", answer.text());
            }
        }
    }
}

/// Values for a pod whose Envoy is a proxy.
fn proxied() -> Value {
    json!({"gateway": {"envoy": {"adaptor": "Http"}}})
}

#[tokio::test]
async fn the_chart_s_pods_serve_what_is_applied() {
    serve_what_is_applied(json!({})).await;
}

#[tokio::test]
async fn so_do_pods_whose_envoy_is_a_proxy() {
    serve_what_is_applied(proxied()).await;
}

async fn serve_what_is_applied(values: Value) {
    let sim = sim();
    let site = Site::new(Cluster::shared().await).await;
    let release = Release::of(&site, values);
    let operator = release.operator().await;
    let pod = release.pod(&operator).await;
    let client = pod.client(&site);

    let manifests = site
        .manifests()
        .openai("openai", &sim)
        .anthropic("anthropic", &sim)
        .to("chat", "openai", "upstream")
        .to("claude", "anthropic", "upstream");
    site.apply(&manifests).await;
    for (kind, name) in [
        ("providerkey", "openai"),
        ("providerkey", "anthropic"),
        ("llmroute", "chat"),
        ("llmroute", "claude"),
    ] {
        site.ready(kind, name, 1).await;
    }
    pod.ready().await;
    serves_everything(&client, &["chat", "claude"]).await;

    // What is not there is told in the client's format, by the processor and by Envoy.
    for format in Format::ALL {
        let unknown = client.ask(format, &format.request("nothing", false)).await;
        assert_eq!(unknown.status, 404, "{}", unknown.text());
        format.error_message(&unknown.json());
    }
    assert_eq!(client.get("/elsewhere", &[]).await.status, 404);
    pod.processor.log.assert_calm();
    pod.finish().await;
    operator.daemon.finish().await;
}

/// Streams in both formats, each begun.
pub(super) async fn streams(client: &Client, model: &str) -> Vec<(Format, Streaming)> {
    let mut streams = Vec::new();
    for format in Format::ALL {
        let mut stream = client.stream(format, model).await;
        assert_eq!(stream.status, 200);
        stream.next().await.expect("a beginning").expect("no break");
        streams.push((format, stream));
    }
    streams
}

/// Reads such streams, which must not have been cut short.
pub(super) async fn assert_whole(client: &Client, streams: Vec<(Format, Streaming)>) {
    for (format, stream) in streams {
        let answer = client.read(stream).await;
        let ends = answer.events().iter().any(|event| format.is_end(event));
        assert!(answer.complete && ends, "cut short: {}", answer.text());
    }
}

#[tokio::test]
async fn a_pod_that_ends_cuts_nothing_off() {
    cuts_nothing_off(json!({})).await;
}

#[tokio::test]
async fn nor_does_one_whose_envoy_is_a_proxy() {
    cuts_nothing_off(proxied()).await;
}

/// Every call gets a 503 that its client can read.
async fn assert_unavailable(client: &Client) {
    for format in Format::ALL {
        let answer = client.ask(format, &format.request("chat", false)).await;
        assert_eq!(answer.status, 503, "{}", answer.text());
        format.error_message(&answer.json());
    }
}

async fn cuts_nothing_off(values: Value) {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let slow = site.manifests().to("slow", "openai", SLOW);
    site.apply(&slow).await;
    let release = Release::of(&site, values);
    let operator = release.operator().await;
    let mut pod = release.pod(&operator).await;
    pod.ready().await;
    let client = pod.client(&site);
    let streams = streams(&client, "slow").await;

    let told = Instant::now();
    pod.processor.terminate();
    until("the pod is not ready", AT_ONCE, async || {
        (pod.processor.page("/readyz").await.0 == 503).then_some(())
    })
    .await;
    let noticed = told.elapsed();

    // Whoever has not noticed yet is served: on the connection that stands, and on new ones.
    let mut served = 0;
    while told.elapsed() < STILL_TAKEN {
        for client in [&client, &pod.client(&site)] {
            let answer = client.chat("chat").await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            served += 1;
        }
    }
    assert!(served > 10, "{served} calls");
    assert_eq!(pod.processor.page("/readyz").await.0, 503);

    for format in Format::ALL {
        let refused = until("a new call gets 503", SOON, async || {
            let answer = client.ask(format, &format.request("chat", false)).await;
            (answer.status != 200).then_some(answer)
        })
        .await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        format.error_message(&refused.json());
    }
    let refused = told.elapsed();
    assert_whole(&client, streams).await;
    let streamed = told.elapsed();
    assert!(
        streamed > refused,
        "the streams ended before new calls were refused"
    );
    assert!(pod.processor.ended().await.success());
    eprintln!(
        "not ready after {noticed:?}, {served} calls served, refused from {refused:?}, streams whole at {streamed:?}, \
         processor gone at {:?}",
        told.elapsed()
    );

    // The sidecar is ended last, and answers by itself until then.
    pod.envoy().assert_runs();
    assert_unavailable(&pod.client(&site)).await;
    pod.envoy.take().expect("its Envoy").finish().await;
    operator.daemon.finish().await;
}
