//! What is said of an object: its conditions, and every problem with its field.

use serde::Serialize;
use wayleave_api::condition::{ConditionType, Reason};
use wayleave_api::reference::PolicyTargetKind;

use crate::field::FieldPath;
use crate::object::ObjectRef;

/// What is said of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The object.
    pub object: ObjectRef,
    /// The worst of its problems.
    pub severity: Severity,
    /// Whether the data plane acts on it. What it refers to may still be missing in part.
    pub in_force: bool,
    /// Whether it is valid and nothing stands against it.
    pub accepted: ConditionState,
    /// Whether everything that it refers to is there and may be used.
    pub resolved_refs: ConditionState,
    /// All problems, in the order of the fields.
    pub problems: Vec<Problem>,
    /// Of a policy: what became of each object that it is attached to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
}

/// What became of an object that a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its kind.
    pub kind: PolicyTargetKind,
    /// Its name.
    pub name: String,
    /// Why the policy counts for it, or does not.
    pub reason: Reason,
    /// The same for people. Empty where there is nothing to say.
    pub message: String,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// None.
    #[default]
    Ok,
    /// In force, but perhaps not what was meant.
    Warning,
    /// Not, or not wholly, in force.
    Broken,
}

impl Severity {
    /// As it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

/// One condition of an object's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionState {
    /// Whether it is true.
    pub status: bool,
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people. Empty where there is nothing to say.
    pub message: String,
}

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is; it also tells the condition that it stands against.
    pub reason: Reason,
    /// Where it is.
    pub field: FieldPath,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// The field and the message.
    pub fn text(&self) -> String {
        if self.field.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.field, self.message)
        }
    }
}

impl Verdict {
    /// Of an object that cannot be read.
    pub(super) fn unreadable(object: ObjectRef, why: &str) -> Self {
        let mut problems = Problems::default();
        let message =
            format!("cannot be read: {why}. Is the operator older than the custom resource definitions?");
        problems.invalid(&FieldPath::default(), message);
        problems.into_verdict(object, false)
    }

    fn new(object: ObjectRef, in_force: bool, problems: Vec<Problem>) -> Self {
        let severity = problems
            .iter()
            .map(|problem| problem.severity)
            .max()
            .unwrap_or_default();
        let accepted = condition(&problems, ConditionType::Accepted, Reason::Accepted);
        let resolved_refs = condition(&problems, ConditionType::ResolvedRefs, Reason::ResolvedRefs);
        Self {
            object,
            severity,
            in_force,
            accepted,
            resolved_refs,
            problems,
            targets: Vec::new(),
        }
    }

    /// With what became of its targets by themselves: a policy that is at fault counts for none.
    pub(super) fn with_targets(mut self, mut targets: Vec<Target>) -> Self {
        if let Some(fault) = own_fault(&self.problems) {
            let accepted = targets
                .iter_mut()
                .filter(|target| target.reason == Reason::Accepted);
            accepted.for_each(|target| {
                target.reason = Reason::Invalid;
                target.message.clone_from(&fault);
            });
        }
        self.targets = targets;
        self
    }

    /// Whether its own fields keep it from being in force, not what it lost or refers to.
    pub fn is_at_fault(&self) -> bool {
        !self.in_force && own_fault(&self.problems).is_some()
    }
}

/// The worst problem of a condition gives its reason; all of them its message.
fn condition(problems: &[Problem], kind: ConditionType, good: Reason) -> ConditionState {
    let own = || {
        problems
            .iter()
            .filter(|problem| problem.reason.condition() == kind)
    };
    let worst = own().map(|problem| problem.severity).max().unwrap_or_default();
    let reason = own()
        .find(|problem| problem.severity == worst)
        .map_or(good, |problem| problem.reason);
    let texts: Vec<_> = own().map(Problem::text).collect();
    ConditionState {
        status: worst < Severity::Broken,
        reason,
        message: texts.join("; "),
    }
}

/// Collects the problems of one object while it is compiled.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// Something that keeps the object, or a part of it, from being in force.
    pub(super) fn broken(&mut self, reason: Reason, field: &FieldPath, message: impl Into<String>) {
        self.push(Severity::Broken, reason, field, message);
    }

    /// A value that means nothing.
    pub(super) fn invalid(&mut self, field: &FieldPath, message: impl Into<String>) {
        self.broken(Reason::Invalid, field, message);
    }

    /// Something that is in force, but perhaps not what was meant.
    pub(super) fn warn(&mut self, reason: Reason, field: &FieldPath, message: impl Into<String>) {
        self.push(Severity::Warning, reason, field, message);
    }

    /// Each entry of a set stands there once.
    pub(super) fn once<T: PartialEq>(&mut self, field: &FieldPath, entries: &[T]) {
        for (index, entry) in entries.iter().enumerate() {
            if entries.iter().take(index).any(|before| before == entry) {
                self.invalid(&field.index(index), "is listed twice: remove one");
            }
        }
    }

    /// The value, or else its error as a problem.
    pub(super) fn valid<T, E: ToString>(&mut self, field: &FieldPath, parsed: Result<T, E>) -> Option<T> {
        parsed
            .map_err(|error| self.invalid(field, error.to_string()))
            .ok()
    }

    /// Why the object cannot be used, in one line; `None` if its own fields are in order. Lost names and missing
    /// references do not count: what is left of the object works.
    pub(super) fn own_fault(&self) -> Option<String> {
        own_fault(&self.0)
    }

    /// All problems that stand in the way, in one line.
    pub(super) fn fault(&self) -> Option<String> {
        one_line(
            self.0
                .iter()
                .filter(|problem| problem.severity == Severity::Broken),
        )
    }

    /// Adds those of a part of the object.
    pub(super) fn append(&mut self, mut part: Self) {
        self.0.append(&mut part.0);
    }

    pub(super) fn into_verdict(self, object: ObjectRef, in_force: bool) -> Verdict {
        Verdict::new(object, in_force, self.0)
    }

    fn push(&mut self, severity: Severity, reason: Reason, field: &FieldPath, message: impl Into<String>) {
        self.0.push(Problem {
            severity,
            reason,
            field: field.clone(),
            message: message.into(),
        });
    }
}

fn own_fault(problems: &[Problem]) -> Option<String> {
    one_line(problems.iter().filter(|problem| {
        problem.severity == Severity::Broken
            && matches!(problem.reason, Reason::Invalid | Reason::NotSupported)
    }))
}

fn one_line<'a>(mut problems: impl Iterator<Item = &'a Problem>) -> Option<String> {
    let first = problems.next()?.text();
    Some(match problems.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    })
}
