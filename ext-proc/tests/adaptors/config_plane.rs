//! A data plane that asks a configuration server, and what it may be told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use envoy_types::pb::envoy::service::discovery::v3::Resource as Entry;
use http::StatusCode;
use rcgen::{CertifiedKey, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wayleave_core::experiment::Terms;
use wayleave_core::resource::Resource;
use wayleave_core::snapshot::experiment::{Experiment, Mode, Promote};
use wayleave_core::snapshot::{Access, Endpoint, ObjectName, Provider, RouteRules, Snapshot, Target};
use wayleave_engine::EngineOptions;
use wayleave_ext_proc::{ConfigServer, ConfigSource, Front, Limits, Listener, Options, RunError, run};
use wayleave_sim::{Sim, SimOptions};
use wayleave_tls::ServedCertificate;

use crate::client::{Client, Reply, Version, get};
use crate::config_server::entry;
use crate::life::{chat, snapshot};

const SOON: Duration = Duration::from_secs(10);
/// What a data plane shows at first.
pub(crate) const TOKEN: &str = "very-secret-token";

/// A data plane that asks a configuration server. It ends when it is dropped.
pub(crate) struct DataPlane {
    calls: SocketAddr,
    pub(crate) grpc: Option<SocketAddr>,
    admin: SocketAddr,
    pub(crate) files: TempDir,
    running: JoinHandle<Result<(), RunError>>,
}

impl Drop for DataPlane {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Whether calls are taken by gRPC over TLS as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grpc {
    Off,
    On,
}

impl DataPlane {
    pub(crate) async fn start(servers: &[String], trusted: &CertifiedKey<KeyPair>) -> Self {
        Self::start_with(servers, trusted, Grpc::Off).await
    }

    pub(crate) async fn start_with(servers: &[String], trusted: &CertifiedKey<KeyPair>, grpc: Grpc) -> Self {
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("ca.crt"), trusted.cert.pem()).unwrap();
        std::fs::write(files.path().join("token"), format!("{TOKEN}\n")).unwrap();
        let http = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (calls, admin_address) = (http.address().unwrap(), admin.local_addr().unwrap());
        let served = ServedCertificate::default();
        let mut fronts = vec![Front::Http(http)];
        let mut grpc_address = None;
        if grpc == Grpc::On {
            let listener = Listener::tls("127.0.0.1:0".parse().unwrap(), &served)
                .await
                .unwrap();
            grpc_address = listener.address();
            fronts.push(Front::Envoy(listener));
        }
        let server = ConfigServer {
            servers: servers.iter().map(|url| url.parse().unwrap()).collect(),
            ca_file: files.path().join("ca.crt"),
            token_file: files.path().join("token"),
            node: "pod-1".to_owned(),
            certificate: (grpc == Grpc::On).then_some(served),
        };
        let options = Options {
            limits: Limits::default(),
            shutdown_delay: Duration::ZERO,
            drain_timeout: SOON,
            engine: EngineOptions::default(),
        };
        let source = ConfigSource::Server(server);
        let running = tokio::spawn(run(options, fronts, admin, source, CancellationToken::new()));
        Self {
            calls,
            grpc: grpc_address,
            admin: admin_address,
            files,
            running,
        }
    }

    pub(crate) async fn page(&self, path: &str) -> Reply {
        Client::tcp(self.admin, Version::One).await.ask(get(path)).await
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        String::from_utf8(self.page(path).await.body.to_vec()).unwrap()
    }

    /// Waits until `/readyz` says this.
    pub(crate) async fn says(&self, expected: &str) -> String {
        self.shows("/readyz", expected).await
    }

    /// Waits until a page has this text.
    pub(crate) async fn shows(&self, path: &str, expected: &str) -> String {
        let mut text = String::new();
        let waited = tokio::time::timeout(SOON, async {
            while !text.contains(expected) {
                tokio::time::sleep(Duration::from_millis(5)).await;
                text = self.text(path).await;
            }
        })
        .await;
        assert!(waited.is_ok(), "not {expected:?} but {text}");
        text
    }

    pub(crate) async fn call(&self) -> Reply {
        Client::tcp(self.calls, Version::One).await.ask(chat("m")).await
    }

    pub(crate) async fn serves(&self) {
        let answer = self.call().await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
}

/// What answers the calls.
pub(crate) fn sim() -> Sim {
    Sim::start(SimOptions::default()).unwrap()
}

/// A provider and a route, in version 1.
pub(crate) fn whole(sim: &Sim) -> Vec<Entry> {
    Resource::of(snapshot(sim))
        .map(|resource| entry(&resource, "1"))
        .collect()
}

/// The provider with another endpoint.
pub(crate) fn provider(sim: &Sim, change: impl FnOnce(&mut Endpoint)) -> Entry {
    let Snapshot { mut providers, .. } = snapshot(sim);
    let Provider { name, access } = providers.remove(0);
    let Access::Ready(endpoint) = access else {
        panic!("it is usable")
    };
    let mut endpoint = Endpoint::clone(&endpoint);
    change(&mut endpoint);
    let access = Access::Ready(Arc::new(endpoint));
    entry(&Resource::Provider(Arc::new(Provider { name, access })), "2")
}

/// The route with another name of a model.
pub(crate) fn route(sim: &Sim, pattern: &str) -> Entry {
    let Snapshot { mut routes, .. } = snapshot(sim);
    let mut route = routes.remove(0);
    route.models[0].pattern = pattern.into();
    entry(&Resource::Route(Arc::new(route)), "2")
}

/// The route with an experiment, as what follows makes it.
pub(crate) fn experimenting(sim: &Sim, version: &str, change: impl FnOnce(&mut Experiment)) -> Entry {
    let Snapshot { mut routes, .. } = snapshot(sim);
    let mut route = routes.remove(0);
    let target = |model: &str| Target {
        provider: ObjectName::new("team", "sim"),
        model: Some(model.into()),
        weight: 1,
    };
    let mut experiment = Experiment {
        terms: Terms::equal("old", "new"),
        targets: vec![target("m-old"), target("m-new")],
        sticky_by: None,
        mode: Mode::Split,
        judge: None,
        promote: Promote::Manual,
    };
    change(&mut experiment);
    if let RouteRules::Rules(rules) = &mut route.rules {
        rules[0].experiment = Some(Box::new(experiment));
    }
    entry(&Resource::Route(Arc::new(route)), version)
}
