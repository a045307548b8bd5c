//! `wayleave up`: a supervisor that runs the data plane and Envoy.
//!
//! ```text
//! supervisor ──► wayleave ext-proc ──► ext-proc.sock ◄── Envoy ◄── clients
//!     └────────► wayleave exec-envoy ─(becomes)─► Envoy
//! ```
//! It has one thread, because the system ties the children's life to the thread that started them.

mod announce;
mod backoff;
mod child;
mod data_plane;
mod envoy;
mod front_proxy;
mod relay;

use std::ffi::OsString;
use std::fs::Permissions;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tempfile::TempDir;
use tokio::time::timeout;
use tracing::{info, warn};
use wayleave_ext_proc::args::{ByteSize, DataPlaneArgs};

pub(crate) use self::announce::{Announcement, curl};
use self::data_plane::{DataPlane, Front, Launch};
use self::front_proxy::FrontProxy;
use crate::args::FolderArgs;
use crate::client::Peer;
use crate::envoy_config::Adaptor;
use crate::log::LogArgs;
use crate::output::Output;
use crate::parent::end_with_parent;
use crate::signals::Signals;

/// How long Envoy and the data plane may take to serve.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How much longer than its drain timeout the data plane may take to end.
const DRAIN_MARGIN: Duration = Duration::from_secs(10);
/// How long clients may take to fetch the rest of their answers from Envoy, and Envoy to end.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// The failure has been told already, by a child that has our stderr.
#[derive(Debug, thiserror::Error)]
#[error("see above")]
pub struct AlreadyTold;

/// Serve a folder of manifests: runs Envoy and the data plane, and applies what changes in the folder
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct UpArgs {
    /// The manifests.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Where clients call; port 0 takes a free one
    #[arg(
        long,
        env = "WAYLEAVE_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:4000"
    )]
    pub listen: SocketAddr,
    /// Where /metrics, /ledger and /config are; port 0 takes a free one
    #[arg(
        long,
        env = "WAYLEAVE_ADMIN",
        value_name = "ADDR",
        default_value = "127.0.0.1:4001"
    )]
    pub admin: SocketAddr,
    /// The Envoy to run, 1.37 or newer [default: envoy on PATH, else the one that `make envoy` has fetched]
    #[arg(long, env = "WAYLEAVE_ENVOY", value_name = "PATH")]
    pub envoy: Option<PathBuf>,
    /// Threads that Envoy serves with [default: one per core]
    #[arg(long, env = "WAYLEAVE_ENVOY_CONCURRENCY", value_name = "N")]
    pub envoy_concurrency: Option<u32>,
    /// The memory at which Envoy takes no more calls
    #[arg(
        long,
        env = "WAYLEAVE_ENVOY_MAX_HEAP",
        value_name = "SIZE",
        default_value = "1Gi"
    )]
    pub envoy_max_heap: ByteSize,
    /// Make Envoy write one JSON line per request to stdout
    #[arg(long, env = "WAYLEAVE_ACCESS_LOG")]
    pub access_log: bool,
    /// How Envoy hands calls over
    #[arg(long, env = "WAYLEAVE_ADAPTOR", value_enum, default_value_t)]
    pub adaptor: Adaptor,
    /// Serve without Envoy
    #[arg(long)]
    pub no_envoy: bool,
    /// How to print the addresses and models, once ready
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
  OPENAI_API_KEY=sk-... wayleave up -f manifests --ledger ledger.jsonl
  curl http://127.0.0.1:4000/v1/models

SIGTERM or one interrupt: calls in flight end, new ones get 503. A second interrupt ends all at once.";

/// Runs until a signal comes.
///
/// # Errors
/// When the folder cannot be read, Envoy is missing, a port is taken, or a child does not start.
pub fn run(args: UpArgs, log: LogArgs, data_plane_flags: Vec<OsString>) -> anyhow::Result<ExitCode> {
    if let Some(parent) = args.parent {
        end_with_parent(parent)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .context("cannot start the runtime")?
        .block_on(supervise(args, log, data_plane_flags))
}

async fn supervise(args: UpArgs, log: LogArgs, flags: Vec<OsString>) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::take()?;
    let work = private_folder()?;
    let starting = Gateway::start(&args, log, flags, work.path());
    let mut gateway = tokio::select! {
        started = starting => started?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    gateway.announcement().print(args.output)?;
    tokio::select! {
        error = gateway.keep() => return Err(error),
        () = signals.next() => {}
    }
    let DataPlaneArgs {
        shutdown_delay,
        drain_timeout,
        ..
    } = args.data_plane;
    info!(
        "ending: calls in flight may take {} seconds",
        drain_timeout.as_secs()
    );
    tokio::select! {
        () = gateway.stop(shutdown_delay.saturating_add(drain_timeout)) => Ok(ExitCode::SUCCESS),
        () = signals.interrupted() => {
            warn!("interrupted again: ended at once, calls in flight are lost");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The running children. Dropped, both are killed.
struct Gateway {
    data_plane: DataPlane,
    proxy: Option<FrontProxy>,
    address: SocketAddr,
}

impl Gateway {
    /// Starts both and returns when calls are served.
    async fn start(args: &UpArgs, log: LogArgs, flags: Vec<OsString>, work: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        let prepared = if args.no_envoy {
            None
        } else {
            Some(front_proxy::Launch::prepare(args, program.clone(), work).await?)
        };
        let front = match &prepared {
            None => Front::Http(args.listen),
            Some(launch) => launch.front(),
        };
        let folder = args.folder.folder.clone();
        let launch = Launch {
            program,
            log,
            folder,
            front,
            admin: args.admin,
            flags,
        };
        let starting = async {
            let mut data_plane = DataPlane::start(launch).await?;
            tokio::select! {
                () = configured(data_plane.ready.admin) => {}
                // It has said why itself.
                status = data_plane.child.ended() => {
                    status?;
                    return Err(AlreadyTold.into());
                }
            }
            let proxy = match prepared {
                None => None,
                Some(launch) => Some(FrontProxy::start(launch).await?),
            };
            let address = match &proxy {
                None => data_plane
                    .ready
                    .http
                    .context("the data plane did not tell its address")?,
                Some(proxy) => proxy.address,
            };
            Ok(Self {
                data_plane,
                proxy,
                address,
            })
        };
        timeout(START_PATIENCE, starting)
            .await
            .context("not ready after 60 seconds; the log above may say why")?
    }

    fn announcement(&self) -> Announcement {
        Announcement {
            address: self.address,
            admin: self.data_plane.ready.admin,
            envoy: self.proxy.as_ref().map(|proxy| proxy.version.to_string()),
            models: self.data_plane.ready.models.clone(),
        }
    }

    /// Keeps both running, for ever.
    async fn keep(&mut self) -> anyhow::Error {
        let proxy = async {
            match &mut self.proxy {
                Some(proxy) => proxy.keep().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            error = self.data_plane.keep() => error,
            error = proxy => error,
        }
    }

    /// Ends the data plane when its calls have ended, and then Envoy, which answers 503 as long as it is alone.
    async fn stop(&mut self, drain: Duration) {
        self.data_plane
            .child
            .stop(drain.saturating_add(DRAIN_MARGIN))
            .await;
        if let Some(proxy) = &mut self.proxy {
            proxy.stop(LAST_PATIENCE).await;
        }
    }
}

/// Waits until the data plane has its first configuration.
async fn configured(admin: SocketAddr) {
    while Peer::Tcp(admin).get("/readyz").await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A folder for the sockets, which nobody else may enter.
fn private_folder() -> anyhow::Result<TempDir> {
    // The path of a socket has at most 107 bytes.
    let usual = std::env::temp_dir();
    let parent = if usual.as_os_str().len() <= 60 {
        usual
    } else {
        PathBuf::from("/tmp")
    };
    let mut builder = tempfile::Builder::new();
    let folder = builder
        .prefix("wayleave-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(&parent);
    folder.with_context(|| format!("cannot make a folder in {}", parent.display()))
}

/// Checks that nobody listens at an address. Envoy itself would share it with another Envoy and say nothing.
fn check_free(listen: SocketAddr) -> anyhow::Result<()> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) => Err(error).with_context(|| {
            format!(
                "cannot listen on {listen}: is another process there? Choose another address with --listen"
            )
        }),
    }
}
