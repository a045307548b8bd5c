//! `examples/gitops`: read, rendered, checked, and taken by an API server.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize as _;
use serde_json::{Value, json};
use wayleave_tests::Cluster;
use wayleave_tests::chart::Rendered;
use wayleave_tests::program::run;

use super::folder::{document, documents, read, root};

const WAVE: &str = "argocd.argoproj.io/sync-wave";

fn example(path: &str) -> PathBuf {
    root().join("examples/gitops").join(path)
}

fn wave(object: &Value) -> i64 {
    let wave = object["metadata"]["annotations"][WAVE].as_str();
    wave.map_or(0, |wave| wave.parse().expect("a number"))
}

/// What of the example is applied.
fn manifests() -> Vec<Value> {
    let files = document(&example("kustomization.yaml"))["resources"].clone();
    let files = files.as_array().expect("resources").iter();
    files
        .flat_map(|file| documents(&example(file.as_str().expect("a file"))))
        .collect()
}

#[test]
fn the_application_goes_from_kinds_to_routes() {
    let application = document(&example("argocd/application.yaml"));
    assert_eq!(application["apiVersion"], "argoproj.io/v1alpha1");
    assert_eq!(application["kind"], "Application");
    let sources = application["spec"]["sources"].as_array().expect("sources");
    let paths: Vec<&str> = sources
        .iter()
        .map(|source| source["path"].as_str().expect("a path"))
        .collect();
    assert_eq!(paths, ["charts/wayleave-crds", "charts/wayleave", "llm"]);
    for chart in &paths[..2] {
        assert!(root().join(chart).join("Chart.yaml").is_file(), "{chart}");
    }

    assert!(Rendered::crds().objects.iter().all(|crd| wave(crd) == 0));
    let namespace = application["spec"]["destination"]["namespace"].as_str();
    let rendered = Rendered::in_namespace(
        namespace.expect("a namespace"),
        &sources[1]["helm"]["valuesObject"],
    );
    let waves: BTreeSet<i64> = rendered.objects.iter().map(wave).collect();
    assert_eq!(waves, BTreeSet::from([1]), "every object of the chart");
    for manifest in manifests() {
        let expected = match manifest["kind"].as_str() {
            Some("Namespace") => 0,
            Some("ProviderKey") => 2,
            Some("LLMRoute") => 3,
            other => panic!("{other:?} has no wave"),
        };
        assert_eq!(wave(&manifest), expected, "{manifest}");
    }
}

#[test]
fn flux_waits_for_each_step() {
    let steps = documents(&example("flux/kustomizations.yaml"));
    let paths: Vec<&str> = steps
        .iter()
        .map(|step| {
            assert_eq!(step["apiVersion"], "kustomize.toolkit.fluxcd.io/v1");
            assert_eq!(
                (&step["kind"], &step["spec"]["wait"]),
                (&json!("Kustomization"), &json!(true))
            );
            step["spec"]["path"].as_str().expect("a path")
        })
        .collect();
    assert_eq!(paths, ["./flux/system", "./llm"]);
    assert!(example(paths[0]).is_dir());
    assert_eq!(
        steps[1]["spec"]["dependsOn"][0]["name"],
        steps[0]["metadata"]["name"]
    );
}

#[test]
fn flux_installs_both_charts() {
    let objects = documents(&example("flux/system/wayleave.yaml"));
    let of_kind =
        |kind: &str| -> Vec<&Value> { objects.iter().filter(|object| object["kind"] == kind).collect() };
    let source = of_kind("GitRepository")[0];
    let releases = of_kind("HelmRelease");
    assert_eq!(releases.len(), 2);
    for release in &releases {
        assert_eq!(release["apiVersion"], "helm.toolkit.fluxcd.io/v2");
        let chart = &release["spec"]["chart"]["spec"];
        assert_eq!(chart["sourceRef"]["name"], source["metadata"]["name"]);
        let path = root().join(chart["chart"].as_str().expect("a path"));
        let name = document(&path.join("Chart.yaml"))["name"].clone();
        assert_eq!(name, release["metadata"]["name"]);
    }
    assert_eq!(
        releases[1]["spec"]["dependsOn"][0]["name"],
        releases[0]["metadata"]["name"]
    );
    let rendered = Rendered::of(&releases[1]["spec"]["values"]);
    assert!(rendered.find("Deployment", "wayleave-operator").is_some());
}

#[test]
fn what_stands_in_for_secrets_is_not_applied() {
    let stand_ins = documents(&example("stand-ins.yaml"));
    assert!(stand_ins.iter().all(|object| object["kind"] == "Secret"));
    let names: BTreeSet<&str> = stand_ins
        .iter()
        .map(|object| object["metadata"]["name"].as_str().expect("a name"))
        .collect();
    let applied = manifests();
    let keys = applied.iter().filter(|object| object["kind"] == "ProviderKey");
    let used: BTreeSet<&str> = keys
        .map(|key| key["spec"]["secretRefs"][0]["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, used);
    assert!(applied.iter().all(|object| object["kind"] != "Secret"));
}

#[test]
fn the_check_before_a_merge_tells_what_is_broken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = |file: &str| folder.path().join(file);
    for file in ["keys.yaml", "routes.yaml", "stand-ins.yaml", "kustomization.yaml"] {
        fs::copy(example(file), copy(file)).expect("a copy");
    }
    let check = || {
        let output = run(&["check", "-f", folder.path().to_str().expect("a path")]);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let (code, told) = check();
    assert!(code == Some(0) && told.contains("3 objects: 3 ok"), "{told}");

    let routes = read(&copy("routes.yaml"));
    let misspelt = routes.replace("providerKey: openai", "providerKey: opnai");
    fs::write(copy("routes.yaml"), misspelt).expect("a file");
    let (code, told) = check();
    let place = "routes.yaml:14: LLMRoute team-a/chat: spec.rules[0].steps[0].targets[0].providerKey: ";
    assert!(code == Some(1) && told.contains(place), "{told}");
    fs::write(copy("routes.yaml"), routes).expect("a file");

    fs::remove_file(copy("stand-ins.yaml")).expect("a file");
    let (code, told) = check();
    let missing = "Secret team-a/openai does not exist";
    assert!(code == Some(1) && told.contains(missing), "{told}");
}

#[test]
fn the_job_of_github_actions_runs_that_check() {
    let job = document(&example("ci/github.yaml"));
    let steps = job["jobs"]["check"]["steps"].as_array().expect("steps");
    let runs: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    let version = document(&root().join("charts/wayleave/Chart.yaml"))["appVersion"].clone();
    let values = document(&root().join("charts/wayleave/values.yaml"));
    let (image, version) = (values["image"]["repository"].as_str(), version.as_str());
    let command = format!(
        "{}:{} check -f llm",
        image.expect("an image"),
        version.expect("a version")
    );
    assert!(runs.len() == 1 && runs[0].trim().ends_with(&command), "{runs:?}");
}

#[tokio::test]
async fn an_api_server_takes_what_kustomize_makes_of_the_folder() {
    let cluster = Cluster::shared().await;
    cluster.install_crds().await;
    let folder = example("");
    let made = cluster
        .kubectl(&["kustomize", folder.to_str().expect("a path")])
        .await;
    let mut made: Vec<Value> = serde_yaml::Deserializer::from_str(&made)
        .map(|document| Value::deserialize(document).expect("YAML"))
        .collect();
    assert_eq!(made.len(), manifests().len());
    assert!(manifests().iter().all(|manifest| made.contains(manifest)));

    made.retain(|object| object["kind"] != "Namespace");
    let namespace = cluster.namespace("example").await;
    for mut object in made {
        object["metadata"]["namespace"] = json!(namespace);
        cluster.apply(&object.to_string()).await;
    }
}
