//! `wayleave check`.

use std::fs;

use super::folder::{GOOD, folder, root, run};

#[test]
fn every_example_is_in_order() {
    let mut examples = 0;
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let (status, told) = run("check", &path, &[]);
            assert_eq!(status, Some(0), "{}: {told}", path.display());
            assert!(told.contains("LLMRoute"), "{told}");
            examples += 1;
        }
    }
    assert!(examples >= 5, "{examples} examples");
}

#[test]
fn each_object_gets_a_verdict() {
    let (status, told) = run("check", folder(GOOD).path(), &[]);
    assert_eq!(status, Some(0));
    for object in ["ProviderKey default/p", "LLMRoute default/chat"] {
        assert!(
            told.lines()
                .any(|line| line.starts_with("ok") && line.contains(object)),
            "{object}: {told}"
        );
    }
}

#[test]
fn what_is_broken_is_named_with_file_line_and_field() {
    for (text, line, field) in [
        (
            GOOD.replace("models: [chat]", "models: [\"*at\"]"),
            10,
            "spec.models[0]",
        ),
        (
            GOOD.replace("{providerKey: p, model: large}", "{providerKey: q, model: large}"),
            14,
            "providerKey",
        ),
        (GOOD.replace("== \"free\"", "== "), 12, "spec.rules[0].when"),
        (
            GOOD.replace("steps: [{targets: [{providerKey: p, model: large}]}]", "step: []"),
            14,
            "spec.rules[1]",
        ),
    ] {
        let (status, told) = run("check", folder(&text).path(), &[]);
        assert_eq!(status, Some(1), "{told}");
        let place = format!("gateway.yaml:{line}:");
        assert!(
            told.lines()
                .any(|said| said.contains(&place) && said.contains(field)),
            "{place} {field}: {told}"
        );
        assert!(
            told.contains("ProviderKey default/p"),
            "the other object keeps its verdict: {told}"
        );
    }
}

#[test]
fn what_is_no_folder_or_has_no_manifest_is_told() {
    let (status, told) = run("check", &root().join("nowhere"), &[]);
    assert!(status == Some(1) && told.contains("nowhere"), "{told}");
    let (status, told) = run("check", tempfile::tempdir().unwrap().path(), &[]);
    assert!(status == Some(1) && told.contains(".yaml"), "{told}");
}
