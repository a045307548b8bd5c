//! The compiler's own manifests: what it takes the API server takes too, and what it refuses for a fault of the object
//! itself the API server refuses before anything is stored.

use super::manifest::{Manifest, read_folder, root};
use super::server::judge;

/// What only the compiler can tell, and why.
const ONLY_THE_COMPILER: [(&str, &str); 15] = [
    ("does not exist", "another object"),
    (" is broken: ", "another object"),
    ("belongs to LLMRoute", "another object"),
    (" has CachePolicy ", "another object"),
    (" has no API for ", "another object"),
    (" has no entry ", "another object"),
    ("entry `", "what a Secret holds"),
    ("ca.secretRef: has no certificate", "what a Secret holds"),
    ("ca.secretRef: has a private key", "what a Secret holds"),
    ("ca.configMapRef: has no certificate", "what a ConfigMap holds"),
    ("when: is not a CEL expression", "the expression has to be parsed"),
    ("when: uses the unknown member", "the expression has to be parsed"),
    ("when: gives a ", "the expression has to be parsed"),
    (
        "models prefer their own answers",
        "makers' prefixes and cases are compared",
    ),
    (
        "race.stagger: 11m is too long",
        "timeouts.total stands elsewhere in the rule",
    ),
];

#[tokio::test]
async fn the_api_server_agrees_with_the_compiler() {
    let mut manifests = read_folder(&root().join("operator/src/compile/testdata/rules"));
    manifests.retain(|manifest| !manifest.place.starts_with("base.yaml"));
    assert!(manifests.len() > 100, "{} manifests", manifests.len());
    let judged = judge(manifests.iter().map(|manifest| &manifest.object)).await;
    let mut wrong = Vec::new();
    for (manifest, said) in manifests.iter().zip(judged) {
        let refused = !said.is_empty();
        if refused != is_fault_of_its_own(manifest) {
            wrong.push(format!(
                "{} {:?}, but: {said:?}",
                manifest.place, manifest.comments
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_the_compiler_can_tell_is_told() {
    let manifests = read_folder(&root().join("operator/src/compile/testdata/rules"));
    for (text, why) in ONLY_THE_COMPILER {
        let told = manifests
            .iter()
            .any(|manifest| manifest.refusals().iter().any(|fault| fault.contains(text)));
        assert!(told, "`{text}` ({why}) is in no manifest: remove it");
    }
}

fn is_fault_of_its_own(manifest: &Manifest) -> bool {
    let only_the_compiler = |fault: &&str| ONLY_THE_COMPILER.iter().any(|(text, _)| fault.contains(text));
    !manifest.refusals().iter().all(only_the_compiler)
}
