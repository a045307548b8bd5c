//! Folders of manifests, and what the commands say of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;
use wayleave_tests::program;

/// A provider key and a route with two rules.
pub(crate) const GOOD: &str = "\
apiVersion: wayleave.dev/v1alpha1
kind: ProviderKey
metadata: {name: p}
spec: {provider: Custom, format: OpenAIChat, endpoint: \"http://127.0.0.1:1/v1\"}
---
apiVersion: wayleave.dev/v1alpha1
kind: LLMRoute
metadata: {name: chat}
spec:
  models: [chat]
  rules:
  - when: request.headers[\"x-tier\"] == \"free\"
    steps: [{targets: [{providerKey: p, model: small}]}]
  - steps: [{targets: [{providerKey: p, model: large}]}]
";

/// A folder with one file, `gateway.yaml`.
pub(crate) fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gateway.yaml"), text).unwrap();
    folder
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Exit status and stdout of a command on a folder.
pub(crate) fn run(command: &str, folder: &Path, further: &[&str]) -> (Option<i32>, String) {
    let arguments = [&[command, "-f", folder.to_str().unwrap()], further].concat();
    let Output {
        status,
        stdout,
        stderr,
    } = program::run(&arguments);
    let (stdout, stderr) = (
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    );
    assert!(!stderr.contains("panicked"), "{stderr}");
    println!("{stdout}{stderr}");
    (status.code(), stdout + &stderr)
}
