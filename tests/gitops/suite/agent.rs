//! Argo CD's sync engine, as its own command: it applies a folder of a git repository, again and again.

use std::process::Stdio;

use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use wayleave_tests::Site;
use wayleave_tests::cluster::program::Program;
use wayleave_tests::output::Log;
use wayleave_tests::program::wayleave;

use super::repository::{MANIFESTS, Repository};

/// A sync engine that runs. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Agent {
    child: Child,
    _output: JoinSet<()>,
    log: Log,
}

impl Agent {
    /// Starts one that applies a repository to the team's namespace, and takes away what the repository no longer has.
    pub(super) fn start(site: &Site<'_>, repository: &Repository) -> Self {
        let log = Log::new();
        let mut child = Command::new(wayleave())
            .args(["exec-envoy", "--parent", &std::process::id().to_string(), "--"])
            .arg(Program::GitopsAgent.path())
            .arg(repository.checkout())
            .args([
                "--path",
                MANIFESTS,
                "--namespaced",
                "--default-namespace",
                &site.team,
            ])
            .arg("--kubeconfig")
            .arg(site.cluster.kubeconfig())
            // Any free port: it is told nothing, but looks every second, as Argo CD does every three minutes.
            .args(["--port", "0", "--resync-seconds", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("wayleave can be started");
        let mut output = JoinSet::new();
        output.spawn(log.clone().follow(child.stdout.take().expect("its stdout")));
        output.spawn(log.clone().follow(child.stderr.take().expect("its stderr")));
        Self {
            child,
            _output: output,
            log,
        }
    }

    /// What it said.
    ///
    /// # Panics
    /// When it has ended.
    pub(super) fn log(&mut self) -> String {
        let ended = self.child.try_wait().expect("a child can be asked");
        assert!(ended.is_none(), "it ended with {ended:?}:\n{}", self.log.tail());
        self.log.text()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the sync engine's log ends:\n{}", self.log.tail());
        }
    }
}
