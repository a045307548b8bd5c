//! Similar requests, in a server with the search module.

use std::collections::BTreeMap;

use redis::Value;

use super::process::By;
use super::vectors::{group, item};
use super::*;
use crate::cache::store::index::MOST_IN_GROUP;

const ALONG: [f32; 2] = [1.0, 0.0];

async fn start() -> Option<(Process, Opened, Wire)> {
    let process = Process::start_with(By::SearchModule, &[]).await?;
    let (opened, raw) = (connected(spec(&process.url())).await, raw(&process.url()).await);
    Some((process, opened, raw))
}

/// The name of an item of group `a`, and what it holds.
async fn held(raw: &Wire, request: usize) -> (String, BTreeMap<String, Vec<u8>>) {
    let name = name::of_item(&group("a"), key("", "", request).request);
    let fields = raw.ask(cmd("HGETALL").arg(&name)).await.unwrap();
    (name, fields)
}

async fn count(raw: &Wire) -> usize {
    raw.ask(&cmd("DBSIZE")).await.unwrap()
}

impl Opened {
    fn refused(&self) -> bool {
        self.failed("search", "refused") || self.failed("index", "refused")
    }
}

#[tokio::test]
async fn a_group_of_hashes_is_bounded_and_each_lives_as_long_as_its_answer() {
    let Some((_process, opened, raw)) = start().await else {
        return;
    };
    opened.put_up(&group("a"), item(0, "words", &[1.0, 0.5])).await;
    let (_, fields) = held(&raw, 0).await;
    // It says that it is of the group, but not by its name: it is counted, and left where it is.
    let mut foreign = cmd("HSET");
    foreign.arg("wayleave:1:foreign");
    for (field, value) in fields {
        foreign.arg(field).arg(value);
    }
    let () = raw.ask(&foreign).await.unwrap();
    for request in 1..MOST_IN_GROUP + 20 {
        opened
            .put_up(&group("a"), item(request, "words", &[1.0, 0.5]))
            .await;
    }
    assert_eq!(count(&raw).await, MOST_IN_GROUP);
    let left: usize = raw.ask(cmd("EXISTS").arg("wayleave:1:foreign")).await.unwrap();
    assert_eq!(left, 1);
    opened.put_up(&group("b"), item(0, "words", &[1.0, 0.5])).await;
    assert_eq!(count(&raw).await, MOST_IN_GROUP + 1);

    let short = Duration::from_secs(60);
    let again = item(MOST_IN_GROUP + 19, "words", &[1.0, 0.5]);
    for (ttl, above) in [(short, 0), (LONG, short.as_millis())] {
        opened.put_up_for(&group("a"), again.clone(), ttl).await;
        let (name, _) = held(&raw, MOST_IN_GROUP + 19).await;
        let left: i64 = raw.ask(cmd("PTTL").arg(name)).await.unwrap();
        assert!(left > 0 && u128::from(left.unsigned_abs()) > above);
        assert!(Duration::from_millis(left.unsigned_abs()) <= ttl);
    }
    assert!(!opened.refused());
}

#[tokio::test]
async fn an_index_that_is_gone_is_made_again_of_what_is_there() {
    let Some((_process, opened, raw)) = start().await else {
        return;
    };
    assert_eq!(opened.words(&group("a"), &ALONG).await, Vec::<String>::new());
    opened.put_up(&group("a"), item(1, "before", &ALONG)).await;
    let () = raw
        .ask(cmd("FT.DROPINDEX").arg(name::of_index(ALONG.len())))
        .await
        .unwrap();
    // The module reads through all names, behind everybody's back.
    until("the other is found again", async || {
        (opened.words(&group("a"), &ALONG).await == ["before"]).then_some(())
    })
    .await;
    let () = raw.ask(&cmd("FLUSHALL")).await.unwrap();
    opened.put_up(&group("a"), item(2, "after", &ALONG)).await;
    assert_eq!(opened.words(&group("a"), &ALONG).await, ["after"]);
    assert!(!opened.refused());
}

#[tokio::test]
async fn vectors_of_several_models_lie_side_by_side() {
    let Some((_process, opened, raw)) = start().await else {
        return;
    };
    let other = [1.0, 0.0, 0.0];
    opened.put_up(&group("a"), item(1, "two", &ALONG)).await;
    opened.put_up(&group("a"), item(2, "three", &other)).await;
    assert_eq!(opened.words(&group("a"), &ALONG).await, ["two"]);
    assert_eq!(opened.words(&group("a"), &other).await, ["three"]);
    for dimensions in [ALONG.len(), other.len()] {
        let index = name::of_index(dimensions);
        let told: BTreeMap<String, Value> = raw.ask(cmd("FT.INFO").arg(index)).await.unwrap();
        let failures: String = redis::from_redis_value(told["hash_indexing_failures"].clone()).unwrap();
        assert_eq!(failures, "0");
    }
    assert!(!opened.refused());
}

#[tokio::test]
async fn what_others_put_into_hashes_is_not_found_and_fails_nobody() {
    let Some((process, opened, raw)) = start().await else {
        return;
    };
    opened.put_up(&group("a"), item(1, "own", &ALONG)).await;
    let (name, fields) = held(&raw, 1).await;
    let put = async |name: &str, words: Option<&[u8]>| {
        let mut put = cmd("HSET");
        put.arg(name);
        for (field, value) in fields.iter().filter(|(field, _)| *field != "words") {
            put.arg(field).arg(value);
        }
        if let Some(words) = words {
            put.arg("words").arg(words);
        }
        let () = raw.ask(&put).await.unwrap();
    };
    let other = |client| name::of_item(&group(client), key("", "", 2).request);
    put(&other("a"), None).await;
    put(&name::of_item(&group("a"), key("", "", 3).request), Some(b"\xff")).await;
    put(&other("b"), Some(b"of another client")).await;
    put("wayleave:1:garbage:similar", Some(b"garbage")).await;
    put(&format!("{}:x:similar", name::of(&group("a"))), Some(b"garbage")).await;
    for protocol in ["", "?protocol=resp3"] {
        let opened = connected(spec(&(process.url() + protocol))).await;
        // At most four are found, some of which cannot be read.
        until("only what is sound is found", async || {
            let words = opened.words(&group("a"), &ALONG).await;
            assert!(words.iter().all(|words| words == "own"), "{words:?}");
            let () = raw
                .ask(cmd("UNLINK").arg(other("a")).arg(other("b")))
                .await
                .unwrap();
            (words == ["own"]).then_some(())
        })
        .await;
    }
    // What is no hash is left.
    let () = raw.ask(cmd("SET").arg(&name).arg("garbage")).await.unwrap();
    opened.put_up(&group("a"), item(1, "own", &ALONG)).await;
    let text: String = raw.ask(cmd("GET").arg(&name)).await.unwrap();
    assert_eq!(text, "garbage");
    assert!(opened.failed("index", "refused") && !opened.failed("search", "refused"));
}

#[tokio::test]
async fn where_searching_is_not_allowed_each_finds_its_own() {
    let Some((process, opened, raw)) = start().await else {
        return;
    };
    let () = raw
        .ask(cmd("ACL").arg("SETUSER").arg("default").arg("-FT.SEARCH"))
        .await
        .unwrap();
    opened.put_up(&group("a"), item(1, "own", &ALONG)).await;
    assert_eq!(opened.words(&group("a"), &ALONG).await, ["own"]);
    assert!(opened.failed("search", "credentials") && opened.failed("index", "credentials"));
    let other = connected(spec(&process.url())).await;
    assert_eq!(other.words(&group("a"), &ALONG).await, Vec::<String>::new());
    assert_eq!(count(&raw).await, 0);
}

#[tokio::test]
async fn vector_sets_are_preferred() {
    let Some(program) = By::SearchModule.program() else {
        return;
    };
    let module = program.with_file_name("redisearch.so");
    let arguments = ["--loadmodule", module.to_str().unwrap()];
    let Some(process) = Process::start_with(By::VectorSets, &arguments).await else {
        return;
    };
    let (opened, raw) = (connected(spec(&process.url())).await, raw(&process.url()).await);
    opened.put_up(&group("a"), item(1, "own", &ALONG)).await;
    let kind: String = raw
        .ask(cmd("TYPE").arg(name::of_group(&group("a"))))
        .await
        .unwrap();
    assert_eq!(kind, "vectorset");
}
