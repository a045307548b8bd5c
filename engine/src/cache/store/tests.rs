//! A store in memory, while others purge.

use wayleave_core::digest::Digest;

use super::*;
use crate::metrics::Metrics;

const LONG: Duration = Duration::from_secs(3600);

fn store() -> Store {
    let setup = Setup {
        spec: Spec::Memory { max_bytes: 1 << 20 },
        largest: 0,
        similar: false,
    };
    let policy = Label(Arc::from("a/policy"));
    Store::open(&setup, policy, &Ground::default(), Metrics::new().store())
}

fn key(client: &str, request: &str) -> Key {
    let digest = |text: &str| Digest::of([text.as_bytes()]);
    Key {
        scope: Scope {
            route: Arc::from("a/r"),
            client: digest(client),
        },
        request: digest(request),
    }
}

fn vector() -> Vector {
    Vector::new(vec![1.0, 0.0]).expect("a direction")
}

impl Store {
    async fn keep(&self, key: &Key, asked: Asked) -> Put {
        self.put(key, Bytes::from_static(b"an answer"), LONG, asked).await
    }

    /// Puts up the words of a request, and says how many are found.
    async fn sign(&self, key: &Key, asked: Asked) -> usize {
        let group = self::key("a", "around");
        let item = Item {
            request: key.request,
            words: "words".into(),
            vector: vector(),
        };
        self.put_up(&group, item, LONG, asked).await;
        self.nearest(&group, &vector(), 0.9).await.len()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_before_a_purge_is_not_kept_after_it() {
    let store = store();
    let (mine, other) = (key("a", "r"), key("b", "r"));
    for purge in [
        Purge::Key(mine.clone()),
        Purge::Scope(mine.scope.clone()),
        Purge::Route(Arc::from("a/r")),
    ] {
        let asked = store.ask();
        tokio::time::advance(LONG).await;
        assert_eq!(store.purge(&purge).await, Ok(0), "{purge:?}");
        assert_eq!(store.keep(&mine, asked).await, Put::Purged, "{purge:?}");
        assert_eq!(store.get(&mine).await, Lookup::Missing, "{purge:?}");
        assert_eq!(store.sign(&mine, asked).await, 0, "{purge:?}");
        let all = matches!(purge, Purge::Route(_));
        let others = if all { Put::Purged } else { Put::Kept };
        assert_eq!(store.keep(&other, asked).await, others, "{purge:?}");

        let asked = store.ask();
        assert_eq!(store.keep(&mine, asked).await, Put::Kept, "{purge:?}");
        assert_eq!(store.sign(&mine, asked).await, 1, "{purge:?}");
        let forgotten = store.purge(&Purge::Route(Arc::from("a/r"))).await;
        assert_eq!(forgotten, Ok(if all { 1 } else { 2 }), "{purge:?}");
    }
}
