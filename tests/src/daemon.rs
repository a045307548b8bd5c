//! A process of `wayleave` that says in its first line where it is.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::Client;
use crate::output::{self, Log};
use crate::process::{self, Memory};
use crate::program;
use crate::secrets::Secrets;

/// How long a process may take to say where it is, or to end, on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Our own parts tell all, the libraries below only what is odd.
const LOG: &str =
    "info,wayleave_operator=debug,wayleave_ext_proc=debug,wayleave_engine=debug,wayleave_cli=debug";

/// A process that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Daemon {
    name: &'static str,
    child: Child,
    output: JoinSet<()>,
    secrets: Secrets,
    /// Its log.
    pub log: Log,
    /// Its first line.
    pub said: Value,
}

/// `wayleave` with its log as JSON, and nothing taken over from this process's environment.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(program::wayleave());
    // It ends with the thread that starts it, even one that is killed.
    command
        .args(["exec-envoy", "--parent", &std::process::id().to_string(), "--"])
        .arg(program::wayleave());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("WAYLEAVE_") || name.starts_with("POD_") || name == "KUBECONFIG" {
            command.env_remove(&*name);
        }
    }
    let (filter, format) = if output::is_for_people() {
        ("info", "text")
    } else {
        (LOG, "json")
    };
    command
        .env_remove("RUST_LOG")
        .args(["--log", filter, "--log-format", format])
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // An interrupt at the terminal is for us: we end it in order.
        .process_group(0)
        .kill_on_drop(true);
    command
}

impl Daemon {
    /// Starts it, and waits for its first line.
    ///
    /// # Panics
    /// When it ends before, or takes too long.
    pub async fn start(command: Command, secrets: &Secrets) -> Self {
        Self::start_as("wayleave", command, secrets).await
    }

    /// The same, with a name of its own for its log.
    ///
    /// # Panics
    /// When it ends before, or takes too long.
    pub async fn start_as(name: &'static str, mut command: Command, secrets: &Secrets) -> Self {
        let log = Log::of(name);
        let mut child = command.spawn().expect("wayleave can be started");
        let mut output = JoinSet::new();
        output.spawn(log.clone().follow(child.stderr.take().expect("its stderr")));
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout")).lines();
        let line = timeout(PATIENCE, stdout.next_line())
            .await
            .expect("it says where it is, in time")
            .expect("its stdout");
        let Some(line) = line else {
            output.join_all().await;
            panic!("{name} ended before it said where it is:\n{}", log.tail());
        };
        log.keep(line.clone());
        output.spawn(log.clone().follow(stdout.into_inner()));
        let said = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self {
            name,
            child,
            output,
            secrets: secrets.clone(),
            log,
            said,
        }
    }

    /// An address that it said.
    ///
    /// # Panics
    /// When it said none.
    pub fn address(&self, name: &str) -> SocketAddr {
        let text = self.said[name].as_str();
        text.and_then(|text| text.parse().ok()).expect("an address")
    }

    /// A page; status and text.
    pub async fn page(&self, path: &str) -> (u16, String) {
        let base = format!("http://{}", self.address("admin"));
        let client = Client::without_credential(base, self.secrets.clone(), false);
        let answer = client.try_get(path, &[]).await;
        let answer = answer.unwrap_or_else(|error| panic!("{path}: {error:#}"));
        let text = answer.text();
        self.secrets.scan(path, &text);
        (answer.status.as_u16(), text)
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Its memory.
    ///
    /// # Panics
    /// When it has ended.
    pub fn memory(&self) -> Memory {
        process::memory(self.pid()).expect("it runs")
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        process::signal(self.pid(), Signal::TERM);
    }

    /// Stops it where it stands, so that its peers wait for it.
    pub fn freeze(&self) {
        process::signal(self.pid(), Signal::STOP);
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends in time").expect("a status")
    }

    /// How it ended by itself, with the end of its log; `None`: it runs.
    ///
    /// # Panics
    /// When the system cannot tell.
    pub fn fallen(&mut self) -> Option<String> {
        let status = self.child.try_wait().expect("a child can be asked")?;
        Some(format!("{} ended with {status}:\n{}", self.name, self.log.tail()))
    }

    /// Ends it, in order if that takes no longer than `patience`; it may have ended.
    pub async fn stop(mut self, patience: Duration) {
        if self.child.id().is_some() {
            self.terminate();
        }
        if timeout(patience, self.child.wait()).await.is_err() {
            // Fails only for a process that is gone.
            drop(self.child.kill().await);
        }
    }

    /// Kills it.
    ///
    /// # Panics
    /// When it has ended, or a credential stands in its log.
    pub async fn kill(mut self) {
        self.child.start_kill().expect("it runs");
        self.ended().await;
        self.search().await;
    }

    /// Ends it in order, and searches all that it said for credentials.
    ///
    /// # Panics
    /// When it does not end well, a thread of it panicked, or a credential is found.
    pub async fn finish(mut self) {
        self.terminate();
        let status = self.ended().await;
        self.search().await;
        assert!(status.success(), "it ended with {status}:\n{}", self.log.tail());
    }

    async fn search(&mut self) {
        timeout(PATIENCE, async {
            while self.output.join_next().await.is_some() {}
        })
        .await
        .expect("the log's end");
        self.log.assert_no_panic();
        self.secrets.scan("the log", &self.log.text());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("a log ends:\n{}", self.log.tail());
        }
    }
}
