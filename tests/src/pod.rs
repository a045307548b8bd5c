//! The pods of a release of the chart, run by hand: the programs of their containers with the flags, variables and files
//! that the chart gives them. Only addresses and paths are others, since all of it runs on one machine.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::chart::Rendered;
use crate::client::Client;
use crate::daemon::{Daemon, command};
use crate::envoy::Envoy;
use crate::operator::Operator;
use crate::plane::Mounts;
use crate::site::{SOON, Site};
use crate::wait::until;

/// Where a container finds Envoy's configuration.
const BOOTSTRAP: &str = "/etc/envoy/envoy.json";
/// The folder of the sockets between Envoy and the processor.
const RUN: &str = "/run/wayleave";

/// What the chart comes to at a site.
#[derive(Debug)]
pub struct Release<'s> {
    /// Its objects.
    pub rendered: Rendered,
    site: &'s Site<'s>,
}

/// A pod of the Deployment `wayleave-gateway`. Dropped, all of it is killed.
#[derive(Debug)]
pub struct Pod {
    /// The data plane.
    pub processor: Daemon,
    /// The sidecar, unless the values leave it out.
    pub envoy: Option<Envoy>,
    _mounts: Mounts,
}

impl<'s> Release<'s> {
    /// Renders the chart with these values, for the namespaces of this site.
    pub fn of(site: &'s Site<'s>, mut values: Value) -> Self {
        values["watch"] = json!({"namespaces": site.watched});
        Self {
            rendered: Rendered::in_namespace(&site.own, &values),
            site,
        }
    }

    /// Starts a pod of the Deployment `wayleave-operator`.
    pub async fn operator(&self) -> Operator {
        let pod = self.pod_spec("wayleave-operator");
        let container = &pod["containers"][0];
        let words = words(container, |word| match word {
            "0.0.0.0:18000" | "0.0.0.0:8080" => Some("127.0.0.1:0".to_owned()),
            _ => None,
        });
        let mut command = self.command(container, &words);
        command
            .env("KUBECONFIG", &self.site.kubeconfig)
            // One name more: the Service has none here.
            .args(["--config-name", "localhost", "--lease-duration", "3s"]);
        let daemon = Daemon::start(command, &self.site.secrets).await;
        let config = daemon.address("config");
        Operator { daemon, config }
    }

    /// Starts a pod of the Deployment `wayleave-gateway`, in the order in which a kubelet does: the sidecar first. It need
    /// not get ready.
    pub async fn pod(&self, operator: &Operator) -> Pod {
        let pod = self.pod_spec("wayleave-gateway");
        let mounts = Mounts::make(self.site).await;
        let envoy = match pod.get("initContainers") {
            Some(sidecars) => Some(self.envoy(&sidecars[0], &mounts).await),
            None => None,
        };
        let container = &pod["containers"][0];
        let server = format!("https://wayleave-config.{}.svc:18000", self.site.own);
        let words = words(container, |word| match word {
            "/var/run/wayleave/ca/ca.crt" => Some(mounts.ca.display().to_string()),
            "/var/run/wayleave/token/token" => Some(mounts.token.display().to_string()),
            "0.0.0.0:4001" | "0.0.0.0:18001" => Some("127.0.0.1:0".to_owned()),
            word if word == server => Some(format!("https://localhost:{}", operator.config.port())),
            word => in_run(word, &mounts),
        });
        let command = self.command(container, &words);
        Pod {
            processor: Daemon::start(command, &self.site.secrets).await,
            envoy,
            _mounts: mounts,
        }
    }

    fn pod_spec(&self, deployment: &str) -> &Value {
        &self.rendered.get("Deployment", deployment)["spec"]["template"]["spec"]
    }

    fn command(&self, container: &Value, words: &[String]) -> Command {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = command(&words);
        for variable in container["env"].as_array().expect("variables") {
            let name = variable["name"].as_str().expect("a name");
            let field = variable["valueFrom"]["fieldRef"]["fieldPath"].as_str();
            match field {
                Some("metadata.name") => command.env(name, format!("pod-{}", fastrand::u32(..))),
                Some("metadata.namespace") => command.env(name, &self.site.own),
                Some(other) => panic!("{name} is {other}: nothing says what that is here"),
                None => command.env(name, variable["value"].as_str().expect("a value")),
            };
        }
        command.args(["--output", "json"]);
        command
    }

    async fn envoy(&self, container: &Value, mounts: &Mounts) -> Envoy {
        let text = &self.rendered.get("ConfigMap", "wayleave-envoy")["data"]["envoy.json"];
        let text = text.as_str().expect("a text");
        let here = text.replace(
            &format!("{RUN}/"),
            &format!("{}/", mounts.folder.path().display()),
        );
        let mut config: Value = serde_json::from_str(&here).expect("JSON");
        // The test's own file stands first.
        let words = words(container, |word| (word == BOOTSTRAP).then(String::new));
        assert_eq!(words.first().map(String::as_str), Some("--config-path"));
        let flags = words.get(2..).unwrap_or_default();
        let listening = |address: std::net::SocketAddr| {
            let socket = config
                .pointer_mut("/static_resources/listeners/0/address/socket_address")
                .expect("a listener");
            assert_eq!(*socket, json!({"address": "0.0.0.0", "port_value": 4000}));
            *socket = json!({"address": address.ip().to_string(), "port_value": address.port()});
            config
        };
        Envoy::start(listening, flags).await
    }
}

/// A container's arguments, with what `elsewhere` makes of addresses and paths.
///
/// # Panics
/// When it makes nothing of one.
fn words(container: &Value, elsewhere: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let words = container["args"].as_array().expect("arguments").iter();
    words
        .map(|word| {
            let word = word.as_str().expect("a word");
            elsewhere(word).unwrap_or_else(|| {
                let of_the_cluster =
                    word.starts_with('/') || word.contains("://") || word.contains("0.0.0.0");
                assert!(!of_the_cluster, "nothing says where {word} is here");
                word.to_owned()
            })
        })
        .collect()
}

/// A socket in a folder of ours.
fn in_run(word: &str, mounts: &Mounts) -> Option<String> {
    let socket = word.strip_prefix(RUN)?.strip_prefix('/')?;
    Some(mounts.folder.path().join(socket).display().to_string())
}

impl Pod {
    /// Waits until it serves.
    pub async fn ready(&self) {
        until("the pod is ready", SOON, async || {
            (self.processor.page("/readyz").await.0 == 200).then_some(())
        })
        .await;
    }

    /// Its Envoy.
    ///
    /// # Panics
    /// When it has none.
    pub fn envoy(&self) -> &Envoy {
        self.envoy.as_ref().expect("a pod with an Envoy")
    }

    /// A client of it.
    pub fn client(&self, site: &Site<'_>) -> Client {
        self.envoy().client(&site.secrets)
    }

    /// Ends it in order: the sidecar last.
    pub async fn finish(self) {
        self.processor.finish().await;
        if let Some(envoy) = self.envoy {
            envoy.finish().await;
        }
    }
}
