//! What the operator may do: no more than this table says.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wayleave_tests::chart::{NAMESPACE, Rendered};
use wayleave_tests::cluster::{Cluster, Kubectl};

const EVERYWHERE: [(&str, &str); 6] = [
    ("authentication.k8s.io/tokenreviews", "create"),
    ("events.k8s.io/events", "create patch"),
    ("secrets configmaps", "get list watch"),
    ("namespaces", "get list watch"),
    (
        "wayleave.dev/llmroutes providerkeys cachepolicies",
        "get list watch",
    ),
    (
        "wayleave.dev/llmroutes/status providerkeys/status cachepolicies/status",
        "patch",
    ),
];

const AT_HOME: [(&str, &str); 5] = [
    ("configmaps", "create"),
    ("configmaps wayleave-ca", "get list watch update patch"),
    ("coordination.k8s.io/leases", "create"),
    ("coordination.k8s.io/leases wayleave-operator", "get update patch"),
    ("secrets wayleave-config-tls", "get list watch update patch"),
];

/// `GROUP/RESOURCES NAMES` → verbs.
fn rules(role: &Value) -> BTreeMap<String, String> {
    let words = |rule: &Value, member: &str| -> Vec<String> {
        let words = rule[member].as_array().into_iter().flatten();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let rules = role["rules"].as_array().unwrap();
    rules
        .iter()
        .map(|rule| {
            let group = words(rule, "apiGroups").join(",");
            let slash = if group.is_empty() { "" } else { "/" };
            let mut names = words(rule, "resources");
            names.extend(words(rule, "resourceNames"));
            (
                format!("{group}{slash}{}", names.join(" ")),
                words(rule, "verbs").join(" "),
            )
        })
        .collect()
}

fn table(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter()
        .map(|(what, verbs)| ((*what).to_owned(), (*verbs).to_owned()))
        .collect()
}

#[test]
fn without_a_list_the_rights_are_those_of_the_cluster() {
    let rendered = Rendered::of(&json!({}));
    let cluster = rendered.get("ClusterRole", "wayleave-operator-wayleave-system");
    assert_eq!(rules(cluster), table(&EVERYWHERE));
    assert_eq!(rules(rendered.get("Role", "wayleave-operator")), table(&AT_HOME));
    assert_eq!(
        (rendered.all("ClusterRole").len(), rendered.all("Role").len()),
        (1, 1)
    );
    bound(&rendered, 2);
}

#[test]
fn with_a_list_only_names_and_tokens_are_of_the_cluster() {
    let rendered = Rendered::of(&json!({"watch": {"namespaces": ["team-a", "team-b"]}}));
    let cluster = rendered.get("ClusterRole", "wayleave-operator-wayleave-system");
    let expected = [EVERYWHERE[0], ("namespaces team-a team-b", "get list watch")];
    assert_eq!(rules(cluster), table(&expected));
    let roles = rendered.all("Role");
    let watched: Vec<&&Value> = roles
        .iter()
        .filter(|role| role["metadata"]["name"] == "wayleave-operator-watch")
        .collect();
    let namespaces: Vec<&Value> = watched
        .iter()
        .map(|role| &role["metadata"]["namespace"])
        .collect();
    assert_eq!(namespaces, ["team-a", "team-b"]);
    for role in watched {
        let expected = [EVERYWHERE[1], EVERYWHERE[2], EVERYWHERE[4], EVERYWHERE[5]];
        assert_eq!(rules(role), table(&expected));
    }
    assert_eq!(rules(rendered.get("Role", "wayleave-operator")), table(&AT_HOME));
    bound(&rendered, 4);
    let arguments = rendered.get("Deployment", "wayleave-operator");
    let arguments = arguments["spec"]["template"]["spec"]["containers"][0]["args"].to_string();
    assert!(
        arguments.contains(r#""--namespace","team-a","--namespace","team-b""#),
        "{arguments}"
    );
}

/// Every role is the operator's, and nobody else's.
fn bound(rendered: &Rendered, count: usize) {
    let mut bindings = rendered.all("RoleBinding");
    bindings.extend(rendered.all("ClusterRoleBinding"));
    assert_eq!(bindings.len(), count);
    let operator = json!([{"kind": "ServiceAccount", "name": "wayleave-operator", "namespace": NAMESPACE}]);
    for binding in bindings {
        assert_eq!(binding["subjects"], operator);
        let role = &binding["roleRef"];
        let namespace = &binding["metadata"]["namespace"];
        let is_it = |object: &&Value| {
            object["metadata"]["name"] == role["name"] && object["metadata"]["namespace"] == *namespace
        };
        let roles = rendered.all(role["kind"].as_str().unwrap());
        assert_eq!(roles.into_iter().filter(is_it).count(), 1, "{binding:#}");
    }
}

#[test]
fn rights_can_be_left_to_others() {
    let rendered = Rendered::of(&json!({"rbac": {"create": false}}));
    for kind in ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"] {
        assert!(rendered.all(kind).is_empty(), "{kind}");
    }
}

/// What the API server's own authorizer says to a service account: with 1 as its exit status to a no.
async fn answer(kubectl: &Kubectl, question: &str, namespace: &str) -> String {
    let mut arguments = vec!["auth", "can-i", "--namespace", namespace];
    arguments.extend(question.split(' '));
    let said = kubectl.try_run(&arguments).await.unwrap_or_else(|said| said);
    said.split_whitespace().next().unwrap_or_default().to_owned()
}

/// Gives the rights of a chart that watches `team` to the accounts in `home`.
async fn give(cluster: &Cluster, home: &str, team: &str) {
    let values = json!({"watch": {"namespaces": [team]}});
    let rendered = Rendered::try_of(&values, &["--namespace", home]).unwrap();
    for kind in [
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
    ] {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": rendered.all(kind)});
        cluster.apply(&list.to_string()).await;
    }
}

const AT_TEAM: [(&str, &str); 9] = [
    ("yes", "list secrets"),
    ("yes", "watch configmaps"),
    ("yes", "list llmroutes.wayleave.dev"),
    ("yes", "patch llmroutes.wayleave.dev/x --subresource=status"),
    ("yes", "create events.events.k8s.io"),
    ("no", "patch llmroutes.wayleave.dev/x"),
    ("no", "create secrets"),
    ("no", "patch secrets/x"),
    ("no", "list pods"),
];

const IN_HOME: [(&str, &str); 12] = [
    ("yes", "create leases.coordination.k8s.io"),
    ("yes", "update leases.coordination.k8s.io/wayleave-operator"),
    ("yes", "patch secrets/wayleave-config-tls"),
    ("yes", "create configmaps"),
    ("yes", "patch configmaps/wayleave-ca"),
    ("yes", "create tokenreviews.authentication.k8s.io"),
    ("no", "list secrets"),
    ("no", "get secrets/another"),
    ("no", "create secrets"),
    ("no", "create pods"),
    ("no", "update leases.coordination.k8s.io/another"),
    ("no", "list llmroutes.wayleave.dev"),
];

#[tokio::test]
async fn the_api_server_lets_the_operator_do_what_it_has_to_and_no_more() {
    let cluster = Cluster::shared().await;
    cluster.install_crds().await;
    let (home, team) = (cluster.namespace("home").await, cluster.namespace("team").await);
    give(cluster, &home, &team).await;
    let operator = cluster.kubectl_as(&home, "wayleave-operator").await;
    for (namespace, table) in [(&team, &AT_TEAM[..]), (&home, &IN_HOME[..])] {
        for (expected, question) in table {
            assert_eq!(
                answer(&operator, question, namespace).await,
                *expected,
                "{question} in {namespace}"
            );
        }
    }
    // A name is enough for a list and a watch only if they ask for that name alone.
    let by_name = format!("--field-selector=metadata.name={team}");
    let names = operator
        .run(&["get", "namespaces", &by_name, "--output=name"])
        .await;
    assert_eq!(names.trim(), format!("namespace/{team}"));
    let said = operator.try_run(&["get", "namespaces"]).await.unwrap_err();
    assert!(said.contains("forbidden"), "{said}");

    let gateway = cluster.kubectl_as(&home, "wayleave-gateway").await;
    for question in [
        "get secrets",
        "get configmaps",
        "list pods",
        "create tokenreviews.authentication.k8s.io",
    ] {
        assert_eq!(answer(&gateway, question, &home).await, "no", "{question}");
    }
}
