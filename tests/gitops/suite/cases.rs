//! The cases that lie beside the scripts, in the layout of Argo CD's own `resource_customizations`.

use std::collections::BTreeSet;
use std::fs;

use super::folder::{KINDS, document, of_kind, read, root};
use super::kstatus::Kstatus;
use super::lua::Health;

#[test]
fn each_case_is_as_it_says() {
    let mut states = BTreeSet::new();
    for kind in KINDS {
        let folder = of_kind(kind);
        let tests = document(&folder.join("health_test.yaml"));
        let tests = tests["tests"].as_array().expect("tests");
        let mut used = BTreeSet::new();
        for test in tests {
            let path = test["inputPath"].as_str().expect("an input");
            let object = document(&folder.join(path));
            assert_eq!(object["kind"], kind, "{path}");
            let text = |key: &str| test["healthStatus"][key].as_str().expect("a text").to_owned();
            let expected = Health {
                status: text("status"),
                message: text("message"),
            };
            assert_eq!(Health::of(&object), expected, "{kind}/{path}");
            states.insert(expected.status);
            used.insert(path.to_owned());
        }
        let there: BTreeSet<String> = fs::read_dir(folder.join("testdata"))
            .expect("test data")
            .map(|entry| format!("testdata/{}", entry.expect("readable").file_name().display()))
            .collect();
        assert_eq!(used, there, "{kind}: each file is a case");
    }
    assert!(
        states.iter().eq(["Degraded", "Healthy", "Progressing"]),
        "{states:?}"
    );
}

#[test]
fn one_script_is_that_of_every_kind() {
    let script = read(&root().join("argocd/health.lua"));
    for kind in KINDS {
        assert!(
            read(&of_kind(kind).join("health.lua")) == script,
            "argocd/wayleave.dev/{kind}/health.lua is another than argocd/health.lua"
        );
    }
}

/// What the test data show of kstatus, by file name.
#[test]
fn kstatus_sees_the_cases_too() {
    for (kind, name, expected) in [
        ("LLMRoute", "healthy", Kstatus::Current),
        ("LLMRoute", "progressing_old_generation", Kstatus::InProgress),
        ("LLMRoute", "progressing_no_data_planes", Kstatus::InProgress),
        ("LLMRoute", "progressing_deleted", Kstatus::Terminating),
        ("LLMRoute", "degraded_last_good", Kstatus::Failed),
        ("LLMRoute", "degraded_conflicted", Kstatus::Failed),
        // It may heal when the key comes: Flux waits until its timeout.
        ("LLMRoute", "degraded_key_not_found", Kstatus::InProgress),
        ("ProviderKey", "degraded_secret_not_found", Kstatus::InProgress),
    ] {
        let object = document(&of_kind(kind).join(format!("testdata/{name}.yaml")));
        assert_eq!(Kstatus::of(&object), expected, "{kind} {name}");
    }
}
