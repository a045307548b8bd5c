//! Folders of manifests and what they compile to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::manifest::{Env, Manifests};

fn read_folder(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    yaml.map(|path| {
        let name = path
            .file_name()
            .expect("has a name")
            .to_string_lossy()
            .into_owned();
        (name, std::fs::read_to_string(&path).expect("readable"))
    })
    .collect()
}

fn read(files: &BTreeMap<String, String>) -> Manifests {
    Manifests::read(files, Env::new(&|name| Some(format!("sk-{name}"))))
}

fn testdata() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/compile/testdata")
}

fn shown(compiled: &Compiled) -> String {
    let mut text = String::new();
    for verdict in &compiled.verdicts {
        writeln!(text, "{}: {}", verdict.object, verdict.severity.as_str()).expect("writes");
        for condition in [&verdict.accepted, &verdict.resolved_refs] {
            let status = if condition.status { "True" } else { "False" };
            writeln!(
                text,
                "  {status} {}: {}",
                condition.reason.as_str(),
                condition.message
            )
            .expect("writes");
        }
    }
    for verdict in &compiled.verdicts {
        for target in &verdict.targets {
            let reason = target.reason.as_str();
            writeln!(
                text,
                "{} of {}: {reason}: {}",
                target.name, verdict.object, target.message
            )
            .expect("writes");
        }
    }
    let snapshot = serde_yaml::to_string(&compiled.snapshot).expect("serialises");
    format!("{text}---\n{snapshot}")
}

#[test]
fn folders_compile_to_their_snapshots() {
    let mut folders = 0;
    for entry in std::fs::read_dir(testdata()).expect("testdata is there") {
        let folder = entry.expect("readable").path();
        let name = folder
            .file_name()
            .expect("has a name")
            .to_string_lossy()
            .into_owned();
        if name == "rules" {
            continue;
        }
        let manifests = read(&read_folder(&folder));
        assert_eq!(manifests.errors, vec![], "{name}");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, shown(&compile(&manifests.objects))));
        folders += 1;
    }
    assert!(folders >= 4);
}

/// Each document of `rules/` is compiled alone beside `base.yaml`. Its first lines say what comes of it: `accepted`,
/// or one line `warned: FIELD: MESSAGE` or `rejected: FIELD: MESSAGE` for each problem.
#[test]
fn every_rule_accepts_and_rejects() {
    let mut files = read_folder(&testdata().join("rules"));
    let base = files.remove("base.yaml").expect("base.yaml is there");
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for (file, text) in &files {
        for document in text.split("\n---\n") {
            let comments = document.lines().take_while(|line| line.starts_with('#'));
            let expected: Vec<_> = comments
                .map(|line| line.trim_start_matches("# ").to_owned())
                .collect();
            let found = judge(&base, document);
            let word = if expected[0].starts_with("accepted") {
                "accepted"
            } else {
                "otherwise"
            };
            *seen.entry(word).or_default() += 1;
            if found != expected {
                let body: String = document
                    .lines()
                    .filter(|line| !line.starts_with('#'))
                    .fold(String::new(), |all, line| all + line + "\n");
                let found = found
                    .iter()
                    .fold(String::new(), |all, line| all + "# " + line + "\n");
                wrong.push(format!("{file}:\n{found}{body}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("---\n"));
    assert!(seen["accepted"] > 20 && seen["otherwise"] > 60, "{seen:?}");
}

fn judge(base: &str, document: &str) -> Vec<String> {
    let files = BTreeMap::from([
        ("base.yaml".to_owned(), base.to_owned()),
        ("it.yaml".to_owned(), document.to_owned()),
    ]);
    let manifests = read(&files);
    let unreadable = manifests.errors.iter().map(|error| {
        let field = error.field.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("rejected: {field}: {}", error.message)
    });
    let mut found: Vec<_> = unreadable.collect();
    let verdicts = compile(&manifests.objects).verdicts;
    let problems = verdicts
        .iter()
        .filter(|verdict| &*verdict.object.name.name == "it")
        .flat_map(|verdict| &verdict.problems);
    found.extend(problems.map(|problem| {
        let word = if problem.severity == verdict::Severity::Warning {
            "warned"
        } else {
            "rejected"
        };
        format!("{word}: {}", problem.text())
    }));
    if found.is_empty() {
        found.push("accepted".to_owned());
    }
    found
}

#[test]
fn every_provider_of_the_language_is_a_row_of_the_table() {
    use wayleave_api::provider_key::ProviderName;
    use wayleave_core::vendor::{VENDORS, Vendor};
    for name in ProviderName::ALL {
        assert!(Vendor::named(name.as_str()).is_some(), "{name:?}");
        assert_eq!(serde_json::to_value(name).expect("serialises"), name.as_str());
    }
    assert_eq!(ProviderName::ALL.len(), VENDORS.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    /// The order of files, and of the documents in them, is no input.
    #[test]
    fn shuffled_input_compiles_to_the_same_bytes(documents in Just(documents()).prop_shuffle()) {
        let number = |index: usize| format!("{index}.yaml");
        let shuffled: BTreeMap<_, _> =
            documents.chunks(3).enumerate().map(|(index, some)| (number(index), some.join("\n---\n"))).collect();
        let expected = BTreeMap::from([(number(0), self::documents().join("\n---\n"))]);
        let bytes = |files| shown(&compile(&read(files).objects));
        prop_assert_eq!(bytes(&shuffled), bytes(&expected));
    }
}

fn documents() -> Vec<String> {
    let mut documents = Vec::new();
    for folder in ["conflict", "grants", "routes"] {
        for text in read_folder(&testdata().join(folder)).values() {
            // Each folder in namespaces of its own.
            documents.extend(
                text.split("\n---\n")
                    .map(|document| document.replace("team-", &format!("{folder}-"))),
            );
        }
    }
    assert!(documents.len() > 12);
    documents
}

/// The size that a cluster is expected to have. Nothing is measured; what grows with the square would be felt.
#[test]
fn two_thousand_routes_compile() {
    let manifest = |index: usize| {
        format!(
            "apiVersion: wayleave.dev/v1alpha1\nkind: LLMRoute\nmetadata: {{name: r{index}}}\nspec: {{models: [m{index}], \
             rules: [{{steps: [{{targets: [{{providerKey: k{}}}]}}]}}]}}\n",
            index % 200
        )
    };
    let key = |index: usize| {
        format!(
            "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: k{index}}}\n\
             spec: {{provider: Custom, format: OpenAIChat, endpoint: http://host}}\n"
        )
    };
    let text: Vec<_> = (0..2000).map(manifest).chain((0..200).map(key)).collect();
    let manifests = read(&BTreeMap::from([("all.yaml".to_owned(), text.join("---\n"))]));
    let compiled = compile(&manifests.objects);
    assert_eq!(
        (compiled.snapshot.routes.len(), compiled.snapshot.providers.len()),
        (2000, 200)
    );
    assert!(
        compiled
            .verdicts
            .iter()
            .all(|verdict| verdict.severity == verdict::Severity::Ok)
    );
}
