//! Everything that is measured, running side by side.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::child::Child;
use crate::http::call::Fault;
use crate::http::connection::Connection;
use crate::load::Lane;
use crate::options::Options;
use crate::process::{self, Split, Usage};
use crate::scenario::{Phase, Reader};
use crate::variant::Variant;
use crate::{envoy, manifest};

/// How long a program may take to give its first good answer.
const READY: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The running programs.
#[derive(Debug)]
pub struct Fleet {
    upstream: SocketAddr,
    simulator: Option<Child>,
    members: BTreeMap<Variant, Member>,
    folder: TempDir,
}

/// A variant with a program of its own.
#[derive(Debug)]
struct Member {
    address: SocketAddr,
    child: Child,
}

impl Fleet {
    /// Before anything is started.
    ///
    /// # Errors
    /// When there is no port, or no place for configuration and logs.
    pub fn new(options: &Options) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for configuration and logs")?;
        let upstream = match options.upstream {
            Some(address) => address,
            None => free_address()?,
        };
        Ok(Self {
            upstream,
            simulator: None,
            members: BTreeMap::new(),
            folder,
        })
    }

    /// Starts everything that the options ask for, and returns when each variant has given a good answer.
    ///
    /// # Errors
    /// When a program is missing, ends, or gives no good answer within 30 seconds; with the end of its output.
    pub async fn start(&mut self, options: &Options, progress: &mut impl FnMut(&str)) -> Result<()> {
        let folder = self.folder.path();
        std::fs::create_dir(folder.join("manifests")).context("cannot write the manifests")?;
        std::fs::write(
            folder.join("manifests/bench.yaml"),
            manifest::manifests(self.upstream),
        )
        .context("cannot write the manifests")?;
        if options.upstream.is_none() {
            progress("starting the simulator");
            let mut command = Command::new(wayleave(options)?);
            command.args([
                "sim",
                "--listen",
                &self.upstream.to_string(),
                "--keyless",
                "--record",
                "0",
            ]);
            self.simulator = Some(Child::start("simulator", command, folder)?);
        }
        self.ready(Variant::Direct).await?;
        for variant in options.variants() {
            if variant == Variant::Direct {
                continue;
            }
            progress(&format!("starting {}", variant.name()));
            let address = free_address()?;
            let command = command(variant, options, address, self.upstream, self.folder.path())?;
            let child = Child::start(variant.name(), command, self.folder.path())?;
            self.members.insert(variant, Member { address, child });
            self.ready(variant).await?;
        }
        Ok(())
    }

    /// Where a variant listens.
    pub fn address(&self, variant: Variant) -> SocketAddr {
        self.members
            .get(&variant)
            .map_or(self.upstream, |member| member.address)
    }

    /// Who reads the model's name in calls to a variant.
    pub const fn reader(variant: Variant) -> Reader {
        if variant.up_flags().is_some() {
            Reader::Gateway
        } else {
            Reader::Simulator
        }
    }

    /// What a variant has used so far; `None` for what has no program of its own.
    pub fn usage(&self, variant: Variant) -> Option<Split> {
        self.members
            .get(&variant)
            .map(|member| process::usage(member.child.pid()))
    }

    /// What the simulator has used so far, if it was started here.
    pub fn simulator_usage(&self) -> Option<Usage> {
        self.simulator
            .as_ref()
            .map(|child| process::usage(child.pid()).other)
    }

    /// That the programs behind a variant still run.
    ///
    /// # Errors
    /// When one has ended, with the end of its output.
    pub fn check(&mut self, variant: Variant) -> Result<()> {
        if let Some(simulator) = &mut self.simulator {
            simulator.check()?;
        }
        self.members
            .get_mut(&variant)
            .map_or(Ok(()), |member| member.child.check())
    }

    /// Ends everything.
    pub async fn stop(self) {
        for (_, member) in self.members {
            member.child.stop().await;
        }
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
    }

    /// Waits for the first good answer.
    async fn ready(&mut self, variant: Variant) -> Result<()> {
        let end = Instant::now() + READY;
        let address = self.address(variant);
        let call = Arc::new(Phase::Small.call(Self::reader(variant), address));
        loop {
            self.check(variant)?;
            let mut connection = Connection::new(address, Arc::clone(&call));
            let asked = timeout(Duration::from_secs(2), connection.call(Instant::now())).await;
            let Err(fault) = asked.unwrap_or(Err(Fault::TimedOut)) else {
                return Ok(());
            };
            if Instant::now() >= end {
                let child = self
                    .members
                    .get(&variant)
                    .map(|member| &member.child)
                    .or(self.simulator.as_ref());
                let output = child.map(Child::output).unwrap_or_default();
                let name = variant.name();
                bail!(
                    "{name} at {address} gave no good answer in 30 seconds: {fault}; its output ends:\n{output}"
                );
            }
            sleep(ASK_AGAIN).await;
        }
    }
}

/// The command that runs a variant at `listen`.
fn command(
    variant: Variant,
    options: &Options,
    listen: SocketAddr,
    upstream: SocketAddr,
    folder: &Path,
) -> Result<Command> {
    let Some(flags) = variant.up_flags() else {
        let config = folder.join("envoy.json");
        std::fs::write(&config, envoy::config(listen, upstream).to_string())
            .with_context(|| format!("cannot write {}", config.display()))?;
        let mut command = Command::new(envoy_program(options)?);
        command.arg("--config-path").arg(config);
        command.args([
            "--concurrency",
            "2",
            "--disable-hot-restart",
            "--log-level",
            "warning",
        ]);
        return Ok(command);
    };
    let mut command = Command::new(wayleave(options)?);
    command.arg("up").arg("-f").arg(folder.join("manifests"));
    command
        .args([
            "--listen",
            &listen.to_string(),
            "--admin",
            &free_address()?.to_string(),
        ])
        .args(flags);
    if variant.has_envoy() {
        command.arg("--envoy").arg(envoy_program(options)?);
    }
    Ok(command)
}

fn wayleave(options: &Options) -> Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.with_file_name("wayleave"));
    let program = options
        .wayleave
        .clone()
        .or_else(beside)
        .context("cannot tell where this program is")?;
    if !program.is_file() {
        let shown = program.display();
        bail!(
            "there is no {shown}: build it with `cargo build --release -p wayleave-cli`, or give --wayleave PATH"
        );
    }
    Ok(program)
}

fn envoy_program(options: &Options) -> Result<PathBuf> {
    let program = options.envoy.clone().or_else(envoy::find).context(
        "there is no envoy on PATH and none that Wayleave has fetched: run `make demo` once, or give --envoy PATH",
    )?;
    if !program.is_file() {
        bail!("there is no {}: give --envoy PATH", program.display());
    }
    Ok(program)
}

/// An address of this machine with a port that nobody uses.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    listener.local_addr().context("cannot find a free port")
}
