//! `wayleave ext-proc`: the data-plane process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wayleave_ext_proc::args::DataPlaneArgs;
use wayleave_ext_proc::{Front, Listener};

use crate::args::FolderArgs;
use crate::folder::FolderWatch;
use crate::output::{Output, print, print_json};
use crate::parent::end_with_parent;
use crate::source::{self, ServedModel, Source};

/// Run only the data plane, behind an Envoy of your own or none
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
#[command(group = ArgGroup::new("front").required(true).multiple(true))]
pub struct ExtProcArgs {
    /// The manifests.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Take calls from Envoy's external-processor filter on this Unix socket
    #[arg(long, value_name = "PATH", group = "front")]
    pub socket: Option<PathBuf>,
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
    /// How to print the addresses (and for machines the models), once ready
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// The process whose end is ours.
    #[arg(long, value_name = "PID", hide = true)]
    pub parent: Option<u32>,
    /// The data plane's own.
    #[command(flatten)]
    pub data_plane: DataPlaneArgs,
}

const EXAMPLE: &str = "\
Example:
  wayleave ext-proc -f manifests --socket /run/wayleave/ext-proc.sock
  wayleave ext-proc -f manifests --http 127.0.0.1:4000

SIGTERM or an interrupt: calls in flight end, new ones get 503.";

/// Where the process can be reached, and what it serves at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The admin pages.
    pub admin: SocketAddr,
    /// Calls by HTTP, where they are taken on an address.
    pub http: Option<SocketAddr>,
    /// The models.
    pub models: Vec<ServedModel>,
}

/// Runs until a signal comes.
///
/// # Errors
/// When the folder cannot be read, an address is taken, or the ledger cannot be written.
pub fn run(args: ExtProcArgs) -> anyhow::Result<ExitCode> {
    if let Some(parent) = args.parent {
        end_with_parent(parent)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime
        .context("cannot start the runtime")?
        .block_on(serve(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: ExtProcArgs) -> anyhow::Result<()> {
    let shutdown = shutdown()?;
    // Watched before it is read, so that no change falls between.
    let watch = FolderWatch::new(&args.folder.folder);
    let mut source = Source::new(&args.folder.folder);
    let snapshot = source.load()?.snapshot;
    let models = source::models(&snapshot);
    let (publish, snapshots) = watch::channel(Some(Arc::new(snapshot)));
    let (fronts, http) = fronts(&args).await?;
    let admin = TcpListener::bind(args.admin).await.with_context(|| {
        format!(
            "cannot listen on {}: is another process there? Choose another address with --admin",
            args.admin
        )
    })?;
    let ready = Ready {
        admin: admin.local_addr().context("no admin address")?,
        http,
        models,
    };
    tokio::spawn(source.follow(watch, publish));
    let options = args.data_plane.clone().into_options();
    let running = tokio::spawn(wayleave_ext_proc::run(
        options, fronts, admin, snapshots, shutdown,
    ));
    tell(args.output, &ready)?;
    running.await.context("the data plane stopped: this is a bug")??;
    Ok(())
}

async fn fronts(args: &ExtProcArgs) -> anyhow::Result<(Vec<Front>, Option<SocketAddr>)> {
    let mut fronts = Vec::new();
    let mut http = None;
    if let Some(path) = &args.socket {
        fronts.push(Front::Envoy(Listener::unix(path).await?));
    }
    if let Some(path) = &args.http_socket {
        fronts.push(Front::Http(Listener::unix(path).await?));
    }
    if let Some(address) = args.http {
        let listener = Listener::tcp(address).await?;
        http = listener.address();
        fronts.push(Front::Http(listener));
    }
    Ok((fronts, http))
}

fn tell(output: Output, ready: &Ready) -> anyhow::Result<()> {
    match output {
        Output::Json => print_json(ready),
        Output::Text => {
            let calls = ready.http.map(|http| format!("calls  http://{http}/v1\n"));
            print(&format!(
                "{}admin  http://{}\n",
                calls.unwrap_or_default(),
                ready.admin
            ))
        }
    }
}

/// Cancelled at the first SIGTERM or interrupt. A second interrupt ends the process.
fn shutdown() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for SIGINT")?;
    let shutdown = CancellationToken::new();
    let cancel = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        cancel.cancel();
        interrupt.recv().await;
        std::process::exit(1);
    });
    Ok(shutdown)
}
