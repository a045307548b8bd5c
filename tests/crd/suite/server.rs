//! What the API server says of manifests.

use serde_json::{Value, json};
use wayleave_tests::Cluster;

/// What the API server says of each object in a dry run: nothing of one that it takes.
///
/// All go in one call of `kubectl`, under names that tell them apart.
pub(crate) async fn judge<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Vec<Vec<String>> {
    let cluster = Cluster::shared().await;
    cluster.install_crds().await;
    let named = objects.into_iter().enumerate().map(|(index, object)| {
        let mut object = object.clone();
        object["metadata"] = json!({"name": name(index), "namespace": "default"});
        object
    });
    let objects: Vec<Value> = named.collect();
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    serde_json::to_writer(file.as_file(), &list).unwrap();
    let path = format!("--filename={}", file.path().display());
    // The server is to judge, not kubectl.
    let arguments = ["create", "--dry-run=server", "--validate=false", &path];
    let said = cluster.try_kubectl(&arguments).await;
    let said = said.unwrap_or_else(|said| said);
    let judged = objects.iter().enumerate();
    judged
        .map(|(index, object)| {
            of_one(&said, object["kind"].as_str().unwrap(), &name(index))
                .unwrap_or_else(|| panic!("nothing was said of {object}:\n{said}"))
        })
        .collect()
}

fn name(index: usize) -> String {
    format!("case-{index}")
}

/// What was said of one: `KIND "NAME" is invalid: ` and one thing, or several in brackets. All fields are in the spec.
fn of_one(said: &str, kind: &str, name: &str) -> Option<Vec<String>> {
    let taken = format!("{}.wayleave.dev/{name} created", kind.to_lowercase());
    let refused = format!("{kind}.wayleave.dev \"{name}\" is invalid: ");
    said.lines().find_map(|line| {
        if line.starts_with(&taken) {
            return Some(Vec::new());
        }
        let (_, why) = line.split_once(&refused)?;
        let Some(several) = why.strip_prefix('[').and_then(|why| why.strip_suffix(']')) else {
            return Some(vec![why.to_owned()]);
        };
        let several = several.trim_start_matches("spec.").split(", spec.");
        Some(several.map(|one| format!("spec.{one}")).collect())
    })
}

#[test]
fn what_kubectl_prints_is_read() {
    let said = "llmroute.wayleave.dev/case-0 created (server dry run)\n\
                Error from server: LLMRoute.wayleave.dev \"case-1\" is invalid: [spec.a: one, two, spec.b: three]\n\
                Error from server: CachePolicy.wayleave.dev \"case-2\" is invalid: spec.c: [four]\n";
    let owned = |things: &[&str]| Some(things.iter().map(|&thing| thing.to_owned()).collect());
    assert_eq!(of_one(said, "LLMRoute", "case-0"), owned(&[]));
    assert_eq!(
        of_one(said, "LLMRoute", "case-1"),
        owned(&["spec.a: one, two", "spec.b: three"])
    );
    assert_eq!(of_one(said, "CachePolicy", "case-2"), owned(&["spec.c: [four]"]));
    assert_eq!(of_one(said, "LLMRoute", "case-3"), None);
}
