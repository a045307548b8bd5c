//! What the demo plays on: simulated providers in this process, and a gateway before them.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use wayleave_sim::{Sim, SimOptions};

use super::DemoArgs;
use crate::client::Peer;
use crate::log::LogArgs;
use crate::up::{AlreadyTold, Announcement};

/// `examples/demo`, so that the program shows it without the repository.
const MANIFESTS: [(&str, &str); 2] = [
    ("keys.yaml", include_str!("../../../examples/demo/keys.yaml")),
    ("routes.yaml", include_str!("../../../examples/demo/routes.yaml")),
];
/// Where the manifests say that the providers are.
const WRITTEN: &str = "http://127.0.0.1:4010";
/// How long the gateway may take to end: it drains.
const PATIENCE: Duration = Duration::from_secs(45);

/// Everything that runs.
pub(crate) struct Stage {
    gateway: Child,
    pub(crate) announced: Announcement,
    // Gone with it.
    _folder: TempDir,
    _sim: Sim,
}

impl Stage {
    /// Starts all and returns when calls are served.
    ///
    /// # Errors
    /// When the gateway does not start; it has said why.
    pub(crate) async fn set(args: &DemoArgs, log: &LogArgs) -> anyhow::Result<Self> {
        let sim = Sim::start(SimOptions {
            record: 0,
            ..SimOptions::default()
        })?;
        let folder = tempfile::tempdir().context("cannot make a folder for the manifests")?;
        for (name, text) in MANIFESTS {
            let path = folder.path().join(name);
            let text = text.replace(WRITTEN, &sim.base_url());
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let mut gateway = gateway(args, log, &folder)?
            .spawn()
            .context("cannot start the gateway")?;
        let stdout = gateway.stdout.take().context("the gateway has no stdout")?;
        let line = BufReader::new(stdout)
            .lines()
            .next_line()
            .await
            .context("cannot read from the gateway")?;
        let Some(line) = line else {
            gateway.wait().await.context("cannot wait for the gateway")?;
            return Err(AlreadyTold.into());
        };
        let announced = serde_json::from_str(&line).context("the gateway did not tell its addresses")?;
        Ok(Self {
            gateway,
            announced,
            _folder: folder,
            _sim: sim,
        })
    }

    pub(crate) fn calls(&self) -> Peer {
        Peer::Tcp(self.announced.address)
    }

    pub(crate) fn admin(&self) -> Peer {
        Peer::Tcp(self.announced.admin)
    }

    /// Ends the gateway as a user would.
    ///
    /// # Errors
    /// When it does not end well.
    pub(crate) async fn clear(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self
            .gateway
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
        {
            // Fails only for a process that is gone.
            let _ = kill_process(pid, Signal::TERM);
        }
        let ended = timeout(PATIENCE, self.gateway.wait())
            .await
            .context("the gateway does not end")?;
        let status = ended.context("cannot wait for the gateway")?;
        if !status.success() {
            bail!("the gateway did not end well ({status})");
        }
        Ok(())
    }
}

fn gateway(args: &DemoArgs, log: &LogArgs, folder: &TempDir) -> anyhow::Result<Command> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0)).to_string();
    let mut command =
        std::process::Command::new(std::env::current_exe().context("cannot tell where this program is")?);
    let log = LogArgs {
        log: Some(log.log.clone().unwrap_or_else(|| "warn".to_owned())),
        ..log.clone()
    };
    log.pass_on(&mut command);
    command
        .args([
            "up",
            "--listen",
            &any,
            "--admin",
            &args.admin.to_string(),
            "--output",
            "json",
            "--folder",
        ])
        .arg(folder.path());
    command.args(["--parent", &std::process::id().to_string()]);
    if args.no_envoy {
        command.arg("--no-envoy");
    }
    if let Some(envoy) = &args.envoy {
        command.arg("--envoy").arg(envoy);
    }
    // An interrupt at the terminal is ours to pass on.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut command = Command::from(command);
    command.kill_on_drop(true);
    Ok(command)
}
