use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

const KEY: &str = "apiVersion: wayleave.dev/v1alpha1
kind: ProviderKey
metadata: {name: local}
spec: {provider: Custom, format: OpenAIChat, endpoint: \"http://127.0.0.1:1/v1\"}
";

fn route(model: &str) -> String {
    format!(
        "apiVersion: wayleave.dev/v1alpha1
kind: LLMRoute
metadata: {{name: {model}}}
spec: {{models: [{model}], rules: [{{steps: [{{targets: [{{providerKey: local, model: m}}]}}]}}]}}
"
    )
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    models(snapshot).into_iter().map(|model| model.model).collect()
}

#[test]
fn manifests_are_read_and_nothing_else() {
    let chat = route("chat");
    let folder = folder(&[
        ("key.yaml", KEY),
        ("chat.yml", &chat),
        (".chat.yaml", "what an editor leaves"),
        ("README.md", "not: [a manifest"),
    ]);
    fs::create_dir(folder.path().join("deeper.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("gone.yaml")).unwrap();
    let (loaded, _) = load_once(folder.path(), Unset::Refused).unwrap();
    assert_eq!(loaded.report.severity(), Severity::Ok, "{}", loaded.report);
    let expected = ServedModel {
        model: "chat".into(),
        route: "default/chat".into(),
        broken: None,
    };
    assert_eq!(models(&loaded.snapshot), [expected]);
}

#[test]
fn what_cannot_be_read_is_told_and_changes_nothing() {
    let error = load_once(Path::new("/nowhere"), Unset::Refused).unwrap_err();
    assert!(
        format!("{error:#}").starts_with("cannot read the folder /nowhere (-f DIR): No such file"),
        "{error:#}"
    );
    let folder = folder(&[("key.yaml", KEY)]);
    let mut source = Source::new(folder.path());
    source.load().unwrap();
    fs::write(folder.path().join("bad.yaml"), [0xff, 0xfe]).unwrap();
    let error = source.reload().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("bad.yaml is not UTF-8 text: save it as UTF-8, or move it out of the folder")
    );
    assert_eq!(source.files.len(), 1);
}

#[test]
fn the_last_good_version_stays_in_force() {
    let good = route("chat");
    let folder = folder(&[("key.yaml", KEY), ("chat.yaml", &good)]);
    let mut source = Source::new(folder.path());
    source.load().unwrap();
    assert!(source.reload().unwrap().is_none(), "nothing has changed");
    fs::write(folder.path().join("chat.yaml"), good.replace("rules", "rulez")).unwrap();
    let loaded = source.reload().unwrap().expect("a change");
    assert_eq!(names(&loaded.snapshot), ["chat"]);
    let error = loaded.report.errors.first().expect("the bad field is told");
    assert!(
        error.to_string().contains("chat.yaml:4: LLMRoute default/chat"),
        "{error}"
    );
}

#[tokio::test]
async fn a_change_is_published_within_a_second() {
    let folder = folder(&[("key.yaml", KEY)]);
    let watch = FolderWatch::new(folder.path());
    let mut source = Source::new(folder.path());
    let snapshot = source.load().unwrap().snapshot;
    let (publish, mut snapshots) = watch::channel(Some(Arc::new(snapshot)));
    let following = tokio::spawn(source.follow(watch, publish));
    fs::write(folder.path().join("chat.yaml"), route("chat")).unwrap();
    timeout(Duration::from_secs(1), snapshots.changed())
        .await
        .expect("in time")
        .unwrap();
    assert_eq!(names(snapshots.borrow().as_ref().unwrap()), ["chat"]);
    drop(snapshots);
    following.abort();
}

#[test]
fn an_unset_variable_is_refused_or_filled_in() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: \"${WAYLEAVE_TEST_UNSET}\"}\n";
    let folder = folder(&[("s.yaml", secret)]);
    let (loaded, filled) = load_once(folder.path(), Unset::Refused).unwrap();
    assert_eq!((loaded.report.severity(), filled.len()), (Severity::Broken, 0));
    let (loaded, filled) = load_once(folder.path(), Unset::FilledIn).unwrap();
    assert_eq!(loaded.report.severity(), Severity::Ok);
    assert_eq!(Vec::from_iter(filled), ["WAYLEAVE_TEST_UNSET"]);
}
