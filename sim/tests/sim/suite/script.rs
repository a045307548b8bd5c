//! Behaviours set beforehand.

use std::time::Duration;

use super::client::{CHAT, Client, MESSAGES, start};
use wayleave_sim::Outcome;

#[tokio::test]
async fn the_next_requests_of_a_model_are_scripted() {
    let sim = start();
    let client = Client::h1(&sim);
    sim.script("m", &["status=429&retry-after=2", "", "status=500"])
        .expect("known");
    let mut statuses = Vec::new();
    for (path, model) in [
        (CHAT, "m"),
        (MESSAGES, "other"),
        (MESSAGES, "m?echo"),
        (CHAT, "m"),
        (CHAT, "m"),
    ] {
        let answer = client.ask(path, model, false).await;
        statuses.push(answer.status.as_u16());
        assert_eq!(answer.text.contains("Hello there"), model == "m?echo");
    }
    assert_eq!(statuses, [429, 200, 200, 500, 200]);
}

#[tokio::test]
async fn a_script_goes_before_the_models_own_behaviour() {
    let sim = start();
    let client = Client::h1(&sim);
    sim.script("m", &["tokens=1"]).expect("known");
    assert_eq!(client.ask(CHAT, "m?status=500", false).await.status, 200);
    assert_eq!(client.ask(CHAT, "m?status=500", false).await.status, 500);
}

#[tokio::test]
async fn a_key_goes_before_everything() {
    let sim = start();
    sim.key("sk-bad", "status=401").expect("known");
    sim.script("m", &["status=500"]).expect("known");
    let bad = Client::h1(&sim).with_key(Some("sk-bad"));
    assert_eq!(bad.ask(CHAT, "m", false).await.status, 401);
    assert_eq!(bad.ask(MESSAGES, "m", true).await.status, 401);
    let good = Client::h1(&sim);
    assert_eq!(
        good.ask(CHAT, "m", false).await.status,
        500,
        "the script was not used up"
    );
    sim.key("sk-bad", "").expect("empty");
    assert_eq!(bad.ask(CHAT, "m", false).await.status, 200);
}

#[tokio::test]
async fn misspelt_scripts_are_refused() {
    let sim = start();
    assert!(sim.script("m", &["staus=429"]).is_err());
    assert!(sim.key("sk", "hang=tail").is_err());
}

#[tokio::test]
async fn waiting_for_requests_ends_with_them_or_tells_what_was_seen() {
    let sim = start();
    let client = Client::h1(&sim);
    let (waited, answer) = tokio::join!(
        sim.wait_for(
            |requests| requests.iter().any(|r| r.outcome == Outcome::Answered),
            Duration::from_secs(5)
        ),
        client.ask(CHAT, "m", true)
    );
    waited.expect("answered");
    assert_eq!(answer.status, 200);
    let error = sim
        .wait_for(|requests| requests.len() > 1, Duration::from_millis(10))
        .await
        .expect_err("only one");
    assert!(error.to_string().contains("/v1/chat/completions"), "{error}");
    assert!(!error.to_string().contains("sk-test"), "{error}");
}
