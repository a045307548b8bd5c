//! The gateway as a process.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// What stands before the data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    Envoy,
    Nothing,
}

/// A running gateway. Dropped, it is killed.
pub(super) struct Gateway {
    /// `http://ADDRESS`.
    pub(super) calls: String,
    pub(super) admin: String,
    folder: TempDir,
    _process: Child,
}

impl Gateway {
    pub(super) async fn start(manifests: &str, front: Front) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("manifests")).expect("a folder of its own");
        fs::write(path("manifests/all.yaml"), manifests).expect("the manifests");
        let log = fs::File::create(path("log")).expect("a log");
        let program = program();
        let mut command = Command::new(&program);
        command.arg("up").arg("-f").arg(path("manifests"));
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--output",
            "json",
        ]);
        if front == Front::Nothing {
            command.arg("--no-envoy");
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!(
                "cannot run {}: {error}. Build it: cargo build -p wayleave-cli",
                program.display()
            )
        });
        let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
        let line = timeout(PATIENCE, lines.next_line()).await;
        let Ok(Ok(Some(line))) = line else {
            let log = fs::read_to_string(path("log")).unwrap_or_default();
            panic!("the gateway did not start: {line:?}\n{log}");
        };
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let url = |name: &str| format!("http://{}", ready[name].as_str().expect("an address"));
        Self {
            calls: url("address"),
            admin: url("admin"),
            folder,
            _process: process,
        }
    }

    /// What it has written to stderr.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// The program: `WAYLEAVE_BIN`, or the one beside this test.
fn program() -> PathBuf {
    std::env::var_os("WAYLEAVE_BIN").map_or_else(
        || {
            let test = std::env::current_exe().expect("a test has a path");
            let profile = test
                .parent()
                .and_then(|deps| deps.parent())
                .expect("target/PROFILE/deps");
            profile.join("wayleave")
        },
        PathBuf::from,
    )
}
