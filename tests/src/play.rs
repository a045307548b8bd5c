//! A cluster to play with, for people: `make cluster`.
//!
//! ```text
//! kubectl ──► API server ◄── operator ══► data plane ◄── Envoy ◄── calls
//!             (and etcd)                      └──► simulated provider, in this process
//! ```
//! All is as in the chart's pods, but each program is a process of this machine.

mod announcement;
mod gateway;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use tokio::time::interval;
use wayleave_sim::{Sim, SimOptions};

use crate::operator::Operator;
use crate::output;
use crate::site::{SOON, Site};
use crate::wait::until;
use crate::{Client, Cluster};
pub use announcement::Announcement;
use gateway::Gateway;

/// `examples/demo`.
const MANIFESTS: [&str; 2] = [
    include_str!("../../examples/demo/keys.yaml"),
    include_str!("../../examples/demo/routes.yaml"),
];
/// Where these say that the providers are.
const WRITTEN: &str = "http://127.0.0.1:4010";
/// Between two looks whether all still run.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Which ports are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Those of the documents, each of them only if it is free.
    OfTheDocuments,
    /// Any that are free.
    Any,
}

impl Ports {
    /// This one, or 0 for any.
    fn wish(self, number: u16) -> SocketAddr {
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
        let number = if self == Self::OfTheDocuments && free() {
            number
        } else {
            0
        };
        SocketAddr::from((Ipv4Addr::LOCALHOST, number))
    }
}

/// Starts all, says where it is, and ends it when it is told to stop. Nothing is left then.
///
/// # Panics
/// When one of its programs does not start, or ends by itself: with the end of its log, of which the whole is left.
pub async fn play(ports: Ports, announce: impl FnOnce(&Announcement), stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    say("etcd and the Kubernetes API server");
    let cluster = tokio::select! {
        cluster = Cluster::start() => cluster,
        () = &mut stop => return,
    };
    output::for_people(cluster.folder());
    let starting = Box::pin(Play::start(&cluster, ports));
    let mut play = tokio::select! {
        play = starting => play,
        () = &mut stop => return,
    };
    announce(&play.announcement());
    let fallen = tokio::select! {
        fallen = play.falls() => Some(fallen),
        () = &mut stop => None,
    };
    say("ending");
    play.stop().await;
    if let Some(fallen) = fallen {
        panic!("{fallen}");
    }
}

fn say(progress: &str) {
    eprintln!("==> {progress}");
}

/// What runs on a cluster.
struct Play<'c> {
    site: Site<'c>,
    operator: Operator,
    gateway: Gateway,
    sim: Sim,
}

impl<'c> Play<'c> {
    async fn start(cluster: &'c Cluster, ports: Ports) -> Self {
        let sim = Sim::start(SimOptions {
            listen: ports.wish(4010),
            record: 0,
            ..SimOptions::default()
        });
        let sim = sim.expect("a simulated provider");
        say("custom resource definitions and the chart's rights");
        let site = Site::alone(cluster).await;
        say("operator");
        let operator = Operator::start(&site, &[]).await;
        say("data plane and Envoy");
        let gateway = Gateway::start(&site, &operator, ports).await;
        say("examples/demo");
        let manifests = MANIFESTS.join("---\n").replace(WRITTEN, &sim.base_url());
        cluster
            .kubectl_stdin(&["apply", "--filename=-"], &manifests)
            .await;
        let play = Self {
            site,
            operator,
            gateway,
            sim,
        };
        play.serves("chat").await;
        play
    }

    /// Waits until a call through Envoy is served.
    async fn serves(&self, model: &str) {
        let base = format!("http://{}", self.gateway.address());
        let client = Client::new(base, self.site.secrets.clone(), false);
        // Envoy may not listen yet.
        until("Envoy takes calls", SOON, async || {
            client.try_get("/v1/models", &[]).await.ok()
        })
        .await;
        until(&format!("{model} is served through Envoy"), SOON, async || {
            (client.chat(model).await.status == 200).then_some(())
        })
        .await;
        self.site.ready("llmroute", model, 1).await;
    }

    /// Returns when a program has ended: which one, and why.
    async fn falls(&mut self) -> String {
        let mut looks = interval(LOOK_AGAIN);
        loop {
            looks.tick().await;
            let fallen = self.site.cluster.fallen();
            let fallen = fallen.or_else(|| self.operator.daemon.fallen());
            if let Some(fallen) = fallen.or_else(|| self.gateway.fallen()) {
                return fallen;
            }
        }
    }

    /// Ends what runs on the cluster.
    async fn stop(self) {
        self.gateway.stop().await;
        // Its lease is of no use to anybody.
        self.operator.daemon.stop(Duration::ZERO).await;
    }

    fn announcement(&self) -> Announcement {
        Announcement {
            address: self.gateway.address(),
            admin: self.gateway.admin(),
            operator: self.operator.daemon.address("admin"),
            provider: self.sim.addr(),
            api_server: self.site.cluster.url(),
            kubeconfig: self.site.cluster.kubeconfig().to_owned(),
            kubectl_cache: self.folder().join("kubectl"),
            logs: self.folder().to_owned(),
            sockets: self.gateway.sockets().to_owned(),
        }
    }

    /// Where the cluster keeps its data and all their logs.
    fn folder(&self) -> &Path {
        let kubeconfig = self.site.cluster.kubeconfig();
        kubeconfig.parent().expect("a folder")
    }
}
