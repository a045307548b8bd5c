//! `wayleave ext-proc`: the data-plane process.

mod config;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use wayleave_ext_proc::args::DataPlaneArgs;
use wayleave_ext_proc::{ConfigSource, Front, Listener};
use wayleave_tls::ServedCertificate;

use self::config::ConfigArgs;
use crate::daemon::{self, listen};
use crate::envoy_admin;
use crate::folder::FolderWatch;
use crate::output::{Output, print, print_json};
use crate::signals::shutdown;
use crate::source::{self, ServedModel, Source};

/// Run only the data plane, behind an Envoy of your own or none
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
#[command(group = ArgGroup::new("front").required(true).multiple(true))]
pub struct ExtProcArgs {
    /// Take calls from Envoy's external-processor filter on this Unix socket
    #[arg(long, value_name = "PATH", group = "front")]
    pub socket: Option<PathBuf>,
    /// Take calls from Envoy's external-processor filter by TLS on this address, with the certificate that the
    /// configuration server hands out; port 0 takes a free one
    #[arg(long, value_name = "ADDR", group = "front", conflicts_with = "folder")]
    pub grpc: Option<SocketAddr>,
    /// Take calls by HTTP/1.1 and HTTP/2 on this address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", group = "front")]
    pub http: Option<SocketAddr>,
    /// The same on this Unix socket
    #[arg(long, value_name = "PATH", group = "front")]
    pub http_socket: Option<PathBuf>,
    /// Where /metrics, /ledger and /config are; port 0 takes a free one
    #[arg(
        long,
        env = "WAYLEAVE_ADMIN",
        value_name = "ADDR",
        default_value = "127.0.0.1:4001"
    )]
    pub admin: SocketAddr,
    /// The socket of the admin pages of the Envoy beside it: at a SIGTERM Envoy is asked to send its clients elsewhere,
    /// and the process ends when Envoy has handed over every answer
    #[arg(long, value_name = "PATH")]
    pub envoy_admin: Option<PathBuf>,
    /// How to print the addresses (and for machines the models of the folder), once they are bound
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// The process whose end is ours.
    #[arg(long, value_name = "PID", hide = true)]
    pub parent: Option<u32>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The data plane's own.
    #[command(flatten)]
    pub data_plane: DataPlaneArgs,
}

const EXAMPLE: &str = "\
Example:
  wayleave ext-proc -f manifests --socket /run/wayleave/ext-proc.sock
  wayleave ext-proc -f manifests --http 127.0.0.1:4000
  wayleave ext-proc --config-server https://wayleave-config.wayleave.svc:18000 --grpc 0.0.0.0:18001

SIGTERM or an interrupt: calls in flight end, new ones get 503.";

/// Where the process can be reached, and what it serves at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The admin pages.
    pub admin: SocketAddr,
    /// Calls by HTTP, where they are taken on an address.
    pub http: Option<SocketAddr>,
    /// Calls by gRPC, where they are taken on an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<SocketAddr>,
    /// The models of the folder.
    pub models: Vec<ServedModel>,
}

/// Runs until a signal comes.
///
/// # Errors
/// When the folder cannot be read, an address is taken, or the ledger cannot be written.
pub fn run(args: ExtProcArgs) -> anyhow::Result<ExitCode> {
    daemon::run(args.parent, serve(args))
}

async fn serve(args: ExtProcArgs) -> anyhow::Result<()> {
    let shutdown = shutdown()?;
    let certificate = ServedCertificate::default();
    let (source, models) = configuration(&args, &certificate)?;
    let Bound { fronts, http, grpc } = Bound::all(&args, &certificate).await?;
    let admin = listen(args.admin, "--admin").await?;
    let ready = Ready {
        admin: admin.local_addr().context("no admin address")?,
        http,
        grpc,
        models,
    };
    let options = args.data_plane.clone().into_options();
    let end = options.shutdown_delay.saturating_add(options.drain_timeout);
    let leaving = tokio::spawn(leave(shutdown.clone(), args.envoy_admin.clone()));
    let running = tokio::spawn(wayleave_ext_proc::run(options, fronts, admin, source, shutdown));
    tell(args.output, &ready)?;
    running.await.context("the data plane stopped: this is a bug")??;
    if let Some(admin) = &args.envoy_admin {
        let left = leaving.await.context("the data plane stopped: this is a bug")?;
        envoy_admin::idle(admin, end.saturating_sub(left.elapsed())).await;
    }
    Ok(())
}

/// Where the configuration comes from, and the models that it has already.
fn configuration(
    args: &ExtProcArgs,
    certificate: &ServedCertificate,
) -> anyhow::Result<(ConfigSource, Vec<ServedModel>)> {
    let certificate = args.grpc.map(|_| certificate.clone());
    match &args.config.folder {
        None => {
            let server = args.config.server(certificate);
            Ok((ConfigSource::Server(server), Vec::new()))
        }
        Some(folder) => follow_folder(folder),
    }
}

fn follow_folder(folder: &Path) -> anyhow::Result<(ConfigSource, Vec<ServedModel>)> {
    // Watched before it is read, so that no change falls between.
    let watch = FolderWatch::new(folder);
    let mut source = Source::new(folder);
    let snapshot = source.load()?.snapshot;
    let models = source::models(&snapshot);
    let (publish, snapshots) = watch::channel(Some(Arc::new(snapshot)));
    tokio::spawn(source.follow(watch, publish));
    Ok((ConfigSource::Snapshots(snapshots), models))
}

/// When the first signal came. The Envoy beside us is then asked to send its clients elsewhere.
async fn leave(shutdown: CancellationToken, envoy: Option<PathBuf>) -> Instant {
    shutdown.cancelled().await;
    let left = Instant::now();
    if let Some(admin) = envoy
        && let Err(error) = envoy_admin::drain(&admin).await
    {
        warn!("Envoy cannot be asked to send its clients elsewhere: {error:#}");
    }
    left
}

/// Where calls are taken.
struct Bound {
    fronts: Vec<Front>,
    http: Option<SocketAddr>,
    grpc: Option<SocketAddr>,
}

impl Bound {
    async fn all(args: &ExtProcArgs, certificate: &ServedCertificate) -> anyhow::Result<Self> {
        let mut fronts = Vec::new();
        let (mut http, mut grpc) = (None, None);
        if let Some(path) = &args.socket {
            fronts.push(Front::Envoy(Listener::unix(path).await?));
        }
        if let Some(address) = args.grpc {
            let listener = Listener::tls(address, certificate).await?;
            grpc = listener.address();
            fronts.push(Front::Envoy(listener));
        }
        if let Some(path) = &args.http_socket {
            fronts.push(Front::Http(Listener::unix(path).await?));
        }
        if let Some(address) = args.http {
            let listener = Listener::tcp(address).await?;
            http = listener.address();
            fronts.push(Front::Http(listener));
        }
        Ok(Self { fronts, http, grpc })
    }
}

fn tell(output: Output, ready: &Ready) -> anyhow::Result<()> {
    match output {
        Output::Json => print_json(ready),
        Output::Text => {
            let http = ready.http.map(|http| format!("calls  http://{http}/v1\n"));
            let grpc = ready.grpc.map(|grpc| format!("grpc   https://{grpc}\n"));
            print(&format!(
                "{}{}admin  http://{}\n",
                http.unwrap_or_default(),
                grpc.unwrap_or_default(),
                ready.admin
            ))
        }
    }
}
