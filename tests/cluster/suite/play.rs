//! `make cluster`, as people and machines use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use wayleave_tests::cluster::program::Program;
use wayleave_tests::process::{children, lives, signal};
use wayleave_tests::secrets::Secrets;
use wayleave_tests::{Client, program, until};

/// How long each thing may take, on a machine that builds at the same time.
const LIMIT: Duration = Duration::from_secs(180);
/// What runs beside the program itself.
const PROGRAMS: [&str; 5] = ["etcd", "kube-apiserver", "operator", "ext-proc", "envoy"];

/// A cluster to play with, in a process group of its own as a terminal would give it.
struct Play {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    temporary: TempDir,
}

impl Play {
    fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cluster"))
            .args(["--any-ports", "--output", "json"])
            .env("WAYLEAVE_BIN", program::wayleave())
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            temporary,
        }
    }

    /// What it says when all runs; `None`: it ended.
    async fn said(&mut self) -> Option<Value> {
        let line = timeout(LIMIT, self.lines.next_line()).await.unwrap().unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Where clusters of this process are.
    fn folder(&self) -> PathBuf {
        let target = fs::canonicalize(program::target()).unwrap();
        target.join(format!("tmp/clusters/{}-0", self.pid()))
    }

    /// Waits until it has ended; its status and what it said of its progress.
    async fn ended(&mut self) -> (ExitStatus, String) {
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        let reading = timeout(LIMIT, stderr.read_to_string(&mut text));
        reading.await.unwrap().unwrap();
        (self.child.wait().await.unwrap(), text)
    }

    /// Checks that neither these processes nor a file is left, but for the folder of the cluster.
    async fn assert_nothing_else_is_left(&self, processes: &[(u32, String)]) {
        // One that is killed while it starts is gone a moment later.
        until("its programs are gone", LIMIT, async || {
            (!processes.iter().any(|(pid, _)| lives(*pid))).then_some(())
        })
        .await;
        let left: Vec<_> = self.temporary.path().read_dir().unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// The same, and that is gone too.
    async fn assert_nothing_is_left(&self, folder: &Path, processes: &[(u32, String)]) {
        self.assert_nothing_else_is_left(processes).await;
        assert!(!folder.exists(), "{}", folder.display());
    }
}

/// Edits a route as `kubectl edit` does, with `sed` for an editor.
async fn edit(said: &Value, route: &str, sed: &str) {
    let output = Command::new(Program::Kubectl.path())
        .args(["edit", "llmr", route])
        .env("EDITOR", format!("sed -i {sed}"))
        .env("KUBECONFIG", said["kubeconfig"].as_str().unwrap())
        .env("KUBECACHEDIR", said["kubectl_cache"].as_str().unwrap())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
}

#[tokio::test]
async fn what_is_edited_is_served_and_an_interrupt_leaves_nothing() {
    let mut play = Play::start();
    let said = play.said().await.expect("it starts");
    let base = format!("http://{}", said["address"].as_str().unwrap());
    let client = Client::new(base, Secrets::default(), false);

    // At once, through Envoy.
    let answer = client.chat("chat").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("x-wayleave-target").starts_with("default/north/"));

    edit(&said, "chat", "s/providerKey:.north/providerKey:\\ south/").await;
    until("the edit is served", LIMIT, async || {
        let answer = client.chat("chat").await;
        answer
            .header("x-wayleave-target")
            .starts_with("default/south/")
            .then_some(())
    })
    .await;

    let (folder, processes) = (play.folder(), children(play.pid()));
    for name in PROGRAMS {
        let found = processes
            .iter()
            .filter(|(_, line)| line.contains(&format!("{name} ")));
        assert_eq!(found.count(), 1, "{name}: {processes:?}");
    }
    for log in ["operator", "data-plane", "envoy", "kube-apiserver", "etcd"] {
        let log = folder.join(format!("{log}.log"));
        assert!(log.is_file(), "{}", log.display());
    }

    // As a terminal does it.
    let group = Pid::from_raw(play.pid().try_into().unwrap()).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    let (status, text) = play.ended().await;
    assert_eq!(status.code(), Some(0), "{text}");
    play.assert_nothing_is_left(&folder, &processes).await;
}

#[tokio::test]
async fn it_says_which_program_ended_and_why() {
    let mut play = Play::start();
    play.said().await.expect("it starts");
    let (folder, processes) = (play.folder(), children(play.pid()));
    let (operator, _) = processes
        .iter()
        .find(|(_, line)| line.contains(" operator "))
        .unwrap();
    signal(*operator, Signal::KILL);
    let (status, text) = play.ended().await;
    assert_eq!(status.code(), Some(1), "{text}");
    let (_, told) = text
        .split_once("error: operator ended with signal: 9")
        .expect(&text);
    assert!(told.contains("this operator leads now"), "{told}");
    play.assert_nothing_else_is_left(&processes).await;
    // The whole log, until the next cluster is started.
    let log = folder.join("operator.log");
    assert!(told.contains(&log.display().to_string()), "{told}");
}

#[tokio::test]
async fn one_that_is_told_to_end_while_it_starts_leaves_nothing() {
    let mut play = Play::start();
    let (folder, pid) = (play.folder(), play.pid());
    let processes = until("the API server is starting", LIMIT, async || {
        let processes = children(pid);
        let found = processes.iter().any(|(_, line)| line.contains("kube-apiserver "));
        found.then_some(processes)
    })
    .await;
    signal(pid, Signal::TERM);
    assert_eq!(play.said().await, None);
    let (status, text) = play.ended().await;
    assert_eq!(status.code(), Some(0), "{text}");
    play.assert_nothing_is_left(&folder, &processes).await;
}

#[tokio::test]
async fn its_help_has_an_example() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cluster"));
    let output = command.arg("--help").output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Example:\n  make cluster\n"), "{text}");
}
