//! What the rules may cost: an API server estimates it from the bounds, and refuses a definition that could cost too
//! much. Newer ones may be stricter; ours keep ten times away.

use serde_json::Value;
use wayleave_tests::Cluster;

use super::fields::crds;

/// The room that has to be left.
const MARGIN: u64 = 10;
/// So much is too much for anyone.
const TOO_MUCH: u64 = 100_000;

#[tokio::test]
async fn the_rules_cost_less_than_a_tenth_of_what_they_may() {
    for crd in crds() {
        let said = offer(&crd, MARGIN).await;
        assert!(said.is_ok(), "{}: {said:?}", crd["metadata"]["name"]);
    }
}

#[tokio::test]
async fn the_api_server_does_count() {
    for crd in crds() {
        let said = offer(&crd, TOO_MUCH).await;
        let said = said.expect_err("too dear");
        assert!(said.contains("budget"), "{said}");
    }
}

/// Offers a definition whose rules all cost `factor` times as much.
async fn offer(crd: &Value, factor: u64) -> Result<String, String> {
    let cluster = Cluster::shared().await;
    cluster.install_crds().await;
    let mut crd = crd.clone();
    let version = &mut crd["spec"]["versions"][0];
    grow(
        &mut version["schema"]["openAPIV3Schema"]["properties"]["spec"],
        factor,
    );
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    serde_json::to_writer(file.as_file(), &crd).unwrap();
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
