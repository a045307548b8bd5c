//! Who may depend on whom.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

const OURS: &str = "wayleave-";

/// What each crate may use of ours, in what it ships.
const MAY_KNOW: [(&str, &[&str]); 10] = [
    ("api", &[]),
    ("core", &[]),
    ("tls", &["core"]),
    ("sim", &[]),
    ("engine", &["core"]),
    ("ext-proc", &["core", "engine", "tls"]),
    ("operator", &["api", "core", "tls"]),
    (
        "cli",
        &["api", "core", "engine", "ext-proc", "operator", "sim", "tls"],
    ),
    (
        "tests",
        &[
            "api", "core", "engine", "ext-proc", "operator", "cli", "sim", "tls",
        ],
    ),
    (
        "bench",
        &[
            "api", "core", "engine", "ext-proc", "operator", "cli", "sim", "tls",
        ],
    ),
];

/// What a crate must not have in what it ships, not even by way of others.
const MUST_NOT_HAVE: [(&str, &[&str]); 4] = [
    (
        "core",
        &["tokio", "tonic", "hyper", "kube", "kube-client", "reqwest"],
    ),
    ("api", &["tokio", "tonic", "hyper", "kube-client", "reqwest"]),
    ("ext-proc", &["kube", "kube-client", "k8s-openapi"]),
    ("operator", &["reqwest"]),
];

fn metadata() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .unwrap()
}

fn member<'m>(metadata: &'m Metadata, name: &str) -> &'m Package {
    let full = format!("{OURS}{name}");
    metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == full)
        .unwrap()
}

/// Everything that a crate ships, by way of others too, with only the features that it asks for itself: what others of
/// the workspace switch on is theirs.
fn shipped(name: &str) -> BTreeSet<String> {
    let package = format!("{OURS}{name}");
    let tree = [
        "tree",
        "--locked",
        "--offline",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let output = Command::new(env!("CARGO"))
        .args(tree)
        .args(["--package", &package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != package).map(str::to_owned).collect()
}

#[test]
fn every_member_has_a_rule() {
    let metadata = metadata();
    let members: BTreeSet<String> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.strip_prefix(OURS).expect("wayleave-…").to_owned())
        .collect();
    let ruled: BTreeSet<String> = MAY_KNOW.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(members, ruled);
}

#[test]
fn dependencies_go_one_way() {
    let metadata = metadata();
    for (name, may_know) in MAY_KNOW {
        let package = member(&metadata, name);
        let direct = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development);
        let known: Vec<&str> = direct
            .filter_map(|dependency| dependency.name.strip_prefix(OURS))
            .collect();
        for other in known {
            assert!(may_know.contains(&other), "{name} must not know {other}");
        }
    }
}

#[test]
fn pure_crates_stay_pure() {
    for (name, must_not_have) in MUST_NOT_HAVE {
        let shipped = shipped(name);
        assert!(shipped.len() > 3, "{name} ships {shipped:?}");
        for other in must_not_have {
            assert!(
                !shipped.contains(*other),
                "{name} must not have {other}, not even by way of others"
            );
        }
    }
}

#[test]
fn tls_is_rustls_and_nothing_comes_from_git() {
    let metadata = metadata();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let foreign = ["openssl", "openssl-sys", "native-tls"];
        assert!(!foreign.contains(&name), "{name} is in Cargo.lock");
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        assert!(
            source.is_none_or(|source| source.starts_with("registry+")),
            "{name} comes from {source:?}"
        );
    }
}

#[test]
fn every_member_inherits_the_lints() {
    for package in metadata().workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} has its own lints",
            package.name
        );
    }
}
