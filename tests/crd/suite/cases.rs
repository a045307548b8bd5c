//! The manifests of `cases/`: their first lines say `accepted`, or `rejected:` and what the API server says, once for
//! each thing that it says.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::fields;
use super::manifest::{Manifest, cases};
use super::server::judge;

#[tokio::test]
async fn each_manifest_is_judged_as_it_says() {
    let cases = cases();
    let judged = judge(cases.iter().map(|case| &case.object)).await;
    let mut wrong = Vec::new();
    for (case, said) in cases.iter().zip(judged) {
        let expected = case.refusals();
        let as_expected = said.len() == expected.len()
            && expected
                .iter()
                .all(|expected| said.iter().any(|said| said.starts_with(expected)));
        if !as_expected {
            wrong.push(format!("{}: {expected:#?}, but: {said:#?}", case.place));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_kind_has_manifests_that_are_accepted() {
    let cases = cases();
    let mut accepted = BTreeMap::<&str, usize>::new();
    for case in &cases {
        let says = case.comments.first().map(String::as_str);
        assert_eq!(
            says == Some("accepted"),
            case.refusals().is_empty(),
            "{}: the first line says what comes of it",
            case.place
        );
        *accepted.entry(case.kind()).or_default() += usize::from(case.refusals().is_empty());
    }
    assert_eq!(accepted.len(), 3);
    assert!(accepted.values().all(|count| *count >= 5), "{accepted:?}");
}

#[test]
fn each_rule_refuses_a_manifest() {
    let refused: BTreeSet<_> = cases().iter().flat_map(refusals).collect();
    let (mut rules, mut unused) = (0, Vec::new());
    for field in fields() {
        for rule in field.schema["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            rules += 1;
            let below = rule["fieldPath"].as_str().unwrap_or_default();
            let message = rule["message"].as_str().expect("a rule says what to do");
            let place = format!("{}{below}", field.path);
            let used = refused
                .iter()
                .any(|(kind, path, said)| *kind == field.kind && *path == place && said.ends_with(message));
            if !used {
                unused.push(format!("{} {place}: {message}", field.kind));
            }
        }
    }
    assert!(rules > 50, "{rules} rules");
    assert!(unused.is_empty(), "no manifest for {unused:#?}");
}

/// Kind, field without the indexes, and message of what a manifest is refused for.
fn refusals(case: &Manifest) -> Vec<(String, String, String)> {
    let refusals = case.refusals().into_iter().map(|refusal| {
        let (path, said) = refusal.split_once(": ").expect("FIELD: MESSAGE");
        let path = path.replace(|c: char| c.is_ascii_digit(), "");
        (case.kind().to_owned(), path, said.to_owned())
    });
    refusals.collect()
}
