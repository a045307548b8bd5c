//! Envoy as a child of the supervisor.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use wayleave_ext_proc::envoy::bootstrap::{self, AccessLog, BootstrapOptions, ListenAddress};

use super::child::{Child, Pipes};
use super::data_plane::{Front, program};
use super::envoy::{self, Envoy, Version};
use super::{UpArgs, check_free, relay};
use crate::envoy_admin;
use crate::envoy_config::{self, EnvoySettings};

const NAME: &str = "Envoy";
/// What Envoy gets of our environment.
const KEPT: [&str; 5] = ["PATH", "HOME", "TMPDIR", "TZ", "LANG"];

/// How Envoy is started.
pub(crate) struct Launch {
    program: PathBuf,
    envoy: Envoy,
    concurrency: Option<u32>,
    bootstrap: BootstrapOptions,
    folder: PathBuf,
}

impl Launch {
    /// Finds Envoy and checks that it can be started.
    ///
    /// # Errors
    /// When there is no Envoy, or an old one, or the port is taken.
    pub(crate) async fn prepare(args: &UpArgs, program: PathBuf, folder: &Path) -> anyhow::Result<Self> {
        check_free(args.listen)?;
        let bootstrap = EnvoySettings {
            listen: args.listen,
            admin: folder.join("envoy-admin.sock"),
            upstream: folder.join("calls.sock"),
            adaptor: args.adaptor,
            access_log: args.access_log,
            max_heap: args.envoy_max_heap,
            max_header_bytes: args.data_plane.max_header_bytes.0,
        };
        let bootstrap = bootstrap.into_options();
        let envoy = Envoy::find(args.envoy.as_deref()).await?;
        Ok(Self {
            program,
            envoy,
            concurrency: args.envoy_concurrency,
            bootstrap,
            folder: folder.to_owned(),
        })
    }

    /// Where the data plane has to take calls.
    pub(crate) fn front(&self) -> Front {
        let socket = self.bootstrap.upstream.clone();
        match self.bootstrap.adaptor {
            bootstrap::Adaptor::ExtProc => Front::ExtProc(socket),
            bootstrap::Adaptor::Http => Front::HttpSocket(socket),
        }
    }

    fn config(&self) -> PathBuf {
        self.folder.join("envoy.json")
    }

    fn write_config(&self) -> anyhow::Result<()> {
        let path = self.config();
        fs::write(&path, envoy_config::text(&self.bootstrap)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program(&self.program));
        // The credentials in our environment are none of Envoy's business.
        command.env_clear().envs(
            KEPT.iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        );
        command
            .args(["exec-envoy", "--parent", &std::process::id().to_string(), "--"])
            .arg(&self.envoy.path);
        command.args(envoy::arguments(&self.config(), self.concurrency));
        command.stderr(Stdio::piped());
        // The access log, if there is one, is a result like any other.
        command.stdout(match self.bootstrap.access_log {
            AccessLog::Off => Stdio::null(),
            AccessLog::Stdout => Stdio::inherit(),
        });
        command
    }
}

/// An Envoy that has served once.
pub(crate) struct FrontProxy {
    child: Child,
    launch: Launch,
    pub(crate) address: SocketAddr,
    pub(crate) version: Version,
}

impl FrontProxy {
    /// Starts Envoy, and returns when it serves.
    ///
    /// # Errors
    /// When it ends before; the log has what it said.
    pub(crate) async fn start(mut launch: Launch) -> anyhow::Result<Self> {
        launch.write_config()?;
        let (mut child, pipes) = Child::start(NAME, launch.command())?;
        let stderr = pipes.stderr.context("Envoy has no stderr")?;
        let relayed = tokio::spawn(relay::relay(stderr));
        let admin = launch.bootstrap.admin.clone();
        let address = tokio::select! {
            address = envoy_admin::serving(&admin) => address,
            status = child.ended() => {
                // Its last words come first.
                let _ = relayed.await;
                bail!("Envoy ended before it was ready ({}): its lines above say why", status?);
            }
        };
        // Port 0 has become a real one, which the next start has to take again.
        launch.bootstrap.listen = ListenAddress::Tcp(address);
        launch.write_config()?;
        let version = launch.envoy.version;
        Ok(Self {
            child,
            launch,
            address,
            version,
        })
    }

    /// Keeps it running, for ever.
    pub(crate) async fn keep(&mut self) -> anyhow::Error {
        let launch = &self.launch;
        self.child.keep(|| launch.command(), attach).await
    }

    /// Ends it when its clients have all of their answers, or after `patience`.
    pub(crate) async fn stop(&mut self, patience: Duration) {
        envoy_admin::idle(&self.launch.bootstrap.admin, patience).await;
        self.child.stop(patience).await;
    }
}

fn attach(pipes: Pipes) {
    if let Some(stderr) = pipes.stderr {
        tokio::spawn(relay::relay(stderr));
    }
}
