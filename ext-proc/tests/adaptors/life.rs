//! The whole process, before a simulated provider: its admin pages, its drain, its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wayleave_core::outcome::FallbackOn;
use wayleave_core::price::Overlay;
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::{
    Access, Endpoint, Key, Limits as KeyLimits, ModelClaim, ObjectName, Pick, Provider, Retry, Route,
    RouteRules, Rule, Snapshot, Step, Target, Timeouts, Unsupported,
};
use wayleave_core::vendor::Vendor;
use wayleave_engine::EngineOptions;
use wayleave_ext_proc::{ConfigSource, Front, Limits, Listener, Options, RunError, run};
use wayleave_sim::{Sim, SimOptions};

use crate::client::{Client, Reply, Version, get, next_bytes, post, request};

const SOON: Duration = Duration::from_secs(10);

struct Process {
    calls: SocketAddr,
    admin: SocketAddr,
    snapshots: watch::Sender<Option<Arc<Snapshot>>>,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
    ledger: tempfile::NamedTempFile,
    sim: Sim,
}

impl Process {
    /// Starts one without a configuration.
    async fn start(shutdown_delay: Duration, drain_timeout: Duration) -> Self {
        let sim = Sim::start(SimOptions::default()).unwrap();
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ledger = tempfile::NamedTempFile::new().unwrap();
        let (snapshots, receiver) = watch::channel(None);
        let shutdown = CancellationToken::new();
        let options = Options {
            limits: Limits::default(),
            shutdown_delay,
            drain_timeout,
            engine: EngineOptions {
                ledger_file: Some(ledger.path().to_owned()),
                ..EngineOptions::default()
            },
        };
        let (calls, admin_address) = (listener.address().unwrap(), admin.local_addr().unwrap());
        let fronts = vec![Front::Http(listener)];
        let running = tokio::spawn(run(
            options,
            fronts,
            admin,
            ConfigSource::Snapshots(receiver),
            shutdown.clone(),
        ));
        Self {
            calls,
            admin: admin_address,
            snapshots,
            shutdown,
            running,
            ledger,
            sim,
        }
    }

    /// Starts one that serves every model.
    async fn serving(drain_timeout: Duration) -> Self {
        Self::serving_with(Duration::ZERO, drain_timeout).await
    }

    async fn serving_with(shutdown_delay: Duration, drain_timeout: Duration) -> Self {
        let process = Self::start(shutdown_delay, drain_timeout).await;
        process
            .snapshots
            .send_replace(Some(Arc::new(snapshot(&process.sim))));
        tokio::time::timeout(SOON, async {
            while process.page("/readyz").await.status != StatusCode::OK {}
        })
        .await
        .expect("it is ready in time");
        process
    }

    async fn page(&self, path: &str) -> Reply {
        Client::tcp(self.admin, Version::One).await.ask(get(path)).await
    }

    async fn client(&self) -> Client {
        Client::tcp(self.calls, Version::One).await
    }

    async fn end(self) -> Vec<Value> {
        tokio::time::timeout(SOON, self.running)
            .await
            .expect("it ends in time")
            .unwrap()
            .unwrap();
        let ledger = std::fs::read_to_string(self.ledger.path()).unwrap();
        ledger
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub(crate) fn chat(model: &str) -> http::Request<crate::client::RequestBody> {
    let body =
        format!(r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"hi"}}]}}"#);
    post("/v1/chat/completions", body)
}

/// Serves every model by the simulator.
pub(crate) fn snapshot(sim: &Sim) -> Snapshot {
    let name = |name: &str| ObjectName::new("team", name);
    let target = Target {
        provider: name("sim"),
        model: None,
        weight: 1,
    };
    let rule = Rule {
        when: None,
        steps: vec![Step::Pick {
            pick: Pick::Weighted,
            targets: vec![target],
        }],
        fallback_on: FallbackOn::default(),
        retry: Retry::default(),
        timeouts: Timeouts::default(),
        slow_stream: None,
        experiment: None,
        unsupported: Unsupported::Drop,
        max_cost: None,
        tasks: None,
    };
    let endpoint = Endpoint {
        vendor: *Vendor::named("Custom").unwrap(),
        url: format!("{}/v1", sim.base_url()).into(),
        paths: wayleave_core::format::Paths::Plain,
        region: None,
        keys: vec![Key {
            name: "team/sim".into(),
            secret: Secret::new("sk-very-secret"),
            weight: 1,
        }],
        ca_pem: None,
        prices: Overlay::default(),
        capabilities: Vec::new(),
        limits: KeyLimits::default(),
    };
    Snapshot {
        routes: vec![Route {
            name: name("all"),
            created: None,
            models: vec![ModelClaim {
                pattern: "*".into(),
                owned: true,
            }],
            rules: RouteRules::Rules(vec![rule]),
        }],
        providers: vec![Provider {
            name: name("sim"),
            access: Access::Ready(Arc::new(endpoint)),
        }],
        ..Snapshot::default()
    }
}

fn kinds(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record["kind"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_admin_pages_say_how_it_is() {
    let process = Process::start(Duration::ZERO, SOON).await;
    let unready = process.page("/readyz").await;
    assert_eq!(unready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(unready.body, "not ready: no configuration yet\n");
    assert_eq!(process.page("/livez").await.status, StatusCode::OK);
    let refused = process.client().await.ask(chat("m")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["error"]["code"], "not_ready");
    process.running.abort();

    let process = Process::serving(SOON).await;
    let answer = process.client().await.ask(chat("m")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let call = answer.headers["x-wayleave-call-id"].to_str().unwrap();

    let index = process.page("/").await;
    let index = std::str::from_utf8(&index.body).unwrap();
    for line in index.lines() {
        let path = line.split(' ').next().unwrap();
        let right = match path {
            "/cache/purge" => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::OK,
        };
        assert_eq!(process.page(path).await.status, right, "{path}");
    }
    let metrics = process.page("/metrics").await;
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    assert!(metrics.body.ends_with(b"# EOF\n"));
    let config = process.page("/config").await.json().to_string();
    assert!(
        config.contains("team") && !config.contains("sk-very-secret"),
        "{config}"
    );
    let records = process.page(&format!("/ledger?call={call}")).await.json();
    assert_eq!(
        kinds(records.as_array().unwrap()),
        ["attempt", "call"],
        "{records}"
    );
    assert_eq!(
        process.page("/ledger?call=other").await.json(),
        Value::Array(vec![])
    );
    assert_eq!(
        process.page("/ledger?limit=many").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(process.page("/nowhere").await.status, StatusCode::NOT_FOUND);
    let mut client = Client::tcp(process.admin, Version::One).await;
    let posted = client.ask(request(Method::POST, "/config", Bytes::new())).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn calls_in_flight_end_and_new_ones_are_refused() {
    let process = Process::serving(SOON).await;
    let mut client = process.client().await;
    let mut response = client.send(chat("m?chunks=20&pace=50ms")).await.unwrap();
    let first = next_bytes(response.body_mut()).await.unwrap().unwrap();
    process.shutdown.cancel();
    tokio::time::timeout(SOON, async {
        while process.page("/readyz").await.status == StatusCode::OK {}
    })
    .await
    .expect("it says so in time");
    let refused = process.client().await.ask(chat("m")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["error"]["code"], "draining");
    let rest = Reply::read(response).await;
    assert!(
        !first.is_empty() && rest.body.ends_with(b"data: [DONE]\n\n"),
        "{rest:?}"
    );
    let calls = process.calls;
    let ledger = process.end().await;
    assert_eq!(kinds(&ledger), ["attempt", "call"]);
    assert_eq!(ledger[0]["class"], "ok", "{}", ledger[0]);
    assert!(
        tokio::net::TcpStream::connect(calls).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn calls_are_still_taken_for_a_while() {
    let process = Process::serving_with(Duration::from_secs(3), SOON).await;
    process.shutdown.cancel();
    tokio::time::timeout(SOON, async {
        while process.page("/readyz").await.body != "not ready: it is about to stop\n" {}
    })
    .await
    .expect("it says so in time");
    let answer = process.client().await.ask(chat("m")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(kinds(&process.end().await), ["attempt", "call"]);
}

#[tokio::test]
async fn calls_that_do_not_end_are_broken_off_and_booked() {
    let process = Process::serving(Duration::from_millis(200)).await;
    let mut client = process.client().await;
    let mut response = client.send(chat("m?chunks=4&hang=mid")).await.unwrap();
    next_bytes(response.body_mut()).await.unwrap().unwrap();
    process.shutdown.cancel();
    let ledger = process.end().await;
    let broken = loop {
        match next_bytes(response.body_mut()).await {
            Some(Ok(_)) => {}
            other => break other,
        }
    };
    assert!(matches!(broken, Some(Err(_))), "it must not end well");
    assert_eq!(kinds(&ledger), ["attempt", "call"]);
    assert_eq!(ledger[0]["class"], "client_left", "{}", ledger[0]);
}
