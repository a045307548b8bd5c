//! What `wayleave up` says when it cannot start: one clear line, and status 1.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::gateway::bare_command;
use wayleave_tests::{Front, Gateway, Manifests, on_every_front, program};

on_every_front!(credentials_come_from_the_environment);

const SOON: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let key = "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {name: p}\nspec: {provider: Custom, \
               format: OpenAIChat, endpoint: \"http://127.0.0.1:1/v1\"}\n";
    std::fs::write(folder.path().join("p.yaml"), key).unwrap();
    folder
}

/// The status and the only line on stderr.
async fn failure(manifests: &Path, flags: &[&str]) -> String {
    failure_in(manifests, flags, &[]).await
}

async fn failure_in(manifests: &Path, flags: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = bare_command(manifests);
    command.args(flags).envs(environment.iter().copied());
    let output = timeout(SOON, command.output()).await.unwrap().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(output.stdout.is_empty(), "it said that it is ready");
    // What the configuration is may be logged before; why it ended is one line.
    let lines: Vec<&str> = told.lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(lines.len(), 1, "one line: {told}");
    assert!(lines[0].starts_with("error: "), "{told}");
    println!("{}", lines[0]);
    lines[0].to_owned()
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = folder();
    let envoy = program::envoy();
    let with_envoy = ["--envoy", envoy.to_str().unwrap()];
    let free = "127.0.0.1:0";
    for front in [&["--no-envoy"][..], &with_envoy] {
        for (listen, admin, flag) in [
            (address.as_str(), free, "--listen"),
            (free, address.as_str(), "--admin"),
        ] {
            let flags = [front, &["--listen", listen, "--admin", admin]].concat();
            let told = failure(folder.path(), &flags).await;
            assert!(told.contains(&address), "{flag}: {told}");
        }
    }
}

#[tokio::test]
async fn a_missing_envoy_is_told() {
    let folder = folder();
    let free = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let told = failure(
        folder.path(),
        &[&free[..], &["--envoy", "/nowhere/envoy"]].concat(),
    )
    .await;
    assert!(
        told.contains("/nowhere/envoy") && told.contains("--envoy"),
        "{told}"
    );
    let nowhere = [
        ("PATH", "/nowhere"),
        ("HOME", "/nowhere"),
        ("XDG_CACHE_HOME", "/nowhere"),
    ];
    let told = failure_in(folder.path(), &free, &nowhere).await;
    assert!(
        told.contains("make envoy") && told.contains("--no-envoy"),
        "{told}"
    );
}

#[tokio::test]
async fn a_missing_folder_or_an_unwritable_ledger_is_told() {
    let free = ["--no-envoy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let told = failure(Path::new("/nowhere/manifests"), &free).await;
    assert!(told.contains("/nowhere/manifests"), "{told}");
    let folder = folder();
    let told = failure(
        folder.path(),
        &[&free[..], &["--ledger", "/nowhere/ledger.jsonl"]].concat(),
    )
    .await;
    assert!(told.contains("/nowhere/ledger.jsonl"), "{told}");
}

/// `${ENV}` in a Secret.
async fn credentials_come_from_the_environment(front: Front) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default();
    let credential = manifests.secrets.mint("of the environment");
    let manifests = manifests
        .document("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {apiKey: \"${TEST_CREDENTIAL}\"}\n")
        .document(&format!(
            "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: p}}\nspec:\n  provider: OpenAI\n  \
             endpoint: {}/v1\n  secretRefs: [{{name: s, key: apiKey}}]\n",
            sim.base_url()
        ))
        .to("chat", "p", "m");
    let environment = [("TEST_CREDENTIAL", credential.as_str())];
    let gateway = Gateway::start_in(front, &manifests, &[], &environment).await;
    let answer = gateway.client().chat("chat").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(sim.requests()[0].key.as_deref(), Some(credential.as_str()));
    gateway.finish().await;
}
