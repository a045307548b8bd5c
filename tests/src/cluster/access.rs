//! What tests do to a cluster and with it.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::{Cluster, Kubectl};
use crate::wait::until;

/// How long definitions may take until they are served, on a machine that builds at the same time.
const SERVED: Duration = Duration::from_secs(120);
/// Who applies what a test writes.
const FIELD_MANAGER: &str = "wayleave-tests";

impl Cluster {
    /// Runs `kubectl` as a user who may do everything; what it printed.
    pub async fn kubectl(&self, arguments: &[&str]) -> String {
        self.admin.run(arguments).await
    }

    /// The same, with a standard input.
    pub async fn kubectl_stdin(&self, arguments: &[&str], input: &str) -> String {
        self.admin.run_with(arguments, input).await
    }

    /// The same, of what may fail.
    ///
    /// # Errors
    /// What it says when it fails.
    pub async fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        self.admin.try_run(arguments).await
    }

    /// Applies manifests on the server's side.
    pub async fn apply(&self, yaml: &str) {
        self.try_apply(yaml)
            .await
            .unwrap_or_else(|said| panic!("not applied: {said}\n{yaml}"));
    }

    /// Applies manifests that may be refused.
    ///
    /// # Errors
    /// Why they are.
    pub async fn try_apply(&self, yaml: &str) -> Result<String, String> {
        let manager = format!("--field-manager={FIELD_MANAGER}");
        let arguments = [
            "apply",
            "--server-side",
            "--force-conflicts",
            &manager,
            "--filename=-",
        ];
        self.admin.try_run_with(&arguments, yaml).await
    }

    /// Deletes an object and waits until it is gone.
    pub async fn delete(&self, kind: &str, namespace: &str, name: &str) {
        let arguments = ["delete", kind, name, "--namespace", namespace, "--timeout=60s"];
        self.kubectl(&arguments).await;
    }

    /// An object; the namespace of one that has none does not matter.
    ///
    /// # Panics
    /// When there is none.
    pub async fn get_json(&self, kind: &str, namespace: &str, name: &str) -> Value {
        let arguments = ["get", kind, name, "--namespace", namespace, "--output=json"];
        let text = self.kubectl(&arguments).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A namespace that nobody else has.
    pub async fn namespace(&self, prefix: &str) -> String {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        let name = format!("{prefix}-{number}");
        self.kubectl(&["create", "namespace", &name]).await;
        name
    }

    /// A token of a service account, for an audience other than the API server too.
    pub async fn token(&self, namespace: &str, service_account: &str, audience: &str) -> String {
        let audience = format!("--audience={audience}");
        self.create_token(namespace, service_account, &[&audience]).await
    }

    /// A file for clients that are this service account.
    pub async fn kubeconfig_for(&self, namespace: &str, service_account: &str) -> PathBuf {
        let token = self.create_token(namespace, service_account, &[]).await;
        let kubeconfig = self.credentials.kubeconfig(self.port.number(), namespace, &token);
        let name = format!("{namespace}.{service_account}.kubeconfig");
        self.folder.write(&name, &kubeconfig)
    }

    /// `kubectl` that is this service account.
    pub async fn kubectl_as(&self, namespace: &str, service_account: &str) -> Kubectl {
        Kubectl {
            kubeconfig: self.kubeconfig_for(namespace, service_account).await,
            cache: self.admin.cache.clone(),
        }
    }

    /// Installs Wayleave's CRDs, once, and waits until they are served.
    pub async fn install_crds(&self) {
        let install = async || self.install_crds_of(&crds()).await;
        self.crds.get_or_init(install).await;
    }

    /// Installs the CRDs of a file or folder, and waits until they are served.
    ///
    /// # Panics
    /// When they are not.
    pub async fn install_crds_of(&self, path: &Path) {
        let files = format!("--filename={}", path.display());
        let manager = format!("--field-manager={FIELD_MANAGER}");
        self.kubectl(&["apply", "--server-side", &manager, &files]).await;
        let arguments = ["wait", "--for=condition=Established", "--timeout=60s", &files];
        // Of one that is so new that it has no conditions at all, kubectl does not wait for them.
        until("the definitions are served", SERVED, async || {
            let waited = self.try_kubectl(&arguments).await;
            waited.inspect_err(|said| eprintln!("{said}")).ok()
        })
        .await;
    }

    async fn create_token(&self, namespace: &str, service_account: &str, flags: &[&str]) -> String {
        let mut arguments = vec!["create", "token", service_account, "--namespace", namespace];
        arguments.extend(flags);
        self.kubectl(&arguments).await.trim().to_owned()
    }
}

/// The folder of Wayleave's CRDs.
fn crds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds")
}
