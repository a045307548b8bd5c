//! A running `wayleave up`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::Client;
use crate::front::Front;
use crate::ledger::{Books, Record};
use crate::manifests::Manifests;
use crate::metrics::Metrics;
use crate::output::Log;
use crate::process::{self, Memory};
use crate::program;
use crate::secrets::Secrets;
use crate::wait::until;

/// How long a gateway may take to be ready, on a machine that builds at the same time.
const READY: Duration = Duration::from_secs(60);
/// How long it may take to end.
const ENDED: Duration = Duration::from_secs(60);
/// How long the books of a call may take: a drained loser of a race ends after its call.
const BOOKED: Duration = Duration::from_secs(20);
/// Our own parts tell all, the libraries below only what is odd.
const LOG: &str = "info,wayleave_engine=debug,wayleave_ext_proc=debug,wayleave_cli=debug";

/// A gateway that serves. Dropped, it is killed; [`Gateway::finish`] ends it in order and searches all it said.
#[derive(Debug)]
pub struct Gateway {
    front: Front,
    child: Child,
    output: JoinSet<()>,
    folder: TempDir,
    secrets: Secrets,
    /// Its log.
    pub log: Log,
    /// Where it takes calls.
    pub address: SocketAddr,
    /// Where its admin pages are.
    pub admin: SocketAddr,
    /// The models that it said it serves.
    pub models: Vec<String>,
}

impl Gateway {
    /// Starts a gateway with these manifests.
    pub async fn start(front: Front, manifests: &Manifests) -> Self {
        Self::start_with(front, manifests, &[]).await
    }

    /// Starts a gateway with further flags.
    pub async fn start_with(front: Front, manifests: &Manifests, flags: &[&str]) -> Self {
        Self::start_in(front, manifests, flags, &[]).await
    }

    /// Starts a gateway with further flags and variables of its environment.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start_in(
        front: Front,
        manifests: &Manifests,
        flags: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(manifests_folder(&folder)).expect("a folder for manifests");
        fs::write(manifests_folder(&folder).join("all.yaml"), manifests.yaml()).expect("a manifest");
        let log = Log::new();
        let mut command = command(front, &folder, flags);
        command.envs(environment.iter().copied());
        let mut child = command.spawn().expect("wayleave can be started");
        let mut output = JoinSet::new();
        output.spawn(log.clone().follow(child.stderr.take().expect("its stderr")));
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout")).lines();
        let line = timeout(READY, stdout.next_line())
            .await
            .expect("it is ready in time")
            .expect("its stdout");
        let Some(line) = line else {
            output.join_all().await;
            panic!("wayleave ended before it was ready:\n{}", log.tail());
        };
        log.keep(line.clone());
        output.spawn(log.clone().follow(stdout.into_inner()));
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let address = |name: &str| {
            said[name]
                .as_str()
                .and_then(|text| text.parse().ok())
                .expect("an address")
        };
        let models = said["models"].as_array().expect("its models").iter();
        Self {
            front,
            child,
            output,
            secrets: manifests.secrets.clone(),
            log,
            address: address("address"),
            admin: address("admin"),
            models: models
                .map(|model| model["model"].as_str().unwrap_or_default().to_owned())
                .collect(),
            folder,
        }
    }

    /// A client over HTTP/1.1.
    pub fn client(&self) -> Client {
        Client::new(format!("http://{}", self.address), self.secrets.clone(), false)
    }

    /// A client over HTTP/2.
    pub fn http2_client(&self) -> Client {
        Client::new(format!("http://{}", self.address), self.secrets.clone(), true)
    }

    /// An admin page.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn try_page(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let base = format!("http://{}", self.admin);
        let client = Client::without_credential(base, self.secrets.clone(), false);
        let answer = client.try_get(path, &[]).await?;
        let text = answer.text();
        self.secrets.scan(path, &text);
        Ok((answer.status.as_u16(), text))
    }

    /// An admin page that is there.
    ///
    /// # Panics
    /// When it is not.
    pub async fn page(&self, path: &str) -> String {
        let (status, text) = self
            .try_page(path)
            .await
            .unwrap_or_else(|error| panic!("{path}: {error:#}"));
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// The metrics now.
    pub async fn metrics(&self) -> Metrics {
        Metrics::read(&self.page("/metrics").await)
    }

    /// The ledger's records that the admin page has, of one call or all.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn ledger(&self, call: Option<&str>) -> Vec<Record> {
        let query = call.map_or_else(|| "limit=10000".to_owned(), |id| format!("call={id}"));
        let text = self.page(&format!("/ledger?{query}")).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The books of a call, as soon as they are closed.
    pub async fn books(&self, call: &str) -> Books {
        let what = format!("the books of the call {call}");
        until(&what, BOOKED, async || Books::of(self.ledger(Some(call)).await)).await
    }

    /// The books of the only call to a model that has ended, as soon as they are closed.
    pub async fn books_of_model(&self, model: &str) -> Books {
        let what = format!("the books of a call to {model}");
        until(&what, BOOKED, async || {
            let all = Books::all(&self.ledger(None).await);
            all.into_iter().find(|books| books.call.model_asked == model)
        })
        .await
    }

    /// The ledger's file.
    ///
    /// # Panics
    /// When there is none.
    pub fn ledger_file(&self) -> Vec<Record> {
        Record::read_lines(&fs::read_to_string(self.folder.path().join("ledger.jsonl")).expect("a ledger"))
    }

    /// The folder of its manifests.
    pub fn manifests(&self) -> PathBuf {
        manifests_folder(&self.folder)
    }

    /// Writes a file of manifests at once, as an editor does: beside it, then over it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, yaml: &str) {
        let beside = self.manifests().join(format!(".{name}.new"));
        fs::write(&beside, yaml).expect("a manifest");
        fs::rename(beside, self.manifests().join(name)).expect("a manifest");
    }

    /// The process id of the supervisor.
    ///
    /// # Panics
    /// When it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The process id of the data plane; `None`: there is none now.
    pub fn data_plane(&self) -> Option<u32> {
        self.find(|line| line.contains(" ext-proc "))
    }

    /// The process id of Envoy; `None`: there is none now.
    pub fn envoy(&self) -> Option<u32> {
        self.find(|line| line.contains("--config-path") && !line.contains("exec-envoy"))
    }

    fn find(&self, is: impl Fn(&str) -> bool) -> Option<u32> {
        let children = process::children(self.pid());
        children
            .into_iter()
            .find_map(|(pid, line)| is(&line).then_some(pid))
    }

    /// The memory of the data plane and, where there is one, of Envoy.
    ///
    /// # Panics
    /// When one of them does not run.
    pub fn memory(&self) -> (Memory, Option<Memory>) {
        let of = |pid: Option<u32>| pid.and_then(process::memory);
        let envoy = match self.front {
            Front::Envoy | Front::Proxy => Some(of(self.envoy()).expect("Envoy runs")),
            Front::Alone => None,
        };
        (of(self.data_plane()).expect("the data plane runs"), envoy)
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        process::signal(self.pid(), Signal::TERM);
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        timeout(ENDED, self.child.wait())
            .await
            .expect("it ends in time")
            .expect("a status")
    }

    /// Ends it in order, and searches all that it has said and written for credentials.
    ///
    /// # Panics
    /// When it does not end well, a thread of it panicked, or a credential is found.
    pub async fn finish(mut self) {
        for page in ["/metrics", "/ledger?limit=10000", "/config", "/", "/readyz"] {
            self.page(page).await;
        }
        let config = self.page("/config").await;
        assert!(
            config.contains("\"routes\"") && config.contains("***"),
            "a configuration with stars: {config}"
        );
        self.terminate();
        let status = self.ended().await;
        self.search().await;
        assert!(status.success(), "it ended with {status}:\n{}", self.log.tail());
    }

    /// Searches what it has said and written, once it has ended.
    ///
    /// # Panics
    /// When a thread of it panicked, or a credential is found.
    pub async fn search(&mut self) {
        timeout(ENDED, async { while self.output.join_next().await.is_some() {} })
            .await
            .expect("the log's end");
        self.log.assert_no_panic();
        self.secrets.scan("the log", &self.log.text());
        let ledger = fs::read_to_string(self.folder.path().join("ledger.jsonl")).unwrap_or_default();
        self.secrets.scan("the ledger's file", &ledger);
        assert!(self.secrets.count() > 0, "there is nothing to search for");
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the gateway's log ends:\n{}", self.log.tail());
        }
    }
}

fn manifests_folder(folder: &TempDir) -> PathBuf {
    folder.path().join("manifests")
}

fn command(front: Front, folder: &TempDir, flags: &[&str]) -> Command {
    let mut command = bare_command(&manifests_folder(folder));
    command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.arg("--ledger").arg(folder.path().join("ledger.jsonl"));
    let adaptor = if front == Front::Proxy { "http" } else { "ext-proc" };
    match front {
        Front::Envoy | Front::Proxy => command.arg("--envoy").arg(program::envoy()).args([
            "--envoy-concurrency",
            "2",
            "--adaptor",
            adaptor,
        ]),
        Front::Alone => command.arg("--no-envoy"),
    };
    command.args(flags);
    command
}

/// `wayleave up -f FOLDER` with its log as JSON, and nothing taken over from this process's environment.
pub fn bare_command(manifests: &Path) -> Command {
    let mut command = Command::new(program::wayleave());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WAYLEAVE_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG");
    command
        .args([
            "--log",
            LOG,
            "--log-format",
            "json",
            "up",
            "--output",
            "json",
            "-f",
        ])
        .arg(manifests);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
