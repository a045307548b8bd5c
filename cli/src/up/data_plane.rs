//! The data-plane process as a child of the supervisor.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::ChildStdout;

use super::AlreadyTold;
use super::child::{Child, Pipes};
use crate::ext_proc::Ready;
use crate::log::LogArgs;

const NAME: &str = "the data plane";

/// Where the data plane takes calls.
#[derive(Clone, Debug)]
pub(crate) enum Front {
    /// From Envoy's external-processor filter.
    ExtProc(PathBuf),
    /// From Envoy as a proxy.
    HttpSocket(PathBuf),
    /// From clients.
    Http(SocketAddr),
}

/// How the data plane is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) log: LogArgs,
    pub(crate) folder: PathBuf,
    pub(crate) front: Front,
    pub(crate) admin: SocketAddr,
    /// The data plane's own flags, as they were given.
    pub(crate) flags: Vec<OsString>,
}

impl Launch {
    fn command(&self) -> Command {
        let mut command = Command::new(program(&self.program));
        self.log.pass_on(&mut command);
        command.arg("ext-proc").arg("--folder").arg(&self.folder);
        match &self.front {
            Front::ExtProc(path) => command.arg("--socket").arg(path),
            Front::HttpSocket(path) => command.arg("--http-socket").arg(path),
            Front::Http(address) => command.arg("--http").arg(address.to_string()),
        };
        command.args(["--admin", &self.admin.to_string(), "--output", "json"]);
        command
            .args(["--parent", &std::process::id().to_string()])
            .args(&self.flags);
        command.stdout(Stdio::piped());
        command
    }

    /// With port 0 replaced by the port that was found, so that it stays when the process is started again.
    fn settle(&mut self, found: &Ready) {
        self.admin = found.admin;
        if let (Front::Http(address), Some(http)) = (&mut self.front, found.http) {
            *address = http;
        }
    }
}

/// This program; by way of the system if its file is gone, e.g. after an update.
pub(super) fn program(path: &Path) -> &Path {
    if path.exists() {
        path
    } else {
        Path::new("/proc/self/exe")
    }
}

/// A data plane that has been ready once.
pub(crate) struct DataPlane {
    pub(crate) child: Child,
    launch: Launch,
    pub(crate) ready: Ready,
}

impl DataPlane {
    /// Starts it, and returns when it serves.
    ///
    /// # Errors
    /// When it ends before; it has said why itself.
    pub(crate) async fn start(mut launch: Launch) -> anyhow::Result<Self> {
        let (mut child, pipes) = Child::start(NAME, launch.command())?;
        let mut lines = BufReader::new(pipes.stdout.context("the data plane has no stdout")?).lines();
        let Ok(Some(line)) = lines.next_line().await else {
            let status = child.ended().await?;
            if status.code() == Some(1) {
                return Err(AlreadyTold.into());
            }
            bail!("the data plane ended before it was ready ({status})");
        };
        let ready = serde_json::from_str(&line).context("the data plane did not tell its addresses")?;
        tokio::spawn(discard(lines));
        launch.settle(&ready);
        Ok(Self { child, launch, ready })
    }

    /// Keeps it running, for ever.
    pub(crate) async fn keep(&mut self) -> anyhow::Error {
        let launch = &self.launch;
        self.child.keep(|| launch.command(), attach).await
    }
}

fn attach(pipes: Pipes) {
    if let Some(stdout) = pipes.stdout {
        tokio::spawn(discard(BufReader::new(stdout).lines()));
    }
}

async fn discard(mut lines: Lines<BufReader<ChildStdout>>) {
    while let Ok(Some(_)) = lines.next_line().await {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(program: &str, front: Front) -> Launch {
        Launch {
            program: program.into(),
            log: LogArgs::default(),
            folder: "manifests".into(),
            front,
            admin: ([127, 0, 0, 1], 0).into(),
            flags: vec!["--ledger=l".into()],
        }
    }

    fn words(command: &Command) -> Vec<String> {
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn what_was_found_is_kept_for_the_next_start() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut launch = launch("/bin/true", Front::Http(any));
        let found = Ready {
            admin: ([127, 0, 0, 1], 7).into(),
            http: Some(([127, 0, 0, 1], 8).into()),
            grpc: None,
            models: Vec::new(),
        };
        launch.settle(&found);
        let words = words(&launch.command());
        let after = |flag: &str| words[words.iter().position(|word| word == flag).unwrap() + 1].clone();
        assert_eq!(after("--http"), "127.0.0.1:8");
        assert_eq!(after("--admin"), "127.0.0.1:7");
        assert_eq!(words.last().unwrap(), "--ledger=l");
    }

    #[test]
    fn its_flags_are_those_of_the_command() {
        use clap::Parser as _;
        for front in [Front::ExtProc("s".into()), Front::HttpSocket("s".into())] {
            let command = launch("/bin/true", front).command();
            let words = std::iter::once("wayleave".to_owned()).chain(words(&command));
            crate::args::Cli::try_parse_from(words).unwrap();
        }
    }

    #[tokio::test]
    async fn one_that_fails_at_once_has_told_why() {
        let error = DataPlane::start(launch("/bin/false", Front::ExtProc("s".into())))
            .await
            .err()
            .unwrap();
        assert!(error.is::<AlreadyTold>(), "{error:#}");
        let error = DataPlane::start(launch("/bin/true", Front::ExtProc("s".into())))
            .await
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "the data plane ended before it was ready (exit status: 0)"
        );
    }
}
