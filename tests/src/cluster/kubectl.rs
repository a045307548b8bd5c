//! `kubectl`, as one user.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::program::Program;

/// `kubectl` with one kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    pub(super) kubeconfig: PathBuf,
    /// Where it keeps what kinds there are, by host and port: of this cluster alone, since ports are used again.
    pub(super) cache: PathBuf,
}

impl Kubectl {
    /// Its kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs it; what it printed.
    ///
    /// # Panics
    /// When it fails, with what it says.
    pub async fn run(&self, arguments: &[&str]) -> String {
        self.run_with(arguments, "").await
    }

    /// Runs it with a standard input; what it printed.
    ///
    /// # Panics
    /// When it fails, with what it says and the input.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> String {
        self.try_run_with(arguments, input).await.unwrap_or_else(|said| {
            let input = if input.is_empty() {
                ""
            } else {
                "\nstandard input:\n"
            }
            .to_owned()
                + input;
            panic!("kubectl {} failed: {said}{input}", arguments.join(" "));
        })
    }

    /// Runs it; what it printed.
    ///
    /// # Errors
    /// What it says when it fails.
    pub async fn try_run(&self, arguments: &[&str]) -> Result<String, String> {
        self.try_run_with(arguments, "").await
    }

    /// Runs it with a standard input; what it printed.
    ///
    /// # Errors
    /// What it says when it fails.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn try_run_with(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new(Program::Kubectl.path())
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", &self.cache)
            // Not the preferences of whoever runs the tests.
            .env("KUBECTL_KUBERC", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("kubectl can be started");
        let mut stdin = child.stdin.take().expect("its stdin");
        let write = async move {
            // It may have ended without reading all: then it says why.
            drop(stdin.write_all(input.as_bytes()).await);
        };
        let ((), output) = tokio::join!(write, child.wait_with_output());
        let output = output.expect("kubectl can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{}{}", text(&output.stdout), text(&output.stderr)))
        }
    }
}
