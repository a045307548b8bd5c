//! The documents name only files that are there.

use std::fs;

use super::files::root;

/// Folders and files that a path of ours begins with.
const OURS: [&str; 14] = [
    "api/",
    "argocd/",
    "bench/",
    "charts/",
    "cli/",
    "core/",
    "crds/",
    "docs/",
    "engine/",
    "examples/",
    "ext-proc/",
    "operator/",
    "sim/",
    "tests/",
];

/// The targets of links, and the words in code quotes that look like paths of ours.
fn paths(text: &str) -> Vec<String> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    let quoted = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| OURS.iter().any(|ours| word.starts_with(ours)));
    local
        .chain(quoted)
        .map(|path| path.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn paths_in_documents_exist() {
    let root = root();
    let mut documents = vec![
        root.join("README.md"),
        root.join("ARCHITECTURE.md"),
        root.join("CONTRIBUTING.md"),
    ];
    documents.extend(
        fs::read_dir(root.join("docs"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    let mut checked = 0;
    for document in documents
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
    {
        let text = fs::read_to_string(document).unwrap();
        for path in paths(&text) {
            let beside = document.parent().unwrap().join(&path);
            assert!(
                beside.exists() || root.join(&path).exists(),
                "{} names {path}, which is not there",
                document.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked} paths");
}

#[test]
fn the_readme_is_short() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(text.lines().count() <= 150);
    for command in ["make demo", "make test"] {
        assert!(text.contains(command), "{command}");
    }
}
