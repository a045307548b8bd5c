//! What it serves while it runs.

use serde_json::{Value, json};
use wayleave_tests::cluster::program::Program;
use wayleave_tests::cluster::{Cluster, Kubectl};

const READER: &str = r"
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- apiGroups: ['']
  resources: [configmaps]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: reader}
";

const ROUTE: &str = r"
apiVersion: wayleave.dev/v1alpha1
kind: LLMRoute
metadata: {name: nonsense}
spec: {colour: blue}
";

/// What the API server says to somebody who is shown the token.
async fn review(cluster: &Cluster, token: &str, audience: &str) -> Value {
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [audience]},
    });
    let arguments = ["create", "--output=json", "--filename=-"];
    let said = cluster.kubectl_stdin(&arguments, &review.to_string()).await;
    serde_json::from_str::<Value>(&said).unwrap()["status"].clone()
}

#[tokio::test]
async fn the_server_is_of_the_version_that_is_pinned() {
    let cluster = Cluster::shared().await;
    let said: Value = serde_json::from_str(&cluster.kubectl(&["version", "--output=json"]).await).unwrap();
    let pinned = Program::ApiServer.version();
    for side in ["serverVersion", "clientVersion"] {
        assert_eq!(said[side]["gitVersion"], pinned, "{said}");
    }
    let minor = pinned.split('.').nth(1).unwrap();
    assert_eq!(said["serverVersion"]["minor"], minor);
    assert_eq!(cluster.kubectl(&["get", "--raw", "/readyz"]).await, "ok");
}

#[tokio::test]
async fn the_crds_are_served_and_their_schemas_enforced() {
    let cluster = Cluster::shared().await;
    cluster.install_crds().await;
    for kind in ["llmroutes", "providerkeys", "cachepolicies"] {
        let name = format!("{kind}.wayleave.dev");
        let crd = cluster.get_json("crd", "default", &name).await;
        let conditions = crd["status"]["conditions"].as_array().unwrap();
        let established = conditions
            .iter()
            .find(|condition| condition["type"] == "Established");
        assert_eq!(established.unwrap()["status"], "True", "{name}");
    }
    let said = cluster.try_apply(ROUTE).await.unwrap_err();
    assert!(said.contains("colour"), "{said}");
}

#[tokio::test]
async fn a_watch_may_begin_with_a_list() {
    // As clients of today ask for it; the API server can do that only with an etcd that is new enough.
    let page = "/api/v1/namespaces?watch=true&sendInitialEvents=true&allowWatchBookmarks=true\
                &resourceVersionMatch=NotOlderThan&timeoutSeconds=1";
    let said = Cluster::shared().await.kubectl(&["get", "--raw", page]).await;
    let events = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let end =
        |event: &Value| event["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true";
    assert_eq!(events.filter(end).count(), 1, "{said}");
}

#[tokio::test]
async fn a_service_account_may_do_only_what_its_role_says() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("rbac").await;
    let in_namespace = ["apply", "--namespace", &namespace, "--filename=-"];
    cluster.kubectl_stdin(&in_namespace, READER).await;
    let create = [
        "create",
        "configmap",
        "colours",
        "--from-literal=sky=blue",
        "-n",
        &namespace,
    ];
    cluster.kubectl(&create).await;

    let reader: Kubectl = cluster.kubectl_as(&namespace, "reader").await;
    let sky = ["get", "configmap", "colours", "--output=jsonpath={.data.sky}"];
    assert_eq!(reader.run(&sky).await, "blue");
    for forbidden in [
        &["delete", "configmap", "colours"][..],
        &["get", "secrets"],
        &["get", "configmap", "colours", "--namespace=default"],
    ] {
        let said = reader.try_run(forbidden).await.unwrap_err();
        let who = format!("system:serviceaccount:{namespace}:reader");
        assert!(said.contains("Forbidden") && said.contains(&who), "{said}");
    }
    cluster.delete("configmap", &namespace, "colours").await;
    assert!(reader.try_run(&sky).await.unwrap_err().contains("NotFound"));
}

#[tokio::test]
async fn a_token_is_for_its_audience() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("audience").await;
    cluster
        .kubectl(&["create", "serviceaccount", "reader", "-n", &namespace])
        .await;
    let token = cluster.token(&namespace, "reader", "vault").await;
    let status = review(cluster, &token, "vault").await;
    assert_eq!(status["authenticated"], true, "{status}");
    assert_eq!(status["audiences"], json!(["vault"]), "{status}");
    let user = format!("system:serviceaccount:{namespace}:reader");
    assert_eq!(status["user"]["username"], user, "{status}");

    let status = review(cluster, &token, "bank").await;
    assert_ne!(status["authenticated"], true, "{status}");
}
