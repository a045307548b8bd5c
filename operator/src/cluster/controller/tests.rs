//! What must not reach data planes before everything is known. The API server is a closed port: what watches would tell
//! is told by the tests.

use std::collections::BTreeMap;

use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;
use serde_json::json;
use tokio::task::yield_now;
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::ObjectName;

use super::referred::FETCHING;
use super::*;
use crate::cluster::named::Fetched;
use crate::object::SecretEntry;

/// A controller that leads, and both ends of what it is told and tells.
struct Bench {
    changes: mpsc::Sender<Change>,
    identity: watch::Sender<Option<Arc<Identity>>>,
    bundles: watch::Receiver<Option<Arc<Bundle>>>,
    lacks: watch::Receiver<Option<String>>,
    _leading: watch::Sender<bool>,
    _running: tokio_util::sync::DropGuard,
}

impl Bench {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nowhere = kube::Config::new("http://127.0.0.1:1".parse().expect("a URL"));
        let client = kube::Client::try_from(nowhere).expect("a client");
        let metrics = Arc::new(Metrics::default());
        let (changes, changed) = mpsc::channel(16);
        // What the watches of what is referred to would tell goes nowhere: they find a closed port.
        let (unheard, _) = mpsc::channel(1);
        let (leading, leads) = watch::channel(true);
        let (identity, own) = watch::channel(None);
        let (offered, bundles) = watch::channel(None);
        let (lacking, lacks) = watch::channel(None);
        let inputs = Inputs {
            changes: changed,
            leading: leads,
            identity: own,
        };
        let outputs = Outputs {
            named: NamedWatches::new(client.clone(), unheard, Arc::clone(&metrics)),
            bundles: offered,
            fleet: Fleet::default(),
            scribe: Scribe::new(client, "a test"),
            lacks: lacking,
            metrics,
        };
        let shutdown = CancellationToken::new();
        tokio::spawn(Controller::new(inputs, outputs, &[]).run(shutdown.clone()));
        Self {
            changes,
            identity,
            bundles,
            lacks,
            _leading: leading,
            _running: shutdown.drop_guard(),
        }
    }

    async fn tell(&self, change: Change) {
        self.changes.send(change).await.expect("it listens");
    }

    /// Lists without anything but this key.
    async fn list(&self, key: serde_json::Value) {
        let key = serde_json::from_value::<DeserializeGuard<_>>(key).expect("a key");
        self.tell(Change::Key(None, Event::Init)).await;
        self.tell(Change::Key(None, Event::InitApply(key))).await;
        self.tell(Change::Key(None, Event::InitDone)).await;
        self.tell(Change::Route(None, Event::InitDone)).await;
        self.tell(Change::Policy(None, Event::InitDone)).await;
        self.tell(Change::Namespace(None, Event::InitDone)).await;
        self.settle().await;
    }

    /// Until the controller has nothing left to do now.
    async fn settle(&self) {
        for _ in 0..100 {
            yield_now().await;
        }
    }

    fn offered(&self) -> Option<usize> {
        self.bundles.borrow().as_ref().map(|bundle| bundle.len())
    }
}

fn key(generation: i64, secret: &str) -> serde_json::Value {
    json!({
        "apiVersion": "wayleave.dev/v1alpha1",
        "kind": "ProviderKey",
        "metadata": {"namespace": "team", "name": "openai", "uid": "1", "generation": generation},
        "spec": {"provider": "OpenAI", "secretRefs": [{"name": secret, "key": "apiKey"}]},
    })
}

fn told(secret: &str) -> Change {
    let entries = BTreeMap::from([("apiKey".to_owned(), SecretEntry::Text(Secret::new("sk-1")))]);
    let name = ObjectName::new("team", secret);
    Change::Referred(ObjectRef::new(Kind::Secret, name), Fetched::Secret(entries))
}

fn certificate() -> Arc<Identity> {
    Arc::new(Identity {
        name: ObjectName::new("own", "ext-proc"),
        chain: Arc::from("PEM"),
        key: Secret::new("KEY"),
    })
}

#[tokio::test(start_paused = true)]
async fn nothing_is_offered_before_every_reference_is_known() {
    let bench = Bench::start();
    bench.list(key(1, "keys")).await;
    // However long that takes, and whatever else comes.
    tokio::time::sleep(FETCHING * 10).await;
    bench.identity.send_replace(Some(certificate()));
    bench.settle().await;
    assert_eq!(bench.offered(), None);
    let lacks = bench.lacks.borrow().clone().unwrap_or_default();
    assert!(lacks.contains("has come yet"), "{lacks}");

    bench.tell(told("keys")).await;
    bench.settle().await;
    assert_eq!(bench.offered(), Some(2), "the key and the certificate");
    assert_eq!(*bench.lacks.borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_stays_unknown_leaves_the_last_good_version() {
    let bench = Bench::start();
    bench.list(key(1, "keys")).await;
    bench.tell(told("keys")).await;
    bench.settle().await;
    let before = bench.bundles.borrow().clone().expect("a bundle");

    let edited = serde_json::from_value(key(2, "others")).expect("a key");
    bench.tell(Change::Key(None, Event::Apply(edited))).await;
    bench.settle().await;
    tokio::time::sleep(FETCHING * 2).await;
    bench.settle().await;
    assert_eq!(
        bench.bundles.borrow().as_ref(),
        Some(&before),
        "what was good stays"
    );

    bench.tell(told("others")).await;
    bench.settle().await;
    assert_ne!(bench.bundles.borrow().as_ref(), Some(&before));
}
