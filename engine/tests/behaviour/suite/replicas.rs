//! Two engines with one Redis between them find answers to similar requests of each other.

#[path = "../../../src/cache/store/redis/tests/process.rs"]
#[expect(dead_code, reason = "the store's own tests need more of it")]
mod process;

use std::sync::Arc;
use std::time::Duration;

use wayleave_core::notice::Notice;
use wayleave_core::resource::{ResourceKind, ResourceName};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::cache::{CacheRules, RedisStore, Store, Verify};
use wayleave_engine::Purge;

use self::process::Process;
use super::similar::{FRANCE, asking, gateway, rules, status};
use super::support::{Ask, Gateway, eventually, team};

const LIKE_FRANCE: &str = "what is the capital of France";

fn with_redis(process: &Process) -> CacheRules {
    CacheRules {
        store: Store::Redis(Arc::new(RedisStore {
            url: Secret::new(process.url()),
            cluster: false,
            ca_pem: None,
            // On a machine that builds at the same time, 50 ms may pass without any fault of the server.
            timeout: Duration::from_secs(20),
            encryption_key: None,
        })),
        // Equal words in other order are alike to 1: nothing else is to keep clients apart.
        ..rules(Verify::Off)
    }
}

/// Two engines that have connected, and whether they search in the server.
async fn replicas(process: &Process, shared: i64) -> [Gateway; 2] {
    let both = [gateway(with_redis(process)), gateway(with_redis(process))];
    for gateway in &both {
        eventually("the store is connected", || {
            gateway
                .engine
                .metrics()
                .contains("wayleave_cache_semantic_shared{")
        })
        .await;
        assert_eq!(gateway.metric("wayleave_cache_semantic_shared"), shared);
        let policy = ResourceName::new(ResourceKind::Cache, team("kept"));
        let lacks = (shared == 0).then_some((policy, Notice::NoVectorSearch));
        eventually("it says so", || {
            gateway.engine.notices() == lacks.clone().into_iter().collect()
        })
        .await;
    }
    both
}

/// Asks, and waits until the answer can be found.
async fn keep(gateway: &Gateway, ask: Ask) {
    const INDEXED: &str = "wayleave_cache_store_seconds_count";
    let before = gateway.metric_of(INDEXED, "\"index\"");
    assert_eq!(status(&gateway.ask(ask).await.ok()), "miss");
    eventually("the answer can be found", || {
        gateway.metric_of(INDEXED, "\"index\"") > before
    })
    .await;
}

#[tokio::test]
async fn one_finds_what_the_other_keeps_and_no_other_client_does() {
    for process in Process::start_with_each().await {
        let [one, other] = replicas(&process, 1).await;
        keep(&one, asking(FRANCE)).await;
        let stranger = asking(FRANCE).header("authorization", "Bearer sk-of-another-client");
        keep(&other, stranger).await;
        let got = other.ask(asking(LIKE_FRANCE)).await.ok();
        assert_eq!(
            (status(&got), got.header("x-wayleave-similarity")),
            ("semantic-hit", Some("1.0000"))
        );
        assert!(other.sent_to("a").len() == 1, "the stranger's");
        assert_eq!(one.engine.purge(&Purge::Route("team/chat".into())).await, Ok(2));
        assert_eq!(status(&other.ask(asking(LIKE_FRANCE)).await.ok()), "miss");
    }
}

#[tokio::test]
async fn an_answer_that_is_gone_is_not_served_and_no_longer_found() {
    for process in Process::start_with_each().await {
        let [one, other] = replicas(&process, 1).await;
        keep(&one, asking(FRANCE)).await;
        let books = one.only_books().await;
        let key = books.call["cache_key"].as_str().expect("a key");
        let purged = one.engine.purge(&Purge::Key(key.parse().expect("a key"))).await;
        assert_eq!(purged, Ok(1));
        keep(&other, asking(LIKE_FRANCE)).await;
        assert_eq!(
            status(&one.ask(asking("the capital of France, what is")).await.ok()),
            "semantic-hit"
        );
    }
}

#[tokio::test]
async fn without_vector_search_or_server_each_finds_its_own() {
    let Some(mut process) = Process::start(&[]).await else {
        return;
    };
    if process.searches_vectors() {
        eprintln!("skipped: this redis-server searches vectors");
        return;
    }
    let [one, other] = replicas(&process, 0).await;
    keep(&one, asking(FRANCE)).await;
    assert_eq!(status(&one.ask(asking(LIKE_FRANCE)).await.ok()), "semantic-hit");
    assert_eq!(status(&other.ask(asking(LIKE_FRANCE)).await.ok()), "miss");
    process.kill();
    assert_eq!(status(&one.ask(asking(LIKE_FRANCE)).await.ok()), "miss");
}
