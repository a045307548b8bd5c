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
use crate::{envoy, manifest, redis};

/// How long a program may take to give its first good answer.
const READY: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The running programs.
#[derive(Debug)]
pub struct Fleet {
    upstream: SocketAddr,
    simulator: Option<Child>,
    redis: Option<Child>,
    members: BTreeMap<Variant, Member>,
    folder: TempDir,
}

/// A variant with a program of its own.
#[derive(Debug)]
pub struct Member {
    /// Where it takes calls.
    pub address: SocketAddr,
    /// Where it tells of itself; nobody listens there for Envoy alone.
    pub admin: SocketAddr,
    /// Its program.
    pub child: Child,
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
            redis: None,
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
        let mut redis = None;
        if options.caches() {
            progress("starting redis-server");
            let address = free_address()?;
            let mut child = Child::start("redis-server", redis::command(options, address)?, folder)?;
            redis::ready(&mut child, address).await?;
            self.redis = Some(child);
            redis = Some(address);
        }
        std::fs::create_dir(folder.join("manifests")).context("cannot write the manifests")?;
        std::fs::write(
            folder.join("manifests/bench.yaml"),
            manifest::manifests(self.upstream, redis),
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
        ready(
            Variant::Direct,
            self.upstream,
            self.simulator.iter_mut().collect(),
        )
        .await?;
        for variant in options.variants() {
            if variant == Variant::Direct {
                continue;
            }
            progress(&format!("starting {}", variant.name()));
            let member = self.one_more(variant, options).await?;
            self.members.insert(variant, member);
        }
        Ok(())
    }

    /// Starts a program for a variant beside those that run, and returns when it has given a good answer.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn one_more(&mut self, variant: Variant, options: &Options) -> Result<Member> {
        let (address, admin) = (free_address()?, free_address()?);
        let command = command(
            variant,
            options,
            [address, admin],
            self.upstream,
            self.folder.path(),
        )?;
        let child = Child::start(variant.name(), command, self.folder.path())?;
        let mut member = Member {
            address,
            admin,
            child,
        };
        let mut children: Vec<&mut Child> = self.simulator.iter_mut().collect();
        children.push(&mut member.child);
        ready(variant, address, children).await?;
        Ok(member)
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
        for child in self.simulator.iter_mut().chain(&mut self.redis) {
            child.check()?;
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
        for child in self.simulator.into_iter().chain(self.redis) {
            child.stop().await;
        }
    }
}

/// Waits for the first good answer of a variant; `children` are the programs that it needs, its own at last.
async fn ready(variant: Variant, address: SocketAddr, mut children: Vec<&mut Child>) -> Result<()> {
    let end = Instant::now() + READY;
    let call = Arc::new(Phase::Small.call(Fleet::reader(variant), address));
    loop {
        for child in &mut children {
            child.check()?;
        }
        let mut connection = Connection::new(address, Arc::clone(&call));
        let asked = timeout(Duration::from_secs(2), connection.call(Instant::now())).await;
        let Err(fault) = asked.unwrap_or(Err(Fault::TimedOut)) else {
            return Ok(());
        };
        if Instant::now() >= end {
            let output = children.last().map(|child| child.output()).unwrap_or_default();
            let name = variant.name();
            bail!(
                "{name} at {address} gave no good answer in 30 seconds: {fault}; its output ends:\n{output}"
            );
        }
        sleep(ASK_AGAIN).await;
    }
}

/// The command that runs a variant at `listen`, with its admin port.
fn command(
    variant: Variant,
    options: &Options,
    [listen, admin]: [SocketAddr; 2],
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
        .args(["--listen", &listen.to_string(), "--admin", &admin.to_string()])
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
