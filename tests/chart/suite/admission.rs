//! A real API server takes what the chart renders.

use serde_json::{Value, json};
use wayleave_tests::Cluster;
use wayleave_tests::chart::Rendered;

use super::cases::cases;
use super::foreign::{self, SKIPPED};

/// Nothing is kept. Fields that are not in the schema are refused.
const DRY_RUN: [&str; 5] = [
    "apply",
    "--server-side",
    "--dry-run=server",
    "--validate=strict",
    "--filename=-",
];

/// The namespaces that [`cases`] name.
const NAMED: [&str; 3] = ["team-a", "team-b", "istio-ingress"];

fn list(objects: &[&Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

fn namespace(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

#[tokio::test]
async fn everything_is_accepted() {
    let cluster = Cluster::shared().await;
    foreign::install(cluster).await;
    let home = cluster.namespace("accepted").await;
    for name in NAMED {
        cluster.apply(&namespace(name, &json!({})).to_string()).await;
    }
    let mut taken = 0;
    for case in cases() {
        let rendered = Rendered::try_of(&case.values, &["--namespace", &home]).unwrap();
        let (skipped, objects): (Vec<&Value>, Vec<&Value>) = rendered
            .objects
            .iter()
            .partition(|object| SKIPPED.iter().any(|(kind, _)| object["kind"] == *kind));
        taken += objects.len();
        let said = cluster.kubectl_stdin(&DRY_RUN, &list(&objects)).await;
        assert_eq!(said.lines().count(), objects.len(), "{}: {said}", case.name);
        for object in skipped {
            let reason = SKIPPED.iter().find(|(kind, _)| object["kind"] == *kind);
            println!("{}: skipped {}: {}", case.name, object["kind"], reason.unwrap().1);
        }
    }
    assert!(taken > 200, "{taken} objects");
}

#[tokio::test]
async fn a_field_that_is_not_there_is_refused() {
    let cluster = Cluster::shared().await;
    let home = cluster.namespace("refused").await;
    let mut rendered = Rendered::try_of(&json!({}), &["--namespace", &home]).unwrap();
    let deployment = rendered
        .objects
        .iter_mut()
        .find(|object| object["kind"] == "Deployment")
        .unwrap();
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = json!("Always");
    let said = cluster.try_apply(&deployment.to_string()).await.unwrap_err();
    assert!(said.contains("imagePullPolice"), "{said}");
}

/// The pods fit the strictest of the Pod Security Standards.
#[tokio::test]
async fn the_pods_are_let_into_a_restricted_namespace() {
    let cluster = Cluster::shared().await;
    let home = cluster.namespace("restricted").await;
    let label = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    cluster.apply(&namespace(&home, &label).to_string()).await;
    let pod = |spec: &Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": home}, "spec": spec});
    for case in cases() {
        for deployment in Rendered::of(&case.values).all("Deployment") {
            let pod = pod(&deployment["spec"]["template"]["spec"]);
            cluster.kubectl_stdin(&DRY_RUN, &pod.to_string()).await;
        }
    }
    let lax = Rendered::of(&json!({"securityContext": {"allowPrivilegeEscalation": true}}));
    let refused = pod(&lax.get("Deployment", "wayleave-gateway")["spec"]["template"]["spec"]);
    let said = cluster.try_apply(&refused.to_string()).await.unwrap_err();
    assert!(said.contains("violates PodSecurity"), "{said}");
}
