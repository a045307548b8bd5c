//! Kept answers that are forgotten: of a route, of a client, one.

use wayleave_core::cache::key::Key;
use wayleave_core::digest::Digest;
use wayleave_engine::{Purge, PurgeError};

use super::support::{Ask, CLIENT_SECRET, Gateway, Got, cache_rules, eventually};

const M: &[(&str, &str)] = &[("a", "m?tokens=9")];

fn other_client() -> Ask {
    Ask::chat().header("authorization", "Bearer sk-of-another-client")
}

fn another_question() -> Ask {
    Ask::chat().with("seed", serde_json::json!(7))
}

fn status(got: &Got) -> &str {
    got.header("x-wayleave-cache").unwrap_or("-")
}

/// A gateway that has kept three answers, and the keys of the first.
async fn filled() -> (Gateway, Key) {
    let gateway = Gateway::cached(M, cache_rules());
    let mut first = None;
    for ask in [Ask::chat(), other_client(), another_question()] {
        let got = gateway.ask(ask).await.ok();
        assert_eq!(status(&got), "miss");
        let books = gateway.books(got.call_id()).await;
        let key = books.call["cache_key"].as_str().expect("a key").to_owned();
        first = first.or(Some(key.parse().expect("a key")));
    }
    (gateway, first.expect("one was asked"))
}

/// What becomes of the same three calls.
async fn now(gateway: &Gateway) -> [String; 3] {
    let mut all = Vec::new();
    for ask in [Ask::chat(), other_client(), another_question()] {
        all.push(status(&gateway.ask(ask).await.ok()).to_owned());
    }
    all.try_into().expect("three")
}

#[tokio::test]
async fn all_of_a_route() {
    let (gateway, key) = filled().await;
    assert_eq!(gateway.engine.purge(&Purge::Route(key.scope.route)).await, Ok(3));
    assert_eq!(now(&gateway).await, ["miss", "miss", "miss"]);
}

#[tokio::test]
async fn what_one_client_has() {
    let (gateway, key) = filled().await;
    assert_eq!(key.scope.client, Digest::of_credential(CLIENT_SECRET.as_bytes()));
    assert_eq!(gateway.engine.purge(&Purge::Scope(key.scope)).await, Ok(2));
    assert_eq!(now(&gateway).await, ["miss", "hit", "miss"]);
}

#[tokio::test]
async fn one_answer() {
    let (gateway, key) = filled().await;
    let which = Purge::Key(key);
    assert_eq!(gateway.engine.purge(&which).await, Ok(1));
    assert_eq!(gateway.engine.purge(&which).await, Ok(0));
    assert_eq!(now(&gateway).await, ["miss", "hit", "hit"]);
}

#[tokio::test]
async fn an_answer_that_was_asked_for_before_is_served_and_not_kept() {
    let gateway = Gateway::cached(&[("a", "m?ttft=300ms&tokens=9")], cache_rules());
    let purging = async {
        gateway.asked(1).await;
        gateway.engine.purge(&Purge::Route("team/chat".into())).await
    };
    let (got, purged) = tokio::join!(gateway.ask(Ask::chat()), purging);
    assert_eq!((status(&got.ok()), purged), ("miss", Ok(0)));
    let not_kept = || gateway.metric_of("wayleave_cache_not_kept_total", r#"reason="purged""#);
    eventually("it is counted", || not_kept() == 1).await;
    for wanted in ["miss", "hit"] {
        assert_eq!(status(&gateway.ask(Ask::chat()).await.ok()), wanted);
    }
    assert_eq!(not_kept(), 1);
}

#[tokio::test]
async fn a_route_without_a_cache_is_told() {
    let gateway = Gateway::chain(M);
    for route in ["team/chat", "team/nobody"] {
        let told = gateway.engine.purge(&Purge::Route(route.into())).await;
        assert_eq!(told, Err(PurgeError::NoCache(route.into())));
    }
    let got = gateway.ask(Ask::chat()).await.ok();
    assert!(gateway.books(got.call_id()).await.call.get("cache_key").is_none());
}

#[tokio::test]
async fn a_key_says_nothing_of_the_credential() {
    let (gateway, key) = filled().await;
    assert_eq!(&*key.scope.route, "team/chat");
    let ledger = format!("{:?}", gateway.engine.ledger(None, usize::MAX));
    assert!(ledger.contains(&key.to_string()) && !ledger.contains(CLIENT_SECRET));
}
