//! The same values give the same bytes.

use std::fs;
use std::path::Path;

use serde_json::json;
use wayleave_tests::chart::{Rendered, chart, helm, said, values_file};

use super::cases::cases;

/// What makes a chart differ from one rendering to the next, or from one cluster to another.
const FICKLE: [&str; 17] = [
    "lookup",
    "now",
    "date",
    "ago",
    "randAlphaNum",
    "randAlpha",
    "randNumeric",
    "randAscii",
    "randBytes",
    "randInt",
    "shuffle",
    "uuidv4",
    "htpasswd",
    "bcrypt",
    "genCA",
    "genSignedCert",
    "genPrivateKey",
];
const FICKLE_OBJECTS: [&str; 4] = [
    ".Capabilities",
    ".Release.IsInstall",
    ".Release.IsUpgrade",
    ".Release.Revision",
];

#[test]
fn both_charts_pass_the_linter() {
    let lint = |name: &str, values: &serde_json::Value| {
        let file = values_file(values);
        let mut command = helm(&["lint", "--strict"]);
        said(
            command
                .arg(chart(name))
                .arg("--values")
                .arg(file.path())
                .output()
                .unwrap(),
        )
    };
    lint("wayleave-crds", &json!({})).unwrap();
    for case in cases() {
        lint("wayleave", &case.values).unwrap_or_else(|said| panic!("{}: {said}", case.name));
    }
}

#[test]
fn one_rendering_is_like_the_other() {
    for case in cases() {
        let versions = ["1.30.0", "1.37.2"];
        let texts = versions.map(|version| {
            let rendered = Rendered::try_of(&case.values, &["--kube-version", version]);
            rendered
                .unwrap_or_else(|said| panic!("{}: {said}", case.name))
                .text
        });
        assert_eq!(texts[0], texts[1], "{}", case.name);
    }
    assert_eq!(Rendered::crds().text, Rendered::crds().text);
}

#[test]
fn an_older_kubernetes_is_refused() {
    let said = Rendered::try_of(&json!({}), &["--kube-version", "1.29.9"]).unwrap_err();
    assert!(said.contains("incompatible with Kubernetes v1.29.9"), "{said}");
}

#[test]
fn no_template_asks_the_cluster_the_clock_or_chance() {
    let mut templates = 0;
    let mut folders = vec![chart("wayleave/templates"), chart("wayleave-crds/templates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                templates += 1;
                check(&path);
            }
        }
    }
    assert!(templates > 15, "{templates} templates");
}

fn check(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    for action in text
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next())
    {
        let is_word = |character: char| character.is_alphanumeric() || "._$".contains(character);
        let words = action.split(|character| !is_word(character));
        for word in words {
            let fickle = FICKLE.contains(&word) || FICKLE_OBJECTS.iter().any(|object| word.ends_with(object));
            assert!(!fickle, "{}: {word} in {action}", path.display());
        }
    }
}

/// Two objects of one kind and name would overwrite each other.
#[test]
fn every_object_is_one_and_names_its_chart() {
    for case in cases() {
        let rendered = Rendered::of(&case.values);
        let mut seen = Vec::new();
        for object in &rendered.objects {
            let metadata = &object["metadata"];
            let identity = (&object["kind"], &metadata["namespace"], &metadata["name"]);
            assert!(!seen.contains(&identity), "{}: twice {identity:?}", case.name);
            seen.push(identity);
            let labels = &metadata["labels"];
            assert_eq!(labels["app.kubernetes.io/instance"], "wayleave", "{object:#}");
            assert_eq!(labels["app.kubernetes.io/managed-by"], "Helm", "{object:#}");
        }
    }
}

/// A value that is given is somewhere in what comes of it.
#[test]
fn labels_and_annotations_are_on_everything() {
    let values = json!({"commonLabels": {"team": "platform"}, "commonAnnotations": {"owner": "ann"},
        "networkPolicy": {"enabled": true}, "gateway": {"autoscaling": {"enabled": true}}});
    for object in Rendered::of(&values).objects {
        assert_eq!(object["metadata"]["labels"]["team"], "platform", "{object:#}");
        assert_eq!(object["metadata"]["annotations"]["owner"], "ann", "{object:#}");
    }
}
