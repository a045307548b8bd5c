//! Credentials and their health.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wayleave_core::snapshot::{Rule, Timeouts};
use wayleave_sim::Replay;

use super::support::{Ask, Books, Gateway, Key, pick, rule, snapshot};

async fn asked(gateway: &Gateway) -> Books {
    let got = gateway.ask(Ask::chat()).await;
    gateway.books(got.call_id()).await
}

/// Lets time pass for the engine without waiting for it.
async fn after(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_refused_key_is_left_alone_for_a_minute() {
    let pool = Key::new("a").secrets(&[("sk-bad", 1), ("sk-good", 0)]);
    let gateway = Gateway::start(&[pool], rule(vec![pick("a", "m")]));
    gateway.sim.key("sk-bad", "status=401").expect("known");
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary a auth_failed 401", "retry a ok 200"]
    );
    for _ in 0..3 {
        assert_eq!(asked(&gateway).await.lines(), ["primary a ok 200"]);
    }
    after(Duration::from_secs(61)).await;
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary a auth_failed 401", "retry a ok 200"]
    );
}

#[tokio::test]
async fn a_refused_key_is_out_for_every_model() {
    let pool = Key::new("a").secrets(&[("sk-bad", 1), ("sk-good", 0)]);
    let gateway = Gateway::start(std::slice::from_ref(&pool), rule(vec![pick("a", "m")]));
    gateway.sim.key("sk-bad", "status=401").expect("known");
    asked(&gateway).await;
    let other = snapshot(&gateway.sim.base_url(), &[pool], rule(vec![pick("a", "other")]));
    gateway.engine.apply(other);
    assert_eq!(asked(&gateway).await.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn a_replaced_key_is_tried_at_once() {
    let of = |secret: &str| Key::new("a").secrets(&[(secret, 1)]);
    let steps = || rule(vec![pick("a", "m"), pick("b", "m")]);
    let gateway = Gateway::start(&[of("sk-old"), Key::new("b")], steps());
    gateway.sim.key("sk-old", "status=401").expect("known");
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary a auth_failed 401", "fallback b ok 200"]
    );
    assert_eq!(asked(&gateway).await.lines(), ["primary b ok 200"]);
    // The same entry of the same Secret, with another text.
    let mut rotated = snapshot(&gateway.sim.base_url(), &[of("sk-new"), Key::new("b")], steps());
    for provider in &mut rotated.providers {
        if let wayleave_core::snapshot::Access::Ready(endpoint) = &mut provider.access {
            let endpoint = std::sync::Arc::make_mut(endpoint);
            for key in &mut endpoint.keys {
                if &*key.name == "team/sk-new" {
                    key.name = "team/sk-old".into();
                }
            }
        }
    }
    gateway.engine.apply(rotated);
    let books = asked(&gateway).await;
    assert_eq!(books.lines(), ["primary a ok 200"]);
    assert_eq!(books.attempts[0]["key"], "team/sk-old");
}

#[tokio::test]
async fn a_key_with_no_credit_left_is_rotated() {
    let pool = Key::new("a").secrets(&[("sk-poor", 1), ("sk-rich", 0)]);
    let gateway = Gateway::start(&[pool], rule(vec![pick("a", "m")]));
    gateway.sim.key("sk-poor", "status=402").expect("known");
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary a auth_failed 402", "retry a ok 200"]
    );
}

#[tokio::test]
async fn a_bad_key_told_under_400_is_a_bad_key() {
    let gateway = Gateway::chain(&[("a", "m")]);
    let body = r#"[{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}]"#;
    gateway
        .sim
        .replay("m", error(StatusCode::BAD_REQUEST, body))
        .expect("room");
    let got = gateway.ask(Ask::chat()).await;
    let books = gateway.books(got.call_id()).await;
    // The client is told what it means, the ledger what the provider said.
    assert_eq!(got.status, 401);
    assert_eq!(books.lines(), ["primary a auth_failed 400"]);
}

fn error(status: StatusCode, body: &'static str) -> Replay {
    Replay {
        status,
        headers: HeaderMap::new(),
        chunks: vec![Bytes::from_static(body.as_bytes())],
        pause: Duration::ZERO,
    }
}

/// The second call must not ask a provider that said 429, and a call after its time must.
async fn is_left_alone_for(gateway: &Gateway, seconds: u64) {
    let limited = ["primary a rate_limited 429", "fallback b ok 200"];
    assert_eq!(asked(gateway).await.lines(), limited);
    after(Duration::from_secs(seconds - 5)).await;
    assert_eq!(asked(gateway).await.lines(), ["primary b ok 200"]);
    after(Duration::from_secs(7)).await;
    assert_eq!(asked(gateway).await.lines(), limited);
}

#[tokio::test]
async fn retry_after_in_seconds_is_a_cooldown() {
    let gateway = Gateway::chain(&[("a", "m?status=429&retry-after=20"), ("b", "m")]);
    is_left_alone_for(&gateway, 20).await;
}

#[tokio::test]
async fn retry_after_as_a_date_is_a_cooldown() {
    let gateway = Gateway::chain(&[("a", "m?status=429&retry-after-date=20"), ("b", "m")]);
    is_left_alone_for(&gateway, 20).await;
}

#[tokio::test]
async fn retry_after_in_milliseconds_is_a_cooldown() {
    let gateway = Gateway::chain(&[("a", "m?status=429&retry-after-ms=20000"), ("b", "m")]);
    is_left_alone_for(&gateway, 20).await;
}

#[tokio::test]
async fn retry_info_in_the_body_is_a_cooldown() {
    let gateway = Gateway::chain(&[("a", "limited"), ("b", "m")]);
    let body = r#"[{"error": {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED", "details":
        [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "20s"}]}}]"#;
    let replay = error(StatusCode::TOO_MANY_REQUESTS, body);
    gateway.sim.replay("limited", replay).expect("room");
    is_left_alone_for(&gateway, 20).await;
}

#[tokio::test]
async fn a_429_without_a_time_is_left_alone_for_five_seconds() {
    let gateway = Gateway::chain(&[("a", "m?status=429"), ("b", "m")]);
    asked(&gateway).await;
    assert_eq!(asked(&gateway).await.lines(), ["primary b ok 200"]);
    after(Duration::from_secs(6)).await;
    assert_eq!(asked(&gateway).await.lines()[0], "primary a rate_limited 429");
}

#[tokio::test]
async fn a_rate_limit_is_a_models_own() {
    let keys = [Key::new("a"), Key::new("b")];
    let first = rule(vec![pick("a", "m?status=429&retry-after=60"), pick("b", "m")]);
    let gateway = Gateway::start(&keys, first);
    asked(&gateway).await;
    let other = rule(vec![pick("a", "other"), pick("b", "m")]);
    gateway
        .engine
        .apply(snapshot(&gateway.sim.base_url(), &keys, other));
    assert_eq!(asked(&gateway).await.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn five_failures_open_the_circuit_and_one_probe_closes_it() {
    let gateway = Gateway::chain(&[("a", "m"), ("b", "m")]);
    gateway
        .sim
        .script("m", &["status=500", ""].repeat(5))
        .expect("known");
    for _ in 0..5 {
        assert_eq!(
            asked(&gateway).await.lines(),
            ["primary a server_error 500", "fallback b ok 200"]
        );
    }
    assert_eq!(asked(&gateway).await.lines(), ["primary b ok 200"], "open");
    after(Duration::from_secs(6)).await;
    gateway.sim.script("m", &["status=500", ""]).expect("known");
    let probe = asked(&gateway).await;
    assert_eq!(
        probe.lines(),
        ["primary a server_error 500", "fallback b ok 200"],
        "half open"
    );
    after(Duration::from_secs(6)).await;
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary b ok 200"],
        "the second time for twice as long"
    );
    after(Duration::from_secs(5)).await;
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary a ok 200"],
        "the probe is served"
    );
    assert_eq!(asked(&gateway).await.lines(), ["primary a ok 200"], "closed");
}

#[tokio::test]
async fn half_open_takes_one_probe_at_a_time() {
    let slow = Timeouts::default();
    let keys = [Key::new("a"), Key::new("b")];
    let timed = |model: &str| Rule {
        timeouts: slow,
        ..rule(vec![pick("a", model), pick("b", "m")])
    };
    let gateway = Gateway::start(&keys, timed("m"));
    gateway
        .sim
        .script("m", &["status=500", ""].repeat(5))
        .expect("known");
    for _ in 0..5 {
        asked(&gateway).await;
    }
    after(Duration::from_secs(6)).await;
    gateway.sim.script("m", &["ttft=400ms"]).expect("known");
    let before = gateway.sim.requests().len();
    let probe = gateway.ask(Ask::chat());
    let meanwhile = async {
        gateway.asked(before + 1).await;
        asked(&gateway).await
    };
    let (probe, meanwhile) = tokio::join!(probe, meanwhile);
    assert_eq!(meanwhile.lines(), ["primary b ok 200"]);
    assert_eq!(gateway.books(probe.call_id()).await.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn when_all_are_out_all_are_tried() {
    let gateway = Gateway::chain(&[("a", "m"), ("b", "m")]);
    gateway.sim.script("m", &["status=500"; 10]).expect("known");
    for _ in 0..5 {
        asked(&gateway).await;
    }
    assert_eq!(asked(&gateway).await.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn keys_share_the_calls_by_weight() {
    let pool = Key::new("a").secrets(&[("sk-much", 3), ("sk-little", 1), ("sk-spare", 0)]);
    let gateway = Gateway::start(&[pool], rule(vec![pick("a", "m")]));
    for _ in 0..400 {
        gateway.ask(Ask::chat()).await.ok();
    }
    let used = |secret: &str| {
        let with_it = |request: &&wayleave_sim::RecordedRequest| request.key.as_deref() == Some(secret);
        gateway.sim.requests().iter().filter(with_it).count()
    };
    assert_eq!(used("sk-spare"), 0);
    // 300 are due; six standard deviations are 52.
    assert!((248..=352).contains(&used("sk-much")), "{}", used("sk-much"));
    assert_eq!(used("sk-much") + used("sk-little"), 400);
}

#[tokio::test]
async fn a_provider_without_keys_gets_no_credential() {
    let keyless = Key::new("a").secrets(&[]);
    let gateway = Gateway::start(&[keyless], rule(vec![pick("a", "m")]));
    let books = asked(&gateway).await;
    let sent = gateway.sent_to("a");
    assert_eq!(
        (sent[0].key.as_deref(), books.attempts[0]["key"].is_null()),
        (None, true)
    );
    assert!(!sent[0].headers.contains_key("authorization") && !sent[0].headers.contains_key("x-api-key"));
    // This simulator wants a key.
    assert_eq!(books.lines(), ["primary a auth_failed 401"]);
}
