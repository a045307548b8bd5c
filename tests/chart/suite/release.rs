//! Helm installs, upgrades and uninstalls the charts on a real API server.

use serde_json::{Value, json};
use wayleave_tests::Cluster;
use wayleave_tests::chart::{NAMESPACE, RELEASE, chart, helm, said, values_file};

const CRDS: &str = "wayleave-crds";

/// `helm install` or `upgrade` of the chart `name`; what it told.
async fn put(cluster: &Cluster, command: &str, name: &str, values: &Value) -> String {
    let file = values_file(values);
    // Of a namespace that is there already, or of an upgrade, the first flag asks nothing.
    let mut helm = helm(&[command, name, "--create-namespace", "--namespace", NAMESPACE]);
    helm.arg(chart(name)).arg("--values").arg(file.path());
    run(cluster, helm).await
}

async fn run(cluster: &Cluster, mut helm: std::process::Command) -> String {
    helm.arg("--kubeconfig").arg(cluster.kubeconfig());
    let output = tokio::process::Command::from(helm).output().await.unwrap();
    said(output).unwrap_or_else(|said| panic!("{said}"))
}

/// What stands in the cluster is what is rendered: an apply of it would change nothing.
async fn matches(cluster: &Cluster, values: &Value) {
    let file = values_file(values);
    let mut template = helm(&["template", RELEASE, "--namespace", NAMESPACE]);
    template.arg(chart(RELEASE)).arg("--values").arg(file.path());
    let rendered = run(cluster, template).await;
    let arguments = ["diff", "--server-side", "--force-conflicts", "--filename=-"];
    // By another manager: Helm adds notes of its own. Panics with the difference.
    assert_eq!(cluster.kubectl_stdin(&arguments, &rendered).await, "");
}

/// One test, because all of it is about one release's life.
#[tokio::test]
async fn what_the_operator_writes_survives_an_upgrade_and_the_kinds_an_uninstall() {
    let cluster = &Cluster::start().await;
    put(cluster, "install", CRDS, &json!({})).await;
    put(cluster, "upgrade", CRDS, &json!({})).await;
    let told = put(cluster, "install", RELEASE, &json!({})).await;
    assert!(
        told.contains("http://wayleave-gateway.wayleave-system.svc/v1"),
        "{told}"
    );
    matches(cluster, &json!({})).await;
    let route = json!({
        "apiVersion": "wayleave.dev/v1alpha1",
        "kind": "LLMRoute",
        "metadata": {"name": "chat", "namespace": "default"},
        "spec": {"models": ["chat"], "rules": [{"steps": [{"targets": [{"providerKey": "openai"}]}]}]},
    });
    cluster.apply(&route.to_string()).await;

    let filled = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "wayleave-config-tls", "namespace": NAMESPACE},
        "data": {"tls.crt": "YQ=="},
    });
    cluster.apply(&filled.to_string()).await;
    let more = json!({"gateway": {"replicas": 5}});
    put(cluster, "upgrade", RELEASE, &more).await;
    matches(cluster, &more).await;
    let secret = cluster.get_json("secret", NAMESPACE, "wayleave-config-tls").await;
    assert_eq!(secret["data"], json!({"tls.crt": "YQ=="}));
    let deployment = cluster
        .get_json("deployment", NAMESPACE, "wayleave-gateway")
        .await;
    assert_eq!(deployment["spec"]["replicas"], 5);

    for release in [RELEASE, CRDS] {
        run(cluster, helm(&["uninstall", release, "--namespace", NAMESPACE])).await;
    }
    assert_eq!(left(cluster).await, "");
    let kept = cluster.kubectl(&["get", "crds", "--output=name"]).await;
    for kind in ["cachepolicies", "llmroutes", "providerkeys"] {
        assert!(kept.contains(&format!("{kind}.wayleave.dev")), "{kept}");
    }
    let object = cluster.get_json("llmroute", "default", "chat").await;
    assert_eq!(object["spec"], route["spec"], "and with them their objects");
}

/// What there still is of the chart.
async fn left(cluster: &Cluster) -> String {
    let kinds = "deployments,services,secrets,configmaps,roles,rolebindings,clusterroles,clusterrolebindings,\
                 serviceaccounts,poddisruptionbudgets";
    let label = "--selector=app.kubernetes.io/part-of=wayleave";
    let arguments = ["get", kinds, "--all-namespaces", label, "--output=name"];
    cluster.kubectl(&arguments).await
}
