//! Several credentials of one provider, each with its own health.

use std::collections::BTreeMap;

use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, Manifests, on_every_front};

on_every_front!(
    a_dead_key_is_asked_once,
    a_limited_key_rests_while_the_others_serve,
    credentials_stay_with_their_provider
);

/// Enough that each of three keys has its turn, but once in 10^10 runs.
const CALLS: usize = 60;

async fn start(front: Front, bad: &str) -> (Sim, Gateway, Vec<String>) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default()
        .provider("pool", &sim.base_url(), Format::OpenAi, 3, "")
        .to("chat", "pool", "m");
    let keys = manifests.credentials("pool").to_vec();
    sim.key(&keys[0], bad).unwrap();
    let gateway = Gateway::start(front, &manifests).await;
    (sim, gateway, keys)
}

/// How often each key was used for [`CALLS`] calls that all were served.
async fn spread(sim: &Sim, gateway: &Gateway) -> BTreeMap<String, usize> {
    let client = gateway.client();
    for _ in 0..CALLS {
        let answer = client.chat("chat").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let books = gateway.books(answer.id()).await;
        if books.attempts.len() > 1 {
            assert_eq!(books.attempts[0].key.as_deref(), Some("pool/key0"));
            assert_eq!(books.attempts[1].role, "retry");
        }
    }
    let mut used = BTreeMap::new();
    for request in sim.requests() {
        *used.entry(request.key.unwrap()).or_default() += 1;
    }
    used
}

async fn a_dead_key_is_asked_once(front: Front) {
    let (sim, gateway, keys) = start(front, "error=invalid_key").await;
    let used = spread(&sim, &gateway).await;
    assert_eq!(used[&keys[0]], 1, "{used:?}");
    assert!(used[&keys[1]] > 5 && used[&keys[2]] > 5, "{used:?}");
    gateway.log.assert_calm();
    gateway.finish().await;
}

async fn a_limited_key_rests_while_the_others_serve(front: Front) {
    let (sim, gateway, keys) = start(front, "status=429&retry-after=60").await;
    let used = spread(&sim, &gateway).await;
    assert_eq!(used[&keys[0]], 1, "{used:?}");
    gateway.log.assert_calm();
    gateway.finish().await;
}

async fn credentials_stay_with_their_provider(front: Front) {
    let (one, other) = (
        Sim::start(SimOptions::default()).unwrap(),
        Sim::start(SimOptions::default()).unwrap(),
    );
    let manifests = Manifests::default().openai("one", &one).anthropic("other", &other).route(
        "chat",
        "steps:\n- targets: [{providerKey: one, model: \"m?status=500\"}]\n- targets: [{providerKey: other, model: m}]",
    );
    let gateway = Gateway::start(front, &manifests).await;
    for format in Format::ALL {
        let client = gateway.client();
        for stream in [false, true] {
            let answer = client.ask(format, &format.request("chat", stream)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        for (sim, own, foreign) in [(&one, "one", "other"), (&other, "other", "one")] {
            let (own, foreign) = (&manifests.credentials(own)[0], &manifests.credentials(foreign)[0]);
            assert!(!sim.requests().is_empty());
            for request in sim.requests() {
                let shown = format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.body));
                assert!(
                    shown.contains(own.as_str()),
                    "the provider's own credential is missing"
                );
                assert!(!shown.contains(foreign.as_str()), "another provider's credential");
                assert!(!shown.contains(client.credential()), "the client's credential");
            }
        }
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}
