//! Each verdict with each way that it may have come.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

fn verdicts() -> Vec<(&'static str, Verdict)> {
    let accepted = || state(true, Reason::Accepted, "");
    let resolved = || state(true, Reason::ResolvedRefs, "");
    vec![
        ("good", good()),
        (
            "warned",
            verdict(
                state(true, Reason::Accepted, "spec.ca: has no effect"),
                resolved(),
            ),
        ),
        ("invalid", invalid()),
        (
            "not supported",
            verdict(state(false, Reason::NotSupported, "spec.format: Foo"), resolved()),
        ),
        (
            "conflicted",
            verdict(
                state(false, Reason::Conflicted, "`chat` belongs to another"),
                resolved(),
            ),
        ),
        (
            "missing secret",
            verdict(accepted(), state(false, Reason::SecretNotFound, "Secret a/s")),
        ),
        (
            "invalid, missing key",
            verdict(
                state(false, Reason::Invalid, "spec.models: is empty"),
                state(false, Reason::ProviderKeyNotFound, "ProviderKey a/k"),
            ),
        ),
    ]
}

fn programmings() -> Vec<(&'static str, Programming)> {
    vec![
        ("acknowledged by all", sent_to(2, 2)),
        ("acknowledged by all, with a notice", noticed()),
        ("acknowledged by one", sent_to(1, 2)),
        ("nobody there", sent_to(0, 0)),
        ("rejected", rejected()),
        ("last good", Programming::LastGood(tally(1, 1))),
        ("broken", Programming::Broken),
    ]
}

fn cases() -> Vec<(String, Status)> {
    let mut cases = Vec::new();
    for (judged, verdict) in verdicts() {
        for (way, programming) in programmings() {
            cases.push((format!("{judged}, {way}"), first(&verdict, &programming)));
        }
    }
    cases
}

#[test]
fn every_case_has_its_conditions() {
    let mut text = String::new();
    for (case, status) in cases() {
        let said: Vec<_> = (status.conditions.iter())
            .map(|said| format!("{} {} {}", said.type_, said.status, said.reason))
            .collect();
        writeln!(text, "{case}: {}", said.join(", ")).expect("writes");
    }
    for (way, programming) in programmings() {
        let status = first(&good(), &programming);
        let message = &condition(&status, ConditionType::Programmed)
            .expect("is there")
            .message;
        writeln!(text, "{way}: {message}").expect("writes");
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(text) });
}

#[test]
fn ready_says_what_the_first_says_that_is_not_true() {
    use ConditionType::{Accepted, Programmed, Ready, ResolvedRefs};
    for (case, status) in cases() {
        assert_eq!(status.observed_generation, Some(1));
        let get = |kind| condition(&status, kind).expect("is there");
        let ready = get(Ready);
        let first = [Accepted, ResolvedRefs, Programmed]
            .map(get)
            .into_iter()
            .find(|said| said.status != "True");
        match first {
            None => assert_eq!((&*ready.status, &*ready.reason), ("True", "Ready"), "{case}"),
            Some(first) => assert_eq!(
                (&ready.status, &ready.reason, &ready.message),
                (&first.status, &first.reason, &first.message),
                "{case}"
            ),
        }
    }
}

#[test]
fn stalled_is_there_only_when_somebody_has_to_act() {
    for (case, status) in cases() {
        let acts = ["invalid", "not supported", "conflicted"]
            .iter()
            .any(|judged| case.starts_with(judged));
        let stalled = condition(&status, ConditionType::Stalled);
        assert_eq!(stalled.is_some(), acts || case.ends_with(", rejected"), "{case}");
        if let Some(stalled) = stalled {
            assert_eq!(stalled.status, "True", "{case}");
            assert!(!stalled.message.is_empty(), "{case}");
        }
    }
}

/// The reasons of `Accepted` and of `ResolvedRefs` are the compiler's.
#[test]
fn every_reason_of_programmed_and_ready_occurs() {
    let cases = cases();
    let occurring: BTreeSet<_> = cases
        .iter()
        .flat_map(|(_, status)| &status.conditions)
        .map(|condition| condition.reason.as_str())
        .collect();
    for reason in Reason::ALL {
        if matches!(
            reason.condition(),
            ConditionType::Programmed | ConditionType::Ready
        ) {
            assert!(occurring.contains(reason.as_str()), "{reason:?}");
        }
    }
}
