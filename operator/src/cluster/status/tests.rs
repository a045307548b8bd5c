//! [`table`] has every case; these are the rules.

mod table;

use std::sync::Arc;

use wayleave_api::reference::PolicyTargetKind;
use wayleave_core::snapshot::ObjectName;

use super::*;
use crate::compile::verdict::{Problem, Severity};
use crate::field::FieldPath;
use crate::object::ObjectRef;

fn state(status: bool, reason: Reason, message: &str) -> ConditionState {
    ConditionState {
        status,
        reason,
        message: message.to_owned(),
    }
}

fn verdict(accepted: ConditionState, resolved_refs: ConditionState) -> Verdict {
    Verdict {
        object: ObjectRef::new(Kind::LLMRoute, ObjectName::new("a", "it")),
        severity: Severity::Ok,
        in_force: true,
        accepted,
        resolved_refs,
        problems: Vec::new(),
        targets: Vec::new(),
    }
}

fn good() -> Verdict {
    verdict(
        state(true, Reason::Accepted, ""),
        state(true, Reason::ResolvedRefs, ""),
    )
}

fn invalid() -> Verdict {
    verdict(
        state(false, Reason::Invalid, "spec.models: is empty"),
        state(true, Reason::ResolvedRefs, ""),
    )
}

fn tally(acknowledged: usize, planes: usize) -> Tally {
    Tally {
        planes,
        acknowledged,
        rejected: None,
        notice: None,
    }
}

fn sent_to(acknowledged: usize, planes: usize) -> Programming {
    Programming::Sent(tally(acknowledged, planes))
}

fn rejected() -> Programming {
    Programming::Sent(Tally {
        rejected: Some((Arc::from("envoy-1"), Arc::from("the provider Foo is not known"))),
        ..tally(1, 2)
    })
}

fn noticed() -> Programming {
    Programming::Sent(Tally {
        notice: Some((Arc::from("envoy-1"), Notice::NoVectorSearch)),
        ..tally(2, 2)
    })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("is a time")
}

/// Of generation 1 at second 0.
fn first(verdict: &Verdict, programming: &Programming) -> Status {
    status(verdict, programming, 1, None, at(0))
}

fn since(status: &Status, kind: ConditionType) -> Timestamp {
    condition(status, kind).expect("is there").last_transition_time.0
}

#[test]
fn a_transition_is_when_the_state_changed() {
    let begun = first(&good(), &sent_to(0, 1));
    let more = status(&good(), &sent_to(1, 2), 2, Some(&begun), at(10));
    assert_eq!(since(&more, ConditionType::Programmed), at(0), "still unknown");
    let done = status(&good(), &sent_to(2, 2), 2, Some(&more), at(20));
    assert_eq!(since(&done, ConditionType::Programmed), at(20));
    assert_eq!(since(&done, ConditionType::Ready), at(20));
    assert_eq!(since(&done, ConditionType::Accepted), at(0));
    let broken = status(
        &invalid(),
        &Programming::LastGood(tally(2, 2)),
        3,
        Some(&done),
        at(30),
    );
    assert_eq!(since(&broken, ConditionType::ResolvedRefs), at(0));
    assert_eq!(since(&broken, ConditionType::Stalled), at(30));
    // Another reason is no transition.
    let other = status(&invalid(), &Programming::Broken, 4, Some(&broken), at(40));
    for kind in [
        ConditionType::Programmed,
        ConditionType::Ready,
        ConditionType::Stalled,
    ] {
        assert_eq!(since(&other, kind), at(30), "{kind:?}");
    }
    let mended = status(&good(), &sent_to(2, 2), 5, Some(&other), at(50));
    assert_eq!(condition(&mended, ConditionType::Stalled), None);
    assert_eq!(since(&mended, ConditionType::Accepted), at(50));
}

#[test]
fn a_transition_is_told_as_an_api_server_keeps_it() {
    let now = Timestamp::new(7, 900_000_000).expect("is a time");
    let status = status(&good(), &sent_to(1, 1), 1, None, now);
    assert_eq!(since(&status, ConditionType::Ready), at(7));
    let kept: Status =
        serde_json::from_value(serde_json::to_value(&status).expect("serialises")).expect("reads");
    assert_eq!(kept, status);
}

#[test]
fn a_message_is_cut_between_characters() {
    let long = "ü".repeat(MOST_CHARACTERS + 1);
    let verdict = verdict(
        state(false, Reason::Invalid, &long),
        state(true, Reason::ResolvedRefs, ""),
    );
    let status = first(&verdict, &Programming::Broken);
    for kind in [
        ConditionType::Accepted,
        ConditionType::Ready,
        ConditionType::Stalled,
    ] {
        let message = &condition(&status, kind).expect("is there").message;
        assert_eq!(message.chars().count(), MOST_CHARACTERS);
        assert!(long.starts_with(message.as_str()));
    }
}

#[test]
fn statuses_are_compared_without_their_times() {
    let one = first(&good(), &sent_to(1, 1));
    let later = status(&good(), &sent_to(1, 1), 1, None, at(99));
    assert!(one != later && says_the_same(&one, &later));
    let others = [
        status(&good(), &sent_to(1, 1), 2, Some(&one), at(0)),
        first(&good(), &sent_to(2, 2)),
        first(&good(), &sent_to(0, 1)),
        first(&invalid(), &sent_to(1, 1)),
        Status {
            conditions: Vec::new(),
            ..one.clone()
        },
    ];
    for other in others {
        assert!(
            !says_the_same(&one, &other) && !says_the_same(&other, &one),
            "{other:?}"
        );
    }
}

/// Of a policy that cannot be used because of this.
fn policy(reason: Reason) -> Verdict {
    Verdict {
        object: ObjectRef::new(Kind::CachePolicy, ObjectName::new("a", "it")),
        in_force: false,
        problems: vec![Problem {
            severity: Severity::Broken,
            reason,
            field: FieldPath::spec(),
            message: "is wrong".to_owned(),
        }],
        ..good()
    }
}

#[test]
fn a_broken_policy_says_what_becomes_of_its_routes() {
    let said = |reason| {
        let status = first(&policy(reason), &Programming::Broken);
        let programmed = condition(&status, ConditionType::Programmed).expect("is there");
        programmed.message.clone()
    };
    let without = "this generation is broken: its routes are served without a cache";
    for reason in [Reason::SecretNotFound, Reason::Conflicted] {
        assert_eq!(said(reason), without, "{reason:?}");
    }
    let kept = format!("{without}, but data planes that had an earlier one keep it");
    assert_eq!(said(Reason::Invalid), kept);
}

#[test]
fn a_policy_tells_of_each_target() {
    let target = |name: &str, reason, message: &str| Target {
        kind: PolicyTargetKind::LLMRoute,
        name: name.to_owned(),
        reason,
        message: message.to_owned(),
    };
    let verdict = Verdict {
        targets: vec![
            target("mine", Reason::Accepted, ""),
            target("lost", Reason::Conflicted, &"ü".repeat(MOST_CHARACTERS + 1)),
        ],
        ..good()
    };
    let status = first(&verdict, &sent_to(1, 1));
    let said: Vec<_> = (status.targets.iter())
        .map(|said| {
            (
                &*said.name,
                said.accepted,
                &*said.reason,
                said.message.chars().count(),
            )
        })
        .collect();
    let expected = [
        ("mine", true, "Accepted", 0),
        ("lost", false, "Conflicted", MOST_CHARACTERS),
    ];
    assert_eq!(said, expected);
    let other = first(&good(), &sent_to(1, 1));
    assert!(!says_the_same(&status, &other), "targets are news");
}

#[test]
fn news_are_told_at_once_and_what_may_pass_is_waited_for() {
    let programmed = || first(&good(), &sent_to(1, 1));
    let pending = || first(&good(), &sent_to(0, 1));
    let alone = || first(&good(), &sent_to(0, 0));
    let broken = || first(&invalid(), &Programming::Broken);
    let next = |programming| status(&good(), &programming, 2, None, at(0));
    let cases = [
        ("first, done", None, programmed(), Duration::ZERO),
        ("first, broken", None, broken(), Duration::ZERO),
        ("first, on its way", None, pending(), SETTLING),
        ("first, nobody there", None, alone(), SETTLING),
        (
            "changed, on its way",
            Some(programmed()),
            next(sent_to(0, 1)),
            SETTLING,
        ),
        (
            "changed, done",
            Some(programmed()),
            next(sent_to(1, 1)),
            Duration::ZERO,
        ),
        ("acknowledged", Some(pending()), programmed(), Duration::ZERO),
        ("somebody came", Some(alone()), programmed(), Duration::ZERO),
        (
            "rejected",
            Some(pending()),
            first(&good(), &rejected()),
            Duration::ZERO,
        ),
        ("became broken", Some(programmed()), broken(), Duration::ZERO),
        ("the last one left", Some(programmed()), alone(), RECONNECTING),
        (
            "one came back behind",
            Some(programmed()),
            pending(),
            RECONNECTING,
        ),
        (
            "more of them",
            Some(programmed()),
            first(&good(), &sent_to(2, 2)),
            COLLECTING,
        ),
        (
            "more on their way",
            Some(pending()),
            first(&good(), &sent_to(1, 3)),
            COLLECTING,
        ),
    ];
    for (case, old, new, expected) in cases {
        assert_eq!(patience(old.as_ref(), &new), expected, "{case}");
    }
}
