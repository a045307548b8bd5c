//! `wayleave operator`: the process that turns a cluster's objects into the configuration of its data planes.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use kube::Client;
use serde::Serialize;
use wayleave_core::snapshot::ObjectName;
use wayleave_ext_proc::args;
use wayleave_operator::{Listeners, Options};

use crate::daemon::{self, listen};
use crate::output::{Output, print, print_json};
use crate::signals::shutdown;

/// Run the operator: watches LLMRoutes, ProviderKeys and CachePolicies, hands data planes their configuration, and says on
/// each object how far it has come
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct OperatorArgs {
    /// Where data planes get their configuration, by TLS; port 0 takes a free one
    #[arg(
        long,
        env = "WAYLEAVE_CONFIG_LISTEN",
        value_name = "ADDR",
        default_value = "0.0.0.0:18000"
    )]
    pub config_listen: SocketAddr,
    /// Where /metrics, /livez and /readyz are; port 0 takes a free one
    #[arg(
        long,
        env = "WAYLEAVE_ADMIN",
        value_name = "ADDR",
        default_value = "0.0.0.0:8080"
    )]
    pub admin: SocketAddr,
    /// Watch only this namespace; may be repeated [default: all]
    #[arg(
        long = "namespace",
        env = "WAYLEAVE_NAMESPACES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub namespaces: Vec<String>,
    /// The operator's own namespace [default: that of its service account or kubeconfig]
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAME")]
    pub own_namespace: Option<String>,
    /// What tells this process from the other operators [default: a random name]
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub identity: Option<String>,
    /// A service account of data planes, which may have the configuration; may be repeated
    /// [default: wayleave-gateway of the own namespace]
    #[arg(
        long = "data-plane-account",
        env = "WAYLEAVE_DATA_PLANE_ACCOUNTS",
        value_name = "NAMESPACE/NAME",
        value_delimiter = ','
    )]
    pub data_planes: Vec<Account>,
    /// The Lease by which operators agree on who leads
    #[arg(
        long,
        env = "WAYLEAVE_LEASE",
        value_name = "NAME",
        default_value = "wayleave-operator"
    )]
    pub lease: String,
    /// How long after its last word a leader counts as gone
    #[arg(long, env = "WAYLEAVE_LEASE_DURATION", value_name = "TIME", default_value = "15s", value_parser = lease_duration)]
    pub lease_duration: Duration,
    /// The Secret of the own namespace that keeps the certificates
    #[arg(
        long,
        env = "WAYLEAVE_TLS_SECRET",
        value_name = "NAME",
        default_value = "wayleave-config-tls"
    )]
    pub tls_secret: String,
    /// The ConfigMap of the own namespace that tells data planes which certificates to trust
    #[arg(
        long,
        env = "WAYLEAVE_CA_CONFIG_MAP",
        value_name = "NAME",
        default_value = "wayleave-ca"
    )]
    pub ca_config_map: String,
    /// A DNS name by which data planes reach --config-listen; may be repeated
    /// [default: wayleave-config.NAMESPACE.svc]
    #[arg(
        long = "config-name",
        env = "WAYLEAVE_CONFIG_NAMES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub config_names: Vec<String>,
    /// A DNS name by which other Envoys reach the data planes' --grpc; may be repeated. They get a certificate for it
    #[arg(
        long = "ext-proc-name",
        env = "WAYLEAVE_EXT_PROC_NAMES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub ext_proc_names: Vec<String>,
    /// How to print the addresses
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// The process whose end is ours.
    #[arg(long, value_name = "PID", hide = true)]
    pub parent: Option<u32>,
}

const EXAMPLE: &str = "\
Example:
  wayleave operator                                      in a pod, as the chart does it
  KUBECONFIG=~/.kube/config wayleave operator --own-namespace wayleave --config-name localhost

Needs the custom resource definitions (`wayleave crd`) and the rights of the chart's operator role.
SIGTERM or an interrupt: the lease is given back; data planes keep what they have.";

/// `NAMESPACE/NAME` of a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account(ObjectName);

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self(ObjectName::new(namespace, name)))
            }
            _ => Err("write it as NAMESPACE/NAME".to_owned()),
        }
    }
}

/// Where the operator can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Ready {
    config: SocketAddr,
    admin: SocketAddr,
}

/// Runs until a signal comes.
///
/// # Errors
/// When there is no cluster, or an address is taken.
pub fn run(args: OperatorArgs) -> anyhow::Result<ExitCode> {
    daemon::run(args.parent, serve(args))
}

async fn serve(args: OperatorArgs) -> anyhow::Result<()> {
    let shutdown = shutdown()?;
    // The error's own text already holds those of its sources.
    let client = Client::try_default().await.map_err(|error| {
        anyhow!("cannot find a cluster: run in a pod with a service account, or set KUBECONFIG to a kubeconfig: {error}")
    })?;
    let listeners = Listeners {
        config: listen(args.config_listen, "--config-listen").await?,
        admin: listen(args.admin, "--admin").await?,
    };
    let ready = Ready {
        config: listeners.config.local_addr().context("no config address")?,
        admin: listeners.admin.local_addr().context("no admin address")?,
    };
    match args.output {
        Output::Json => print_json(&ready)?,
        Output::Text => print(&format!(
            "config https://{}\nadmin  http://{}\n",
            ready.config, ready.admin
        ))?,
    }
    let options = options(args, client.default_namespace());
    Ok(wayleave_operator::run(client, options, listeners, shutdown).await?)
}

fn options(args: OperatorArgs, default_namespace: &str) -> Options {
    let namespace = args.own_namespace.unwrap_or_else(|| default_namespace.to_owned());
    let or = |given: Vec<String>, default: String| if given.is_empty() { vec![default] } else { given };
    let mut data_planes: Vec<ObjectName> = args.data_planes.into_iter().map(|Account(name)| name).collect();
    if data_planes.is_empty() {
        data_planes.push(ObjectName::new(namespace.as_str(), "wayleave-gateway"));
    }
    Options {
        namespaces: args.namespaces.into_iter().map(Arc::from).collect(),
        identity: args.identity.unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        lease: args.lease,
        lease_duration: args.lease_duration,
        data_planes,
        tls_secret: args.tls_secret,
        ca_config_map: args.ca_config_map,
        config_names: or(args.config_names, format!("wayleave-config.{namespace}.svc")),
        ext_proc_names: args.ext_proc_names,
        namespace,
    }
}

/// A lease cannot be shorter than a second: an API server keeps whole seconds.
fn lease_duration(text: &str) -> Result<Duration, String> {
    let duration = args::duration(text)?;
    if duration < Duration::from_secs(1) {
        return Err("write at least 1s".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: OperatorArgs,
    }

    fn parse(flags: &[&str]) -> Result<Options, clap::Error> {
        let command = Command::try_parse_from([&["wayleave"], flags].concat())?;
        Ok(options(command.args, "own"))
    }

    #[test]
    fn what_is_not_given_follows_from_the_namespace() {
        let options = parse(&[]).unwrap();
        assert_eq!(options.namespace, "own");
        assert_eq!(options.config_names, ["wayleave-config.own.svc"]);
        assert_eq!(options.data_planes, [ObjectName::new("own", "wayleave-gateway")]);
        assert!(options.namespaces.is_empty() && options.ext_proc_names.is_empty());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert_eq!(
            parse(&["--lease-duration", "1m"]).unwrap().lease_duration,
            Duration::from_secs(60)
        );
        for flags in [
            ["--lease-duration", "100ms"],
            ["--lease-duration", "-5s"],
            ["--data-plane-account", "gateway"],
            ["--data-plane-account", "a/b/c"],
        ] {
            assert!(parse(&flags).is_err(), "{flags:?}");
        }
    }
}
