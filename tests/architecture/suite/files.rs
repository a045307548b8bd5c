//! Sizes of files, and what must not stand in them.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines beyond which a file has to be divided.
const MOST_LINES: usize = 600;
/// Folders without sources of ours.
const SKIPPED: [&str; 4] = ["target", ".git", "testdata", "snapshots"];

pub(crate) fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// All files below a folder that end so.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let skipped = path
            .file_name()
            .is_some_and(|name| SKIPPED.iter().any(|skipped| name == *skipped));
        if path.is_dir() && !skipped {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

fn sources(ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&root(), ending, &mut found);
    assert!(!found.is_empty(), "no .{ending} file");
    found
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn no_source_is_longer_than_600_lines() {
    for ending in ["rs", "py"] {
        for (path, text) in sources(ending) {
            let lines = text.lines().count();
            assert!(
                lines <= MOST_LINES,
                "{} has {lines} lines: divide it",
                path.display()
            );
        }
    }
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    for (path, text) in sources("rs") {
        for (number, line) in (1..).zip(text.lines()) {
            let allows = line.trim_start().starts_with(concat!("#[", "allow("))
                || line.trim_start().starts_with(concat!("#![", "allow("));
            assert!(
                !allows,
                "{}:{number}: use #[expect(…, reason = \"…\")]",
                path.display()
            );
        }
    }
}

#[test]
fn every_crate_says_what_it_is() {
    for (path, text) in sources("rs") {
        if path.ends_with("src/lib.rs") {
            assert!(
                text.starts_with("//! ") && !text.contains("Skeleton"),
                "{}",
                path.display()
            );
        }
    }
}
