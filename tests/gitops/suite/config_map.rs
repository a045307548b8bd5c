//! The patch of Argo CD's settings.

use serde_json::{Value, json};
use wayleave_tests::Cluster;

use super::folder::{KINDS, document, read, root};

/// `UPDATE_ARGOCD=1 cargo test -p wayleave-tests --test gitops` writes it anew.
#[test]
fn it_holds_the_scripts_and_nothing_else() {
    let folder = root().join("argocd");
    let (path, script) = (folder.join("argocd-cm.yaml"), read(&folder.join("health.lua")));
    let indented: String = script
        .lines()
        .map(|line| {
            if line.is_empty() {
                "\n".to_owned()
            } else {
                format!("    {line}\n")
            }
        })
        .collect();
    let entries =
        KINDS.map(|kind| format!("  resource.customizations.health.wayleave.dev_{kind}: |\n{indented}"));
    let text = format!(
        "# Teaches Argo CD the health of Wayleave's kinds. Made from health.lua: never edit it. docs/gitops.md says how to use it.\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\n  namespace: argocd\ndata:\n{}",
        entries.concat()
    );
    if std::env::var_os("UPDATE_ARGOCD").is_some() {
        std::fs::write(&path, &text).expect("argocd/ can be written");
    }
    assert!(
        read(&path) == text,
        "argocd/argocd-cm.yaml is stale: run UPDATE_ARGOCD=1 cargo test -p wayleave-tests --test gitops"
    );
    // What a reader of YAML makes of it.
    let data = document(&path)["data"].clone();
    assert_eq!(data.as_object().map(serde_json::Map::len), Some(KINDS.len()));
    for kind in KINDS {
        let key = format!("resource.customizations.health.wayleave.dev_{kind}");
        assert!(data[key] == script, "{kind}");
    }
}

#[tokio::test]
async fn as_a_patch_it_takes_nothing_away() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("argocd").await;
    let before = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": namespace},
        "data": {"url": "https://argocd.example.com"},
    });
    cluster.apply(&before.to_string()).await;
    let mut patch = document(&root().join("argocd/argocd-cm.yaml"));
    patch["metadata"] = json!({"name": "argocd-cm"});
    let arguments = ["patch", "configmap", "argocd-cm", "--namespace", &namespace];
    let patch = format!("--patch={patch}");
    cluster.kubectl(&[&arguments[..], &[&patch]].concat()).await;
    let after = cluster.get_json("configmap", &namespace, "argocd-cm").await;
    let data: &Value = &after["data"];
    assert_eq!(data["url"], "https://argocd.example.com");
    assert_eq!(data.as_object().map(serde_json::Map::len), Some(1 + KINDS.len()));
}
