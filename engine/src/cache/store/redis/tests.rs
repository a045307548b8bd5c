//! Against real servers.

pub(crate) mod cluster;
mod outage;
pub(crate) mod process;
mod purge;
mod search;
mod tls;
mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wayleave_core::cache::key::Scope;
use wayleave_core::digest::Digest;
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::cache::Store as Spec;

use self::process::{Process, until};
use super::server::Wire;
use super::*;
use crate::cache::store::{Purge, PurgeError, Put, Store};
use crate::metrics::Metrics;

const LONG: Duration = Duration::from_secs(3600);
/// On a machine that builds at the same time, 50 ms may pass without any fault of the server.
const PATIENT: Duration = Duration::from_secs(20);
const LARGEST: usize = 1 << 20;
const TEXT: &str = "an answer that others should not read";

/// A store and what it counts.
struct Opened {
    store: Store,
    metrics: Arc<Metrics>,
}

fn spec(url: &str) -> RedisStore {
    RedisStore {
        url: Secret::new(url),
        cluster: false,
        ca_pem: None,
        timeout: PATIENT,
        encryption_key: None,
    }
}

fn encrypted(url: &str, fill: u8) -> RedisStore {
    RedisStore {
        encryption_key: Some(Secret::new(STANDARD.encode([fill; 32]))),
        ..spec(url)
    }
}

fn setup(spec: RedisStore) -> Setup {
    Setup {
        spec: Spec::Redis(Arc::new(spec)),
        largest: LARGEST,
        similar: true,
    }
}

/// Opens a store that may not be reachable.
fn open(spec: RedisStore) -> Opened {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let metrics = Metrics::new();
    let policy = Label(Arc::from("a/policy"));
    let store = Store::open(&setup(spec), policy, &Ground::default(), metrics.store());
    Opened { store, metrics }
}

/// Opens a store and waits until it is connected.
async fn connected(spec: RedisStore) -> Opened {
    let opened = open(spec);
    opened.answers().await;
    opened
}

impl Opened {
    async fn answers(&self) {
        until("the store answers", async || {
            (self.store.get(&key("a/none", "none", 0)).await != Lookup::Unavailable).then_some(())
        })
        .await;
    }

    async fn put(&self, key: &Key) {
        self.put_for(key, entry(), LONG).await;
    }

    async fn put_for(&self, key: &Key, entry: Bytes, ttl: Duration) {
        assert_eq!(self.store.put(key, entry, ttl, self.store.ask()).await, Put::Kept);
    }

    /// How often this was counted.
    fn failures(&self, operation: &str, reason: &str) -> u64 {
        let labels = format!("operation=\"{operation}\",reason=\"{reason}\"}} ");
        let text = self.metrics.text();
        let count = text.lines().find_map(|line| Some(line.split_once(&labels)?.1));
        count.map_or(0, |count| count.parse().unwrap())
    }

    fn failed(&self, operation: &str, reason: &str) -> bool {
        self.failures(operation, reason) > 0
    }
}

fn key(route: &str, client: &str, request: usize) -> Key {
    Key {
        scope: Scope {
            route: Arc::from(route),
            client: Digest::of([client.as_bytes()]),
        },
        request: Digest::of([request.to_be_bytes().as_slice()]),
    }
}

fn entry() -> Bytes {
    Bytes::from_static(TEXT.as_bytes())
}

/// How many names there are, notes of purges left out.
async fn names(raw: &Wire) -> usize {
    let all: Vec<String> = raw.ask(cmd("KEYS").arg("*")).await.unwrap();
    let notes = all.iter().filter(|name| name.starts_with("wayleave:1:purged/"));
    all.len() - notes.count()
}

/// A connection past the store.
async fn raw(url: &str) -> Wire {
    Server::new(&spec(url)).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn keeps_the_last_entry_of_each_key_until_its_time_is_over() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let opened = connected(spec(&process.url())).await;
    let store = &opened.store;
    let one = key("a/r", "one", 1);
    assert_eq!(store.get(&one).await, Lookup::Missing);
    opened.put_for(&one, Bytes::from_static(b"first"), LONG).await;
    opened.put(&one).await;
    assert_eq!(store.get(&one).await, Lookup::Found(entry()));
    // Another process sees it.
    let other = connected(spec(&process.url())).await;
    assert_eq!(other.store.get(&one).await, Lookup::Found(entry()));
    assert_eq!(other.store.get(&key("a/r", "two", 1)).await, Lookup::Missing);
    opened.put_for(&one, entry(), Duration::from_millis(30)).await;
    until("the entry ends", async || {
        (store.get(&one).await == Lookup::Missing).then_some(())
    })
    .await;
    let metrics = opened.metrics.text();
    for operation in ["get", "put"] {
        let count = format!("cache_store_seconds_count{{store=\"redis\",operation=\"{operation}\"}}");
        assert!(metrics.contains(&count), "{metrics}");
    }
}

#[tokio::test]
async fn forgets_what_it_is_told_to_and_nothing_else() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let opened = connected(spec(&process.url())).await;
    let store = &opened.store;
    // More than one step of a purge looks at.
    for number in 0..super::purge::STEP + 50 {
        opened.put(&key("a/r", "one", number)).await;
    }
    for number in 0..10 {
        opened.put(&key("a/r", "two", number)).await;
        opened.put(&key("a/r2", "one", number)).await;
    }
    let one = key("a/r", "one", 7);
    assert_eq!(store.purge(&Purge::Key(one.clone())).await, Ok(1));
    assert_eq!(store.purge(&Purge::Key(one.clone())).await, Ok(0));
    assert_eq!(store.get(&one).await, Lookup::Missing);
    assert_eq!(
        store.purge(&Purge::Scope(one.scope)).await,
        Ok(super::purge::STEP as u64 + 49)
    );
    assert_eq!(store.get(&key("a/r", "two", 7)).await, Lookup::Found(entry()));
    assert_eq!(store.purge(&Purge::Route(Arc::from("a/r"))).await, Ok(10));
    assert_eq!(store.get(&key("a/r2", "one", 7)).await, Lookup::Found(entry()));
    assert_eq!(store.purge(&Purge::Route(Arc::from("*"))).await, Ok(0));
}

#[tokio::test]
async fn encrypted_entries_are_unreadable_without_their_key() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let url = process.url();
    let opened = connected(encrypted(&url, 7)).await;
    let (one, two) = (key("a/r", "one", 1), key("a/r", "two", 1));
    opened.put(&one).await;
    assert_eq!(opened.store.get(&one).await, Lookup::Found(entry()));
    let raw = raw(&url).await;
    let lies: Vec<u8> = raw.ask(cmd("GET").arg(name::of(&one))).await.unwrap();
    assert!(!String::from_utf8_lossy(&lies).contains("answer"));
    for other in [encrypted(&url, 8), spec(&url)] {
        let other = connected(other).await;
        assert_eq!(other.store.get(&one).await, Lookup::Missing);
        assert!(other.failed("get", "sealed"));
    }
    // Whoever can write there cannot give one client the answer of another.
    let () = raw
        .ask(cmd("COPY").arg(name::of(&one)).arg(name::of(&two)))
        .await
        .unwrap();
    assert_eq!(opened.store.get(&two).await, Lookup::Missing);
}

#[tokio::test]
async fn what_no_store_put_there_is_a_miss_and_can_be_replaced() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let url = process.url();
    let raw = raw(&url).await;
    let one = key("a/r", "one", 1);
    let name = name::of(&one);
    let put = [
        cmd("SET").arg(&name).arg("garbage").to_owned(),
        cmd("SET").arg(&name).arg("").to_owned(),
        cmd("SET")
            .arg(&name)
            .arg(vec![0_u8; LARGEST + seal::OVERHEAD + 1])
            .to_owned(),
        cmd("HSET").arg(&name).arg("field").arg("value").to_owned(),
    ];
    for opened in [connected(spec(&url)).await, connected(encrypted(&url, 7)).await] {
        for command in &put {
            let () = raw.ask(cmd("DEL").arg(&name)).await.unwrap();
            let () = raw.ask(command).await.unwrap();
            assert_eq!(opened.store.get(&one).await, Lookup::Missing);
            opened.put(&one).await;
            assert_eq!(opened.store.get(&one).await, Lookup::Found(entry()));
        }
        for reason in ["sealed", "oversized", "refused"] {
            assert!(opened.failed("get", reason), "{reason}");
        }
        let largest = Bytes::from(vec![7; LARGEST]);
        opened.put_for(&one, largest.clone(), LONG).await;
        assert_eq!(opened.store.get(&one).await, Lookup::Found(largest));
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_store_that_misses_and_says_nothing_of_it() {
    let Some(process) = Process::start(&["--requirepass", "right-password"]).await else {
        return;
    };
    let wrong = open(spec(&format!("{}?pass=wrong-password", process.url())));
    let one = key("a/r", "one", 1);
    assert_eq!(wrong.store.get(&one).await, Lookup::Unavailable);
    until("it is refused", async || {
        wrong.failed("connect", "credentials").then_some(())
    })
    .await;
    wrong.put(&one).await;
    assert_eq!(wrong.store.get(&one).await, Lookup::Unavailable);
    assert_eq!(
        wrong.store.purge(&Purge::Key(one.clone())).await,
        Err(PurgeError::Unavailable)
    );
    assert!(wrong.failed("get", "down"));
    let none = open(spec(&process.url()));
    until("it is refused", async || {
        none.failed("connect", "credentials").then_some(())
    })
    .await;
    let right = connected(spec(&format!("{}?pass=right-password", process.url()))).await;
    right.put(&one).await;
    assert_eq!(right.store.get(&one).await, Lookup::Found(entry()));
    for opened in [wrong, right] {
        let shown = format!("{:?}{}", opened.store, opened.metrics.text());
        assert!(!shown.contains("-password"), "{shown}");
    }
}

#[test]
fn no_command_waits_for_the_acknowledgement_of_another() {
    let Ok(Server::Single(client)) = Server::new(&spec("redis://localhost")) else {
        panic!("it is a server");
    };
    let settings = client.get_connection_info().tcp_settings().clone();
    assert!(settings.nodelay() && settings.keepalive().is_some());
}

#[tokio::test]
async fn what_cannot_be_used_as_described_misses() {
    let bad_key = RedisStore {
        encryption_key: Some(Secret::new("c2hvcnQ=")),
        ..spec("redis://localhost")
    };
    let bad_certificates = RedisStore {
        ca_pem: Some(Arc::from(
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
        )),
        ..spec("rediss://localhost")
    };
    for bad in [
        spec("http://localhost"),
        spec("redis://localhost:port"),
        bad_key,
        RedisStore {
            cluster: true,
            ..bad_certificates.clone()
        },
        bad_certificates,
    ] {
        let reason = Redis::open(
            &bad,
            &setup(bad.clone()),
            Label(Arc::from("a/policy")),
            &Ground::default(),
            Metrics::new().store(),
        );
        let reason = reason.map(|_| bad.clone()).unwrap_err().to_string();
        assert!(
            !reason.contains("localhost") && !reason.contains("c2hvcnQ="),
            "{reason}"
        );
        let opened = open(bad);
        let one = key("a/r", "one", 1);
        opened.put(&one).await;
        assert_eq!(opened.store.get(&one).await, Lookup::Unavailable);
        assert!(opened.failed("get", "unusable"));
        assert_eq!(
            opened.store.purge(&Purge::Key(one)).await,
            Err(PurgeError::Unavailable)
        );
    }
}
