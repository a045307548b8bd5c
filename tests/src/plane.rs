//! A running `wayleave ext-proc` that has its configuration from an operator.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::client::Client;
use crate::daemon::{Daemon, command};
use crate::operator::Operator;
use crate::site::{SOON, Site};
use crate::wait::until;

/// A data plane without Envoy: calls come by HTTP.
#[derive(Debug)]
pub struct Plane {
    /// Its process.
    pub daemon: Daemon,
    /// The file with its token.
    pub token: PathBuf,
    client: Client,
    _mounts: Mounts,
}

/// What the volumes of a data plane's pod hold.
#[derive(Debug)]
pub(crate) struct Mounts {
    /// Whom it trusts.
    pub(crate) ca: PathBuf,
    /// Who it is.
    pub(crate) token: PathBuf,
    /// A folder of its own.
    pub(crate) folder: TempDir,
}

impl Mounts {
    /// As the cluster would give them to it.
    pub(crate) async fn make(site: &Site<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (ca, token) = (folder.path().join("ca.crt"), folder.path().join("token"));
        fs::write(&ca, bundle(site).await).expect("a file");
        let account = site
            .cluster
            .token(&site.own, "wayleave-gateway", "wayleave-config");
        fs::write(&token, account.await).expect("a file");
        Self { ca, token, folder }
    }
}

impl Plane {
    /// Starts one that knows these operators, with further flags. It need not get ready.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start(site: &Site<'_>, operators: &[&Operator], flags: &[&str]) -> Self {
        let addresses: Vec<String> = operators
            .iter()
            .map(|operator| operator.config.to_string())
            .collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        Self::start_knowing(site, &addresses, flags).await
    }

    /// The same, of operators at these addresses.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_knowing(site: &Site<'_>, operators: &[&str], flags: &[&str]) -> Self {
        let mounts = Mounts::make(site).await;
        let mut command = command(&["ext-proc", "--output", "json"]);
        for operator in operators {
            let (_, port) = operator.rsplit_once(':').expect("a port");
            command.args(["--config-server", &format!("https://localhost:{port}")]);
        }
        command
            .arg("--config-ca")
            .arg(&mounts.ca)
            .arg("--config-token")
            .arg(&mounts.token);
        command.args(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        let node = format!("plane-{}", fastrand::u32(..));
        command.args(["--node-id", &node]).args(flags);
        let daemon = Daemon::start(command, &site.secrets).await;
        let base = format!("http://{}", daemon.address("http"));
        Self {
            client: Client::new(base, site.secrets.clone(), false),
            daemon,
            token: mounts.token.clone(),
            _mounts: mounts,
        }
    }

    /// Waits until it serves.
    pub async fn ready(&self) {
        until("the data plane is ready", SOON, async || {
            (self.daemon.page("/readyz").await.0 == 200).then_some(())
        })
        .await;
    }

    /// A client of it.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// The certificates that the operator tells data planes to trust, as soon as it has made them.
pub async fn bundle(site: &Site<'_>) -> String {
    until("the operator has made its certificates", SOON, async || {
        let arguments = ["get", "configmap", "wayleave-ca", "--namespace", &site.own];
        let path = r"--output=jsonpath={.data.ca\.crt}";
        let text = site
            .cluster
            .try_kubectl(&[&arguments[..], &[path]].concat())
            .await;
        text.ok().filter(|text| !text.is_empty())
    })
    .await
}
