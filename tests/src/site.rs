//! A place of its own in a cluster: a namespace with what the chart gives an operator there, and one for a team's
//! objects.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::Cluster;
use crate::chart::Rendered;
use crate::manifests::Manifests;
use crate::operator::Operator;
use crate::plane::Plane;
use crate::secrets::Secrets;
use crate::wait::until;

/// How long a status may take, on a machine that builds at the same time.
pub const SOON: Duration = Duration::from_secs(60);
/// Between two looks: each starts a kubectl.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The kinds of the chart that say who may do what.
const RIGHTS: [&str; 7] = [
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
];

/// See the module.
#[derive(Debug)]
pub struct Site<'c> {
    /// The cluster.
    pub cluster: &'c Cluster,
    /// The namespace of operator and data planes.
    pub own: String,
    /// The namespace of the team.
    pub team: String,
    /// Another namespace that the operator watches.
    pub guest: String,
    /// All that the operator watches; none: every namespace.
    pub watched: Vec<String>,
    /// Whoever has it is the operator's service account.
    pub kubeconfig: PathBuf,
    /// All credentials of the team.
    pub secrets: Secrets,
}

impl<'c> Site<'c> {
    /// Installs what the chart says of rights, and the custom resource definitions.
    ///
    /// # Panics
    /// When that fails.
    pub async fn new(cluster: &'c Cluster) -> Self {
        let own = cluster.namespace("wayleave").await;
        let team = cluster.namespace("team").await;
        let guest = cluster.namespace("guest").await;
        let watched = vec![team.clone(), guest.clone()];
        Self::of(cluster, own, team, guest, watched).await
    }

    /// The same for people, in a cluster that nobody shares: the operator is in `wayleave` and watches every namespace,
    /// and what is applied to none is in `default`.
    ///
    /// # Panics
    /// When that fails.
    pub async fn alone(cluster: &'c Cluster) -> Self {
        let (own, team) = ("wayleave", "default");
        cluster.kubectl(&["create", "namespace", own]).await;
        Self::of(
            cluster,
            own.to_owned(),
            team.to_owned(),
            team.to_owned(),
            Vec::new(),
        )
        .await
    }

    async fn of(
        cluster: &'c Cluster,
        own: String,
        team: String,
        guest: String,
        watched: Vec<String>,
    ) -> Self {
        cluster.install_crds().await;
        cluster.apply(&rights(&own, &watched)).await;
        let kubeconfig = cluster.kubeconfig_for(&own, "wayleave-operator").await;
        Self {
            cluster,
            own,
            team,
            guest,
            watched,
            kubeconfig,
            secrets: Secrets::default(),
        }
    }

    /// Starts an operator with the rights of the chart.
    pub async fn operator(&self) -> Operator {
        Operator::start(self, &[]).await
    }

    /// Starts a data plane that knows these operators, and waits until it serves.
    pub async fn plane(&self, operators: &[&Operator]) -> Plane {
        let plane = Plane::start(self, operators, &[]).await;
        plane.ready().await;
        plane
    }

    /// Manifests of the team.
    pub fn manifests(&self) -> Manifests {
        Manifests::of(&self.secrets)
    }

    /// Applies manifests of the team.
    pub async fn apply(&self, manifests: &Manifests) {
        self.apply_yaml(manifests.yaml()).await;
    }

    /// The same, as text.
    pub async fn apply_yaml(&self, yaml: &str) {
        let arguments = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--namespace",
            &self.team,
            "--filename=-",
        ];
        self.cluster.kubectl_stdin(&arguments, yaml).await;
    }

    /// Deletes an object of the team.
    pub async fn delete(&self, kind: &str, name: &str) {
        self.cluster.delete(kind, &self.team, name).await;
    }

    /// An object of the team.
    pub async fn get(&self, kind: &str, name: &str) -> Object {
        Object(self.cluster.get_json(kind, &self.team, name).await)
    }

    /// Waits until an object's status speaks of what is written and has this condition with this status and reason.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn says(&self, kind: &str, name: &str, condition: &str, status: &str, reason: &str) -> Object {
        self.says_in(&self.team, kind, name, condition, status, reason)
            .await
    }

    /// The same, of an object of this namespace.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn says_in(
        &self,
        namespace: &str,
        kind: &str,
        name: &str,
        condition: &str,
        status: &str,
        reason: &str,
    ) -> Object {
        let end = Instant::now() + SOON;
        loop {
            let object = Object(self.cluster.get_json(kind, namespace, name).await);
            if object.is_observed() && object.condition(condition) == Some((status, reason)) {
                return object;
            }
            assert!(
                Instant::now() < end,
                "{kind} {name} does not say {condition}={status}, {reason}, but {:#}",
                object.0["status"]
            );
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until an object is ready on so many data planes.
    pub async fn ready(&self, kind: &str, name: &str, planes: usize) -> Object {
        let message = if planes == 1 {
            "1/1 data plane".to_owned()
        } else {
            format!("{planes}/{planes} data planes")
        };
        let what = format!("{kind} {name} is ready on {message}");
        until(&what, SOON, async || {
            let object = self.get(kind, name).await;
            let ready = object.is_observed()
                && object.condition("Ready") == Some(("True", "Ready"))
                && object.message("Ready") == message;
            ready.then_some(object)
        })
        .await
    }
}

/// An object as an API server has it.
#[derive(Clone, Debug)]
pub struct Object(pub Value);

impl Object {
    /// Whether its status speaks of what is written now.
    pub fn is_observed(&self) -> bool {
        let generation = &self.0["metadata"]["generation"];
        self.0["status"]["observedGeneration"] == *generation
    }

    fn find(&self, condition: &str) -> Option<&Value> {
        let conditions = self.0["status"]["conditions"].as_array()?;
        conditions.iter().find(|found| found["type"] == condition)
    }

    /// Status and reason of a condition.
    pub fn condition(&self, condition: &str) -> Option<(&str, &str)> {
        let found = self.find(condition)?;
        Some((found["status"].as_str()?, found["reason"].as_str()?))
    }

    /// The message of a condition.
    pub fn message(&self, condition: &str) -> &str {
        self.find(condition)
            .and_then(|found| found["message"].as_str())
            .unwrap_or_default()
    }

    /// Since when a condition is as it is.
    pub fn since(&self, condition: &str) -> &str {
        self.find(condition)
            .and_then(|found| found["lastTransitionTime"].as_str())
            .unwrap_or_default()
    }
}

/// What the chart says of rights, as YAML.
fn rights(own: &str, teams: &[String]) -> String {
    let values = json!({"watch": {"namespaces": teams}});
    let rendered = Rendered::in_namespace(own, &values);
    let of_rights = |object: &&Value| RIGHTS.iter().any(|kind| object["kind"] == *kind);
    let kept: Vec<_> = rendered
        .objects
        .iter()
        .filter(of_rights)
        .map(Value::to_string)
        .collect();
    assert!(kept.len() > 5, "{}", rendered.text);
    kept.join("\n---\n")
}
