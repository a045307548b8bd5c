//! Every status that the operator can write, as Argo CD and kstatus see it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use wayleave_api::condition::{ConditionType, Reason};
use wayleave_core::notice::Notice;
use wayleave_core::snapshot::ObjectName;
use wayleave_operator::cluster::status::{Programming, status};
use wayleave_operator::compile::verdict::{ConditionState, Severity, Verdict};
use wayleave_operator::config::fleet::Tally;
use wayleave_operator::object::{Kind, ObjectRef};

use super::folder::KINDS;
use super::kstatus::Kstatus;
use super::lua::Health;

const GENERATION: i64 = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

/// What a condition says in one line of the table.
#[derive(Clone, Debug)]
struct Said<T> {
    given: T,
    truth: Truth,
    reason: Reason,
    message: &'static str,
    /// Nothing but a change of the object helps.
    needs_somebody: bool,
}

impl<T> Said<T> {
    /// Its truth, how Argo CD shows it, and its message.
    fn shown(&self, condition: &str) -> (Truth, String, &'static str) {
        let Self {
            truth,
            reason,
            message,
            ..
        } = self;
        (
            *truth,
            format!("{condition} is {truth:?} ({})", reason.as_str()),
            message,
        )
    }
}

fn states(kind: ConditionType) -> Vec<Said<ConditionState>> {
    let reasons = Reason::ALL
        .into_iter()
        .filter(|reason| reason.condition() == kind);
    reasons
        .map(|reason| {
            let good = matches!(reason, Reason::Accepted | Reason::ResolvedRefs);
            let message = if good { "" } else { "spec.x: is wrong" };
            Said {
                given: ConditionState {
                    status: good,
                    reason,
                    message: message.to_owned(),
                },
                truth: if good { Truth::True } else { Truth::False },
                reason,
                message,
                needs_somebody: matches!(
                    reason,
                    Reason::Invalid | Reason::NotSupported | Reason::Conflicted
                ),
            }
        })
        .collect()
}

fn tally(acknowledged: usize, planes: usize) -> Tally {
    Tally {
        planes,
        acknowledged,
        rejected: None,
        notice: None,
    }
}

fn programmings() -> Vec<Said<Programming>> {
    let noticed = Tally {
        notice: Some((Arc::from("plane-2"), Notice::NoVectorSearch)),
        ..tally(3, 3)
    };
    let rejected = Tally {
        rejected: Some((Arc::from("plane-2"), Arc::from("too large"))),
        ..tally(2, 3)
    };
    let line = |given, truth, reason, message| Said {
        given,
        truth,
        reason,
        message,
        needs_somebody: reason == Reason::Rejected,
    };
    vec![
        line(
            Programming::Sent(tally(3, 3)),
            Truth::True,
            Reason::Programmed,
            "3/3 data planes",
        ),
        line(
            Programming::Sent(noticed),
            Truth::True,
            Reason::NoVectorSearch,
            "neither vector sets",
        ),
        line(
            Programming::Sent(tally(2, 3)),
            Truth::Unknown,
            Reason::Pending,
            "2/3 data planes",
        ),
        line(
            Programming::Sent(tally(0, 0)),
            Truth::Unknown,
            Reason::NoDataPlanes,
            "no data plane",
        ),
        line(
            Programming::Sent(rejected),
            Truth::False,
            Reason::Rejected,
            "too large",
        ),
        line(
            Programming::LastGood(tally(3, 3)),
            Truth::False,
            Reason::LastGoodInForce,
            "stays in force on 3/3",
        ),
        line(
            Programming::Broken,
            Truth::False,
            Reason::NotInForce,
            "answered with the reason",
        ),
    ]
}

/// The object as an API server would return it.
fn object(
    kind: &str,
    accepted: &ConditionState,
    resolved_refs: &ConditionState,
    programming: &Programming,
) -> Value {
    let verdict = Verdict {
        object: ObjectRef::new(Kind::LLMRoute, ObjectName::new("team", "chat")),
        severity: Severity::Ok,
        in_force: true,
        accepted: accepted.clone(),
        resolved_refs: resolved_refs.clone(),
        problems: Vec::new(),
        targets: Vec::new(),
    };
    let status = status(&verdict, programming, GENERATION, None, Timestamp::UNIX_EPOCH);
    json!({
        "apiVersion": "wayleave.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": "chat", "namespace": "team", "generation": GENERATION},
        "spec": {},
        "status": status,
    })
}

/// Calls with each line of the table: its worst truth, whether somebody has to act, what its three conditions say, and
/// the object.
pub(super) fn each(mut look: impl FnMut(Truth, bool, &[(Truth, String, &str)], &Value)) -> usize {
    let mut lines = 0;
    for accepted in states(ConditionType::Accepted) {
        for resolved in states(ConditionType::ResolvedRefs) {
            for programmed in programmings() {
                let all = [
                    accepted.shown("Accepted"),
                    resolved.shown("ResolvedRefs"),
                    programmed.shown("Programmed"),
                ];
                let worst = all.iter().map(|(truth, ..)| *truth).min().expect("three");
                let stalled = accepted.needs_somebody || programmed.needs_somebody;
                let kind = KINDS[lines % KINDS.len()];
                let object = object(kind, &accepted.given, &resolved.given, &programmed.given);
                look(worst, stalled, &all, &object);
                lines += 1;
            }
        }
    }
    lines
}

#[test]
fn argo_cd_shows_what_is_wrong_and_why() {
    let lines = each(|worst, _, all, object| {
        let health = Health::of(object);
        let expected = match worst {
            Truth::False => "Degraded",
            Truth::Unknown => "Progressing",
            Truth::True => "Healthy",
        };
        assert_eq!(health.status, expected, "{object:#}");
        for (truth, shown, message) in all {
            let bad = *truth != Truth::True;
            assert_eq!(health.message.contains(shown), bad, "{health:?}");
            assert!(!bad || health.message.contains(message), "{health:?}");
        }
        if worst == Truth::True {
            assert!(health.message.starts_with("3/3 data planes"), "{health:?}");
            let (.., programmed) = &all[2];
            assert!(health.message.contains(programmed), "{health:?}");
        }
    });
    assert!(lines > 250, "{lines} lines");
}

#[test]
fn kstatus_waits_for_what_may_heal_and_for_nothing_else() {
    each(|worst, stalled, _, object| {
        let expected = match worst {
            _ if stalled => Kstatus::Failed,
            Truth::True => Kstatus::Current,
            Truth::False | Truth::Unknown => Kstatus::InProgress,
        };
        assert_eq!(Kstatus::of(object), expected, "{object:#}");
    });
}

/// Neither may call well what the other does not.
#[test]
fn both_agree_on_what_is_well_and_on_what_has_failed() {
    each(|_, _, _, object| {
        let (health, kstatus) = (Health::of(object), Kstatus::of(object));
        assert_eq!(
            health.status == "Healthy",
            kstatus == Kstatus::Current,
            "{object:#}"
        );
        assert!(
            kstatus != Kstatus::Failed || health.status == "Degraded",
            "{object:#}"
        );
    });
}

#[test]
fn an_old_status_says_nothing_of_what_is_written_now() {
    each(|_, _, _, object| {
        let mut edited = object.clone();
        edited["metadata"]["generation"] = json!(GENERATION + 1);
        let health = Health::of(&edited);
        assert_eq!(health.status, "Progressing", "{edited:#}");
        assert_eq!(health.message, "waiting for the operator to see generation 8");
        assert_eq!(Kstatus::of(&edited), Kstatus::InProgress);
    });
}

#[test]
fn what_is_being_deleted_is_not_judged() {
    each(|_, _, _, object| {
        let mut deleted = object.clone();
        deleted["metadata"]["deletionTimestamp"] = json!("2026-11-25T12:00:00Z");
        assert_eq!(Health::of(&deleted).status, "Progressing");
        assert_eq!(Kstatus::of(&deleted), Kstatus::Terminating);
    });
}

#[test]
fn an_object_that_nobody_has_looked_at_is_waited_for() {
    for kind in KINDS {
        let metadata = json!({"name": "chat", "generation": 1});
        for status in [
            Value::Null,
            json!({}),
            json!({"observedGeneration": -1}),
            json!({"observedGeneration": 1}),
            json!({"observedGeneration": 1, "conditions": []}),
        ] {
            let object = json!({"kind": kind, "metadata": metadata, "spec": {}, "status": status});
            let health = Health::of(&object);
            assert_eq!(health.status, "Progressing", "{object:#}");
            assert!(
                health.message.starts_with("waiting for the operator"),
                "{health:?}"
            );
        }
    }
}

/// No operator of today says so little.
#[test]
fn a_summary_without_its_parts_is_enough() {
    let said = |kind: &str, truth: &str| {
        let condition = json!({"type": kind, "status": truth, "reason": "Why", "message": "because"});
        let status = json!({"observedGeneration": 1, "conditions": [condition]});
        let object = json!({"kind": "LLMRoute", "metadata": {"generation": 1}, "status": status});
        let Health { status, message } = Health::of(&object);
        format!("{status}: {message}")
    };
    assert_eq!(
        said("Stalled", "True"),
        "Degraded: Stalled is True (Why): because"
    );
    assert_eq!(said("Ready", "False"), "Degraded: Ready is False (Why): because");
    assert_eq!(
        said("Ready", "Unknown"),
        "Progressing: Ready is Unknown (Why): because"
    );
    assert_eq!(said("Ready", "True"), "Healthy: because");
}

#[test]
fn the_table_has_every_reason_and_condition() {
    let (mut reasons, mut conditions) = (BTreeSet::new(), BTreeSet::new());
    each(|_, _, _, object| {
        for condition in object["status"]["conditions"].as_array().expect("conditions") {
            reasons.insert(condition["reason"].as_str().expect("a reason").to_owned());
            conditions.insert(condition["type"].as_str().expect("a type").to_owned());
        }
    });
    let all: BTreeSet<String> = Reason::ALL.map(|reason| reason.as_str().to_owned()).into();
    assert_eq!(reasons, all);
    let all = ["Accepted", "Programmed", "Ready", "ResolvedRefs", "Stalled"];
    assert!(conditions.iter().eq(all), "{conditions:?}");
}
