//! What `kubectl` shows: the definitions, the text of every field, the columns.

use serde_json::{Value, json};
use wayleave_tests::Cluster;

use super::fields::crds;
use super::manifest::root;

async fn cluster() -> &'static Cluster {
    let cluster = Cluster::shared().await;
    cluster.install_crds().await;
    cluster
}

#[tokio::test]
async fn the_definitions_are_established() {
    let cluster = cluster().await;
    for crd in crds() {
        let name = crd["metadata"]["name"].as_str().unwrap();
        let crd = cluster.get_json("crd", "default", name).await;
        let conditions = crd["status"]["conditions"].as_array().unwrap();
        let status = |wanted: &str| conditions.iter().find(|condition| condition["type"] == wanted);
        for wanted in ["Established", "NamesAccepted"] {
            assert_eq!(
                status(wanted).unwrap()["status"],
                "True",
                "{name}: {conditions:?}"
            );
        }
        assert!(status("NonStructuralSchema").is_none(), "{name}: {conditions:?}");
    }
}

#[tokio::test]
async fn the_api_server_has_nothing_to_warn_of() {
    let folder = format!("--filename={}", root().join("crds").display());
    let arguments = [
        "apply",
        "--server-side",
        "--dry-run=server",
        "--force-conflicts",
        "--warnings-as-errors",
        &folder,
    ];
    let said = cluster().await.try_kubectl(&arguments).await;
    assert!(said.is_ok(), "{said:?}");
}

#[tokio::test]
async fn each_field_explains_itself() {
    let cluster = cluster().await;
    let mut explained = 0;
    for crd in crds() {
        let short = crd["spec"]["names"]["shortNames"][0].as_str().unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let spec = schema["properties"]["spec"]["properties"].as_object().unwrap();
        for (name, field) in spec {
            let said = cluster
                .kubectl(&["explain", &format!("{short}.spec.{name}")])
                .await;
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let description = words(field["description"].as_str().unwrap());
            assert!(words(&said).contains(&description), "{name}: {said}");
            explained += 1;
        }
    }
    assert!(explained >= 15, "{explained} fields");
}

#[tokio::test]
async fn the_columns_tell_how_an_object_fares() {
    let cluster = cluster().await;
    let namespace = cluster.namespace("columns").await;
    for (short, object) in objects() {
        let mut object = object;
        object["metadata"] = json!({"name": "it", "namespace": namespace});
        cluster.apply(&object.to_string()).await;
        let patch = format!("--patch={}", status());
        let patch = [
            "patch",
            short,
            "it",
            "--namespace",
            &namespace,
            "--subresource=status",
            "--type=merge",
            &patch,
        ];
        cluster.kubectl(&patch).await;
    }
    for (short, columns, wide) in COLUMNS {
        let shown = table(cluster, &namespace, &[short]).await;
        assert_eq!(shown, columns, "{short}");
        let shown = table(cluster, &namespace, &[short, "--output=wide"]).await;
        assert_eq!(shown, wide, "{short}");
    }
    let all = table(cluster, &namespace, &["llmr,pkey,cpol"]).await;
    let category = table(cluster, &namespace, &["wayleave"]).await;
    for object in [
        "llmroute.wayleave.dev/it",
        "providerkey.wayleave.dev/it",
        "cachepolicy.wayleave.dev/it",
    ] {
        assert!(
            all.contains(object) && category.contains(object),
            "{all}\n{category}"
        );
    }
}

#[tokio::test]
async fn provider_keys_are_selected_by_provider() {
    let cluster = cluster().await;
    let namespace = cluster.namespace("selected").await;
    for provider in ["OpenAI", "Groq"] {
        let key = json!({
            "apiVersion": "wayleave.dev/v1alpha1",
            "kind": "ProviderKey",
            "metadata": {"name": provider.to_lowercase(), "namespace": namespace},
            "spec": {"provider": provider, "secretRefs": [{"name": "keys", "key": "it"}]},
        });
        cluster.apply(&key.to_string()).await;
    }
    let selector = ["pkey", "--field-selector=spec.provider=Groq", "--output=name"];
    assert_eq!(
        table(cluster, &namespace, &selector).await,
        "providerkey.wayleave.dev/groq"
    );
}

/// Short name, what is shown, and what is shown at `--output=wide`; AGE is cut off.
const COLUMNS: [(&str, &str, &str); 3] = [
    (
        "llmr",
        "NAME MODELS READY\nit [\"chat\",\"gpt-4*\"] True",
        "NAME MODELS READY REASON MESSAGE\nit [\"chat\",\"gpt-4*\"] True Ready all is well",
    ),
    (
        "pkey",
        "NAME PROVIDER READY\nit OpenAI True",
        "NAME PROVIDER READY REASON\nit OpenAI True Ready",
    ),
    (
        "cpol",
        "NAME TTL READY REASON\nit 10m True Ready",
        "NAME TTL READY REASON\nit 10m True Ready",
    ),
];

fn objects() -> [(&'static str, Value); 3] {
    let object =
        |kind: &str, spec: Value| json!({"apiVersion": "wayleave.dev/v1alpha1", "kind": kind, "spec": spec});
    let rules = json!([{"steps": [{"targets": [{"providerKey": "openai"}]}]}]);
    [
        (
            "llmr",
            object("LLMRoute", json!({"models": ["chat", "gpt-4*"], "rules": rules})),
        ),
        (
            "pkey",
            object(
                "ProviderKey",
                json!({"provider": "OpenAI", "secretRefs": [{"name": "keys", "key": "it"}]}),
            ),
        ),
        (
            "cpol",
            object(
                "CachePolicy",
                json!({"ttl": "10m", "targetRefs": [{"kind": "LLMRoute", "name": "chat"}]}),
            ),
        ),
    ]
}

fn status() -> Value {
    json!({"status": {"observedGeneration": 1, "conditions": [{
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "all is well",
        "observedGeneration": 1,
        "lastTransitionTime": "2025-01-01T00:00:00Z",
    }]}})
}

/// What `kubectl get` prints, with one space between columns and without AGE, which is the last.
async fn table(cluster: &Cluster, namespace: &str, arguments: &[&str]) -> String {
    let said = cluster
        .kubectl(&[&["get", "--namespace", namespace], arguments].concat())
        .await;
    let has_age = said
        .lines()
        .next()
        .is_some_and(|head| head.trim_end().ends_with("AGE"));
    let lines = said.lines().map(|line| {
        let mut words: Vec<_> = line.split_whitespace().collect();
        if has_age {
            words.pop();
        }
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
