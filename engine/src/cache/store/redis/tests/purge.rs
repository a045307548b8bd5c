//! What is forgotten, by whatever replica, while others put.

use super::vectors::{group, item};
use super::*;

const ALONG: [f32; 2] = [1.0, 0.0];

/// Two that have the same server.
async fn two(process: &Process) -> [Opened; 2] {
    [
        connected(spec(&process.url())).await,
        connected(spec(&process.url())).await,
    ]
}

fn purges(of: &Key) -> [Purge; 3] {
    [
        Purge::Key(of.clone()),
        Purge::Scope(of.scope.clone()),
        Purge::Route(of.scope.route.clone()),
    ]
}

#[tokio::test]
async fn what_was_asked_for_before_a_purge_is_not_kept_after_it() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let [one, other] = two(&process).await;
    let (mine, others) = (key("a/r", "one", 1), key("a/r2", "one", 1));
    for purge in purges(&mine) {
        let asked = other.store.ask();
        assert_eq!(one.store.purge(&purge).await, Ok(0));
        let put = other.store.put(&mine, entry(), LONG, asked).await;
        assert_eq!(put, Put::Purged, "{purge:?}");
        assert_eq!(one.store.get(&mine).await, Lookup::Missing, "{purge:?}");
        let put = other.store.put(&others, entry(), LONG, asked).await;
        assert_eq!(put, Put::Kept, "{purge:?}");
        // A server that answers late makes the note look younger, for a moment.
        until("what is asked for now is kept", async || {
            let put = other.store.put(&mine, entry(), LONG, other.store.ask()).await;
            (put == Put::Kept).then_some(())
        })
        .await;
        assert_eq!(one.store.get(&mine).await, Lookup::Found(entry()));
        assert_eq!(one.store.purge(&Purge::Key(mine.clone())).await, Ok(1));
    }
}

#[tokio::test]
async fn a_note_is_no_entry_and_outlives_every_call() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let opened = connected(spec(&process.url())).await;
    let raw = raw(&process.url()).await;
    let one = key("a/r", "one", 1);
    // The last of them leaves the notes of the others where they are.
    for purge in purges(&one) {
        assert_eq!(opened.store.purge(&purge).await, Ok(0));
    }
    for note in name::of_purges(&one) {
        let left: i64 = raw.ask(cmd("PTTL").arg(&note)).await.unwrap();
        let left = Duration::from_millis(left.unsigned_abs());
        assert!(left > Duration::from_secs(24 * 3600), "{note}: {left:?}");
    }
    assert_eq!(names(&raw).await, 0);
}

#[tokio::test]
async fn a_server_that_may_not_be_asked_for_notes_keeps_all_the_same() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let opened = connected(spec(&process.url())).await;
    let raw = raw(&process.url()).await;
    let () = raw
        .ask(cmd("ACL").arg("SETUSER").arg("default").arg("-EXISTS"))
        .await
        .unwrap();
    let one = key("a/r", "one", 1);
    opened.put(&one).await;
    assert_eq!(opened.store.get(&one).await, Lookup::Found(entry()));
    assert!(opened.failed("put", "credentials"));
}

#[tokio::test]
async fn words_that_were_asked_for_before_a_purge_are_not_found_after_it() {
    for process in Process::start_with_each().await {
        let [one, other] = two(&process).await;
        for purge in purges(&key("a/r", "a", 1)) {
            let asked = other.store.ask();
            assert_eq!(one.store.purge(&purge).await, Ok(0));
            let late = item(1, "late", &ALONG);
            other.store.put_up(&group("a"), late, LONG, asked).await;
            until("they are taken down", async || {
                (names(&raw(&process.url()).await).await == 0).then_some(())
            })
            .await;
            assert_eq!(one.words(&group("a"), &ALONG).await, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn one_answer_takes_its_words_along_whatever_they_are_grouped_with() {
    for process in Process::start_with_each().await {
        let [one, other] = two(&process).await;
        let raw = raw(&process.url()).await;
        let another_group = key("a/r", "a", 7);
        for (group, request) in [
            (group("a"), 1),
            (group("a"), 2),
            (another_group.clone(), 1),
            (group("b"), 1),
        ] {
            other
                .put(&Key {
                    request: key("", "", request).request,
                    ..group.clone()
                })
                .await;
            other
                .put_up(&group, item(request, &request.to_string(), &ALONG))
                .await;
        }
        // What others put there fails nobody.
        let garbage = name::of_group(&key("a/r", "a", 8));
        let () = raw.ask(cmd("SET").arg(garbage).arg("garbage")).await.unwrap();
        assert_eq!(one.store.purge(&Purge::Key(key("a/r", "a", 1))).await, Ok(1));
        for (group, left) in [
            (group("a"), &["2"][..]),
            (another_group, &[]),
            (group("b"), &["1"]),
        ] {
            assert_eq!(one.words(&group, &ALONG).await, left, "{group}");
        }
        assert!(!one.failed("purge", "refused"));
    }
}

#[tokio::test]
async fn a_cluster_forgets_one_answer_and_its_words_and_notes_it_for_all() {
    let Some(nodes) = cluster::nodes(cluster::Program::With(process::By::VectorSets)).await else {
        return;
    };
    let at = |node: usize| RedisStore {
        cluster: true,
        ..spec(&format!("redis://127.0.0.1:{}", nodes[node].port))
    };
    let (one, other) = (connected(at(0)).await, connected(at(1)).await);
    let (mine, asked) = (key("a/r", "a", 1), other.store.ask());
    other.put(&mine).await;
    let groups: Vec<Key> = (0..20).map(|number| key("a/r", "a", number)).collect();
    for group in &groups {
        other.put_up(group, item(1, "mine", &ALONG)).await;
        other.put_up(group, item(2, "sibling", &ALONG)).await;
    }
    assert_eq!(one.store.purge(&Purge::Key(mine.clone())).await, Ok(1));
    for group in &groups {
        assert_eq!(other.words(group, &ALONG).await, ["sibling"]);
    }
    assert_eq!(other.store.put(&mine, entry(), LONG, asked).await, Put::Purged);
    let sibling = key("a/r", "a", 2);
    assert_eq!(other.store.put(&sibling, entry(), LONG, asked).await, Put::Kept);
}
