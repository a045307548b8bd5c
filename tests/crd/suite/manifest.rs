//! Manifests, and what they say will come of them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

/// A document of a file.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// Where it is, for the one who reads a failure.
    pub(crate) place: String,
    /// Its comment lines, without the `#`.
    pub(crate) comments: Vec<String>,
    /// The object.
    pub(crate) object: Value,
}

impl Manifest {
    /// What the API server is to say, each with its field; nothing if it takes the object.
    pub(crate) fn refusals(&self) -> Vec<&str> {
        let comments = self.comments.iter();
        comments
            .filter_map(|line| line.strip_prefix("rejected: "))
            .collect()
    }

    /// The kind of the object.
    pub(crate) fn kind(&self) -> &str {
        self.object["kind"].as_str().unwrap_or_default()
    }
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All documents of the YAML files of a folder.
pub(crate) fn read_folder(folder: &Path) -> Vec<Manifest> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    paths.iter().flat_map(|path| read(path)).collect()
}

/// All documents of a YAML file.
pub(crate) fn read(path: &Path) -> Vec<Manifest> {
    let text = fs::read_to_string(path).unwrap();
    let file = path.file_name().unwrap().display().to_string();
    let mut line = 1;
    let mut manifests = Vec::new();
    for document in text.split("\n---\n") {
        let place = format!("{file}:{line}");
        line += document.lines().count() + 1;
        let comments = document
            .lines()
            .map_while(|line| line.strip_prefix("# ").map(str::to_owned));
        let object = Value::deserialize(serde_yaml::Deserializer::from_str(document));
        manifests.push(Manifest {
            comments: comments.collect(),
            object: object.unwrap_or_else(|error| panic!("{place}: {error}")),
            place,
        });
    }
    manifests
}

/// The manifests of `cases/`.
pub(crate) fn cases() -> Vec<Manifest> {
    read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crd/cases"))
}
