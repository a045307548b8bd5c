//! What the rules may cost: Kubernetes estimates it from the bounds, and refuses a definition that could cost too much.
//! Each version counts in its own way: the running API server is asked, and the validation of the oldest and of the
//! newest version that are supported.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use wayleave_tests::Cluster;
use wayleave_tests::cluster::program::Program;

use super::fields::crds;

/// The room that has to be left.
const MARGIN: u64 = 10;
/// So much is too much for anyone.
const TOO_MUCH: u64 = 100_000;
const VALIDATIONS: [Program; 2] = [Program::CrdValidateOldest, Program::CrdValidateNewest];

#[tokio::test]
async fn the_rules_cost_less_than_a_tenth_of_what_they_may() {
    for crd in crds() {
        let crd = grown(&crd, MARGIN);
        let name = &crd["metadata"]["name"];
        let said = offer(&crd).await;
        assert!(said.is_ok(), "{name}: {said:?}");
        for program in VALIDATIONS {
            let said = validate(program, &crd).await;
            assert!(said.is_ok(), "{name}, {}: {said:?}", program.version());
        }
    }
}

#[tokio::test]
async fn too_dear_a_rule_is_noticed() {
    for crd in crds() {
        let crd = grown(&crd, TOO_MUCH);
        let said = offer(&crd).await.expect_err("too dear");
        assert!(said.contains("budget"), "{said}");
        for program in VALIDATIONS {
            let said = validate(program, &crd).await.expect_err("too dear");
            assert!(said.contains("budget"), "{}: {said}", program.version());
        }
    }
}

#[test]
fn the_versions_are_those_that_the_docs_name() {
    let minor = |program: Program| program.version().split('.').nth(1).expect("v0.B.C");
    let [oldest, newest] = VALIDATIONS.map(minor);
    let said = format!("Needs Kubernetes 1.{oldest} to 1.{newest} ");
    assert!(include_str!("../../../docs/install.md").contains(&said), "{said}");
}

/// Offers a definition to the API server.
async fn offer(crd: &Value) -> Result<String, String> {
    let cluster = Cluster::shared().await;
    cluster.install_crds().await;
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    serde_json::to_writer(file.as_file(), crd).unwrap();
    let path = format!("--filename={}", file.path().display());
    cluster
        .try_kubectl(&[
            "apply",
            "--server-side",
            "--dry-run=server",
            "--force-conflicts",
            "--warnings-as-errors",
            &path,
        ])
        .await
}

/// Offers a definition to the validation of one version.
async fn validate(program: Program, crd: &Value) -> Result<(), String> {
    let mut child = Command::new(program.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin
        .write_all(&serde_json::to_vec(crd).unwrap())
        .await
        .expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().await.expect("it ends");
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same definition, whose rules all cost `factor` times as much.
fn grown(crd: &Value, factor: u64) -> Value {
    let mut crd = crd.clone();
    let version = &mut crd["spec"]["versions"][0];
    grow(
        &mut version["schema"]["openAPIV3Schema"]["properties"]["spec"],
        factor,
    );
    crd
}

/// Multiplies the bounds of texts and lists. What is in a list costs more already, as there is more of it.
fn grow(schema: &mut Value, factor: u64) {
    for word in ["maxLength", "maxItems"] {
        if let Some(bound) = schema[word].as_u64() {
            schema[word] = (bound * factor).into();
        }
    }
    for property in schema
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|all| all.values_mut())
    {
        grow(property, factor);
    }
}
