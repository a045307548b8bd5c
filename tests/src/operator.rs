//! A running `wayleave operator`.

use std::net::SocketAddr;

use crate::daemon::{Daemon, command};
use crate::metrics::Metrics;
use crate::site::{SOON, Site};
use crate::wait::until;

/// An operator with the rights that the chart gives it.
#[derive(Debug)]
pub struct Operator {
    /// Its process.
    pub daemon: Daemon,
    /// Where data planes get their configuration.
    pub config: SocketAddr,
}

impl Operator {
    /// Starts one with further flags. A leader that dies is noticed after three seconds.
    pub async fn start(site: &Site<'_>, flags: &[&str]) -> Self {
        Self::start_at(site, "127.0.0.1:0", flags).await
    }

    /// The same, where another one was before.
    pub async fn start_at(site: &Site<'_>, config: &str, flags: &[&str]) -> Self {
        let account = format!("{}/wayleave-gateway", site.own);
        let mut command = command(&["operator", "--output", "json"]);
        command
            .env("KUBECONFIG", &site.kubeconfig)
            .args(["--config-listen", config, "--admin", "127.0.0.1:0"])
            .args(["--own-namespace", &site.own])
            .args(["--data-plane-account", &account, "--config-name", "localhost"])
            .args(["--lease-duration", "3s"])
            .args(site.watched.iter().flat_map(|name| ["--namespace", name]))
            .args(flags);
        let daemon = Daemon::start_as("operator", command, &site.secrets).await;
        let config = daemon.address("config");
        Self { daemon, config }
    }

    /// Its metrics now.
    pub async fn metrics(&self) -> Metrics {
        Metrics::read(&self.daemon.page("/metrics").await.1)
    }

    /// Waits until it leads.
    pub async fn leads(&self) {
        until("the operator leads", SOON, async || {
            let leading = self.metrics().await.count("wayleave_operator_leading", &[]);
            (leading == 1).then_some(())
        })
        .await;
    }
}
