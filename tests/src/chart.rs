//! The Helm charts as Helm renders them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize as _;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::cluster::program::Program;

/// The release that tests render: its name is the chart's, so all names begin with it.
pub const RELEASE: &str = "wayleave";
/// The namespace that they render it for.
pub const NAMESPACE: &str = "wayleave-system";

/// The folder of a chart.
pub fn chart(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts").join(name)
}

/// What a chart came to.
#[derive(Debug)]
pub struct Rendered {
    /// As YAML.
    pub text: String,
    /// Its objects.
    pub objects: Vec<Value>,
}

impl Rendered {
    /// The chart `wayleave` with these values.
    ///
    /// # Panics
    /// When they are refused.
    pub fn of(values: &Value) -> Self {
        Self::try_of(values, &[]).unwrap_or_else(|said| panic!("{values:#}\n{said}"))
    }

    /// The same as a release in this namespace.
    ///
    /// # Panics
    /// When the values are refused.
    pub fn in_namespace(namespace: &str, values: &Value) -> Self {
        Self::try_of(values, &["--namespace", namespace]).unwrap_or_else(|said| panic!("{values:#}\n{said}"))
    }

    /// The same of values that may be refused, with more flags.
    ///
    /// # Errors
    /// What Helm says to them.
    pub fn try_of(values: &Value, flags: &[&str]) -> Result<Self, String> {
        let text = template("wayleave", values, flags)?;
        Ok(Self {
            objects: objects(&text),
            text,
        })
    }

    /// The chart `wayleave-crds`.
    ///
    /// # Panics
    /// When it cannot be rendered.
    pub fn crds() -> Self {
        let text = template("wayleave-crds", &Value::Null, &[]).unwrap();
        Self {
            objects: objects(&text),
            text,
        }
    }

    /// The object of this kind and name, if there is one.
    pub fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        let named = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
        self.objects.iter().find(named)
    }

    /// The object of this kind and name.
    ///
    /// # Panics
    /// When there is none.
    pub fn get(&self, kind: &str, name: &str) -> &Value {
        self.find(kind, name)
            .unwrap_or_else(|| panic!("no {kind} {name} in\n{}", self.text))
    }

    /// All objects of a kind.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        let of_kind = |object: &&Value| object["kind"] == kind;
        self.objects.iter().filter(of_kind).collect()
    }
}

fn template(name: &str, values: &Value, flags: &[&str]) -> Result<String, String> {
    let file = values_file(values);
    let folder = chart(name);
    let mut command = helm(&["template", RELEASE]);
    command.arg(folder).args(["--namespace", NAMESPACE, "--values"]);
    said(command.arg(file.path()).args(flags).output().unwrap())
}

/// A file with these values. JSON is YAML.
///
/// # Panics
/// When it cannot be written.
pub fn values_file(values: &Value) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    let text = if values.is_null() {
        "{}".to_owned()
    } else {
        values.to_string()
    };
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Helm with these arguments, without anybody's settings.
pub fn helm(arguments: &[&str]) -> Command {
    let mut command = Command::new(Program::Helm.path());
    command
        .args(arguments)
        .env_remove("KUBECONFIG")
        .env("HELM_PLUGINS", "/nowhere");
    command
}

/// What a program printed.
///
/// # Errors
/// That and what it said, when it failed.
///
/// # Panics
/// When it printed no text.
pub fn said(output: Output) -> Result<String, String> {
    let text = String::from_utf8(output.stdout).unwrap();
    if output.status.success() {
        Ok(text)
    } else {
        Err(text + &String::from_utf8_lossy(&output.stderr))
    }
}

/// The documents of a text, as YAML.
///
/// # Panics
/// When it is no YAML.
pub fn objects(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap_or_else(|error| panic!("{error}\n{text}")))
        .filter(|object| !object.is_null())
        .collect()
}
