//! Similar requests, found by all replicas.

use super::process::By;
use super::*;
use crate::cache::store::index::MOST_IN_GROUP;
use crate::cache::store::{Item, Vector};

pub(super) fn item(request: usize, words: &str, numbers: &[f32]) -> Item {
    Item {
        request: key("", "", request).request,
        words: words.into(),
        vector: vector(numbers),
    }
}

fn vector(numbers: &[f32]) -> Vector {
    Vector::new(numbers.to_vec()).unwrap()
}

pub(super) fn group(client: &str) -> Key {
    key("a/r", client, 0)
}

impl Opened {
    pub(super) async fn put_up(&self, group: &Key, item: Item) {
        self.put_up_for(group, item, LONG).await;
    }

    pub(super) async fn put_up_for(&self, group: &Key, item: Item, ttl: Duration) {
        self.store.put_up(group, item, ttl, self.store.ask()).await;
    }

    /// Words and similarities, best first.
    async fn near(&self, group: &Key, numbers: &[f32], least: f64) -> Vec<(String, f64)> {
        let found = self.store.nearest(group, &vector(numbers), least).await;
        found
            .into_iter()
            .map(|found| (found.words.to_string(), (found.similarity * 1e4).round() / 1e4))
            .collect()
    }

    pub(super) async fn words(&self, group: &Key, numbers: &[f32]) -> Vec<String> {
        let found = self.near(group, numbers, 0.9).await;
        found.into_iter().map(|(words, _)| words).collect()
    }

    fn shares(&self, shared: u8) -> bool {
        let line = format!("cache_semantic_shared{{policy=\"a/policy\"}} {shared}\n");
        self.metrics.text().contains(&line)
    }
}

#[tokio::test]
async fn what_one_puts_up_the_other_finds_and_says_how_similar() {
    for process in Process::start_with_each().await {
        for protocol in ["", "?protocol=resp3"] {
            let url = process.url() + protocol;
            let (one, other) = (connected(spec(&url)).await, connected(spec(&url)).await);
            one.put_up(&group("a"), item(1, "same", &[2.0, 0.0])).await;
            one.put_up(&group("a"), item(2, "near", &[4.0, 3.0])).await;
            one.put_up(&group("a"), item(3, "across", &[0.0, 1.0])).await;
            one.put_up(&group("a"), item(4, "against", &[-1.0, 0.0])).await;
            let wanted = |count: usize| {
                let all = [("same", 1.0), ("near", 0.8), ("across", 0.0), ("against", -1.0)];
                all[..count]
                    .iter()
                    .map(|(words, near)| ((*words).to_owned(), *near))
                    .collect::<Vec<_>>()
            };
            assert_eq!(other.near(&group("a"), &[1.0, 0.0], -1.0).await, wanted(4));
            assert_eq!(other.near(&group("a"), &[1.0, 0.0], 0.8).await, wanted(2));
            assert_eq!(other.near(&group("a"), &[1.0, 0.0], 1.0).await, wanted(1));
            // In place of the older one.
            other.put_up(&group("a"), item(1, "moved", &[0.0, 1.0])).await;
            assert_eq!(one.words(&group("a"), &[1.0, 0.0]).await, Vec::<String>::new());
            assert!(
                one.words(&group("a"), &[0.0, 1.0])
                    .await
                    .contains(&"moved".to_owned())
            );
            for opened in [&one, &other] {
                assert!(opened.shares(1));
                assert!(!opened.failed("search", "refused") && !opened.failed("index", "refused"));
            }
            let text = one.metrics.text();
            for operation in ["search", "index"] {
                let count = format!("cache_store_seconds_count{{store=\"redis\",operation=\"{operation}\"}}");
                assert!(text.contains(&count), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_finds_what_is_of_another_group() {
    for process in Process::start_with_each().await {
        let (one, other) = (
            connected(spec(&process.url())).await,
            connected(spec(&process.url())).await,
        );
        one.put_up(&group("a"), item(1, "mine", &[1.0, 0.0])).await;
        for not_mine in [group("b"), key("a/r2", "a", 0), key("a/r", "a", 1)] {
            assert_eq!(other.near(&not_mine, &[1.0, 0.0], -1.0).await, [], "{not_mine}");
        }
        assert_eq!(other.words(&group("a"), &[1.0, 0.0]).await, ["mine"]);
    }
}

#[tokio::test]
async fn what_is_forgotten_or_over_is_not_found() {
    for process in Process::start_with_each().await {
        let (one, other) = (
            connected(spec(&process.url())).await,
            connected(spec(&process.url())).await,
        );
        let along = [1.0, 0.0];
        for client in ["a", "b"] {
            for request in [1, 2] {
                one.put(&key("a/r", client, request)).await;
                one.put_up(&group(client), item(request, &request.to_string(), &along))
                    .await;
            }
        }
        one.store.take_down(&group("a"), key("", "", 1).request);
        until("it is taken down", async || {
            (other.words(&group("a"), &along).await == ["2"]).then_some(())
        })
        .await;
        // Only answers count.
        assert_eq!(one.store.purge(&Purge::Scope(group("a").scope)).await, Ok(2));
        assert_eq!(other.words(&group("a"), &along).await, Vec::<String>::new());
        assert_eq!(other.words(&group("b"), &along).await.len(), 2);
        assert_eq!(one.store.purge(&Purge::Route(Arc::from("a/r"))).await, Ok(2));
        assert_eq!(one.words(&group("b"), &along).await, Vec::<String>::new());
        let raw = raw(&process.url()).await;
        assert_eq!(names(&raw).await, 0);

        let short = Duration::from_millis(30);
        one.put_up_for(&group("a"), item(1, "short", &along), short).await;
        until("its time is over", async || {
            other.words(&group("a"), &along).await.is_empty().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_set_is_bounded() {
    let Some(process) = Process::start_with(By::VectorSets, &[]).await else {
        return;
    };
    let opened = connected(spec(&process.url())).await;
    let raw = raw(&process.url()).await;
    for request in 0..MOST_IN_GROUP + 20 {
        opened
            .put_up(&group("a"), item(request, "words", &[1.0, 0.5]))
            .await;
    }
    let held: usize = raw
        .ask(cmd("VCARD").arg(name::of_group(&group("a"))))
        .await
        .unwrap();
    assert_eq!(held, MOST_IN_GROUP);
    // An answer that lives shorter than the others does not take them along.
    let short = Duration::from_secs(60);
    opened
        .put_up_for(&group("a"), item(0, "words", &[1.0, 0.5]), short)
        .await;
    let left: i64 = raw
        .ask(cmd("PTTL").arg(name::of_group(&group("a"))))
        .await
        .unwrap();
    assert!(u128::from(left.unsigned_abs()) > short.as_millis() && left > 0);
    assert!(Duration::from_millis(left.unsigned_abs()) <= LONG);
}

#[tokio::test]
async fn what_others_put_into_a_set_is_not_found_and_fails_nobody() {
    let Some(process) = Process::start_with(By::VectorSets, &[]).await else {
        return;
    };
    let url = process.url();
    let (opened, raw) = (connected(spec(&url)).await, raw(&url).await);
    let name = name::of_group(&group("a"));
    let add = |element: &str, attribute: Option<&str>| {
        let mut add = cmd("VADD");
        add.arg(&name)
            .arg("FP32")
            .arg(vector(&[1.0, 0.0]).to_le_bytes())
            .arg(element);
        if let Some(attribute) = attribute {
            add.arg("SETATTR").arg(attribute);
        }
        add
    };
    let digest = key("", "", 7).request.to_string();
    for (element, attribute) in [
        ("garbage", Some("{\"words\":\"w\"}")),
        (&*digest, None),
        (&*digest, Some("garbage")),
        (&*digest, Some("{\"words\":7}")),
    ] {
        let () = raw.ask(cmd("DEL").arg(&name)).await.unwrap();
        let () = raw.ask(&add(element, attribute)).await.unwrap();
        assert_eq!(
            opened.near(&group("a"), &[1.0, 0.0], -1.0).await,
            [],
            "{element} {attribute:?}"
        );
    }
    // Where the server refuses, what this process knows is found: vectors of another model, and what is no set.
    opened
        .put_up(&group("a"), item(1, "other", &[1.0, 0.0, 0.0]))
        .await;
    assert_eq!(opened.words(&group("a"), &[1.0, 0.0, 0.0]).await, ["other"]);
    let () = raw.ask(cmd("SET").arg(&name).arg("garbage")).await.unwrap();
    opened.put_up(&group("a"), item(2, "own", &[1.0, 0.0])).await;
    assert_eq!(opened.words(&group("a"), &[1.0, 0.0]).await, ["own"]);
    assert!(opened.failed("search", "refused") && opened.failed("index", "refused"));
}

#[tokio::test]
async fn where_the_server_searches_no_vectors_each_finds_its_own() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    if process.searches_vectors() {
        eprintln!("skipped: this redis-server searches vectors");
        return;
    }
    each_finds_its_own(spec(&process.url())).await;
}

#[tokio::test]
async fn an_encrypted_store_gets_no_vectors() {
    for process in Process::start_with_each().await {
        each_finds_its_own(encrypted(&process.url(), 7)).await;
        let left: Vec<String> = raw(&process.url()).await.ask(cmd("KEYS").arg("*")).await.unwrap();
        assert_eq!(left, Vec::<String>::new());
    }
}

pub(super) async fn each_finds_its_own(spec: RedisStore) {
    let (one, other) = (connected(spec.clone()).await, connected(spec).await);
    one.put_up(&group("a"), item(1, "own", &[1.0, 0.0])).await;
    assert_eq!(one.words(&group("a"), &[1.0, 0.0]).await, ["own"]);
    assert_eq!(other.words(&group("a"), &[1.0, 0.0]).await, Vec::<String>::new());
    assert!(one.shares(0));
    for operation in ["search", "index"] {
        assert!(!one.failed(operation, "refused") && !one.failed(operation, "down"));
    }
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_what_this_process_knows() {
    for mut process in Process::start_with_each().await {
        let (one, other) = (
            connected(spec(&process.url())).await,
            connected(spec(&process.url())).await,
        );
        let along = [1.0, 0.0];
        one.put_up(&group("a"), item(1, "before", &along)).await;
        process.kill();
        assert_eq!(one.words(&group("a"), &along).await, ["before"]);
        one.put_up(&group("a"), item(2, "meanwhile", &along)).await;
        assert_eq!(one.words(&group("a"), &along).await.len(), 2);
        assert_eq!(other.words(&group("a"), &along).await, Vec::<String>::new());
        process.restart().await;
        for opened in [&one, &other] {
            opened.answers().await;
        }
        one.put_up(&group("a"), item(3, "after", &along)).await;
        assert_eq!(other.words(&group("a"), &along).await, ["after"]);
    }
}
