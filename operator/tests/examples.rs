//! Every example is read and compiles without a problem.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wayleave_core::snapshot::{RouteRules, Snapshot};
use wayleave_operator::compile::verdict::Severity;
use wayleave_operator::manifest::{Accepted, Env, Manifests, Report, update};

/// Folders with objects of other tools as well, which have tests of their own (tests/gitops).
const ELSEWHERE: [&str; 1] = ["gitops"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn compile(example: &Path) -> (Snapshot, Report) {
    let files: BTreeMap<_, _> = fs::read_dir(example)
        .expect("the example is there")
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            let name = path
                .file_name()
                .expect("has a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("is text"))
        })
        .collect();
    assert!(
        files.contains_key("README.md"),
        "{} explains itself",
        example.display()
    );
    let manifests = Manifests::read(&files, Env::new(&|name| Some(format!("sk-of-{name}"))));
    let (_, snapshot, report) = update(&Accepted::default(), manifests);
    (snapshot, report)
}

#[test]
fn every_example_compiles() {
    let folders: Vec<_> = fs::read_dir(examples())
        .expect("examples/ is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir() && !ELSEWHERE.iter().any(|name| path.ends_with(name)))
        .collect();
    assert!(folders.len() >= 6);
    for folder in folders {
        let (snapshot, report) = compile(&folder);
        assert_eq!(report.severity(), Severity::Ok, "{}:\n{report}", folder.display());
        assert!(
            !snapshot.routes.is_empty() && report.notes.is_empty(),
            "{}:\n{report}",
            folder.display()
        );
    }
}

#[test]
fn the_demo_has_its_scenes() {
    let (snapshot, _) = compile(&examples().join("demo"));
    let models: Vec<_> = snapshot
        .routes
        .iter()
        .flat_map(|route| &route.models)
        .map(|claim| &*claim.pattern)
        .collect();
    assert_eq!(
        models,
        [
            "best-code",
            "best-prose",
            "cached",
            "cached-at-once",
            "chat",
            "cheapest",
            "experiment",
            "fallback",
            "nobody",
            "race-staggered",
            "race-together",
            "split",
            "too-dear",
            "unpriced"
        ]
    );
}

/// Rules that documents show whole. What stands for more, `…`, is left out of this.
#[test]
fn rules_in_documents_are_in_force() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut shown = 0;
    for document in ["experiments.md", "tasks.md"] {
        let text = fs::read_to_string(docs.join(document)).expect("a document");
        let blocks = text.split("```yaml\n").skip(1);
        let blocks = blocks.filter_map(|rest| rest.split("```").next());
        for rules in blocks.filter(|block| block.starts_with("rules:") && !block.contains('…')) {
            let rules = rules.replace('\n', "\n  ");
            let head = "apiVersion: wayleave.dev/v1alpha1\nkind: LLMRoute\nmetadata: {name: shown}\nspec:";
            let route = format!("{head}\n  models: [chat]\n  {rules}\n");
            let files = BTreeMap::from([("route.yaml".to_owned(), route)]);
            let manifests = Manifests::read(&files, Env::new(&|_| None));
            let (_, snapshot, report) = update(&Accepted::default(), manifests);
            let rules = snapshot.routes.first().map(|route| &route.rules);
            // The keys that it names are not there, which is no fault of its own.
            assert!(
                matches!(rules, Some(RouteRules::Rules(_))),
                "{document}:\n{report}"
            );
            shown += 1;
        }
    }
    assert!(shown >= 2, "{shown}");
}
