//! The third way in: Envoy as a plain proxy before the data plane's HTTP server (`--adaptor http`).

use std::time::Duration;

use rustix::process::Signal;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, Manifests, process, until};

const SOON: Duration = Duration::from_secs(30);

async fn start() -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default().openai("a", &sim).anthropic("b", &sim).route(
        "chat",
        "steps:\n- targets: [{providerKey: a, model: \"m?status=429&retry-after=0\"}]\n- targets: [{providerKey: b, \
         model: m}]",
    );
    let gateway = Gateway::start(Front::Proxy, &manifests).await;
    (sim, gateway)
}

#[tokio::test]
async fn it_serves_like_the_others() {
    let (_sim, gateway) = start().await;
    for client in [gateway.client(), gateway.http2_client()] {
        for format in Format::ALL {
            for stream in [false, true] {
                let answer = client.ask(format, &format.request("chat", stream)).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.complete),
                    (200, true),
                    "{}",
                    answer.text()
                );
                assert!(answer.said(format).len() > 20, "{}", answer.text());
                assert_eq!(gateway.books(answer.id()).await.attempts.len(), 2);
            }
            let answer = client.call(format, "/v1/files", &[], "{}").await;
            assert_eq!(answer.status, 404);
            format.error_message(&answer.json());
        }
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}

/// Calls that come while there is no data plane, or are cut with it, get a 503 in the client's format.
#[tokio::test]
async fn without_a_data_plane_it_is_a_503() {
    let (_sim, gateway) = start().await;
    process::signal(gateway.data_plane().unwrap(), Signal::KILL);
    let mut refused = 0;
    until("a call that is served again", SOON, async || {
        let answer = gateway.client().chat("chat").await;
        if answer.status == 200 {
            return Some(());
        }
        assert_eq!(answer.status, 503, "{}", answer.text());
        Format::OpenAi.error_message(&answer.json());
        refused += 1;
        None
    })
    .await;
    println!("{refused} calls were refused until another data plane served");
    assert!(refused > 0);
    gateway.finish().await;
}
