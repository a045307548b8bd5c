//! What to tell the user, line by line or as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::origin::{Origin, Place};
use super::{ManifestError, Note};
use crate::compile::verdict::{ConditionState, Problem, Severity, Verdict};
use crate::object::ObjectRef;

/// What became of a set of files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What could not be read.
    pub errors: Vec<ManifestError>,
    /// Every `ProviderKey`, `LLMRoute` and `CachePolicy`.
    pub objects: Vec<Entry>,
    /// What was passed over.
    pub notes: Vec<Note>,
}

/// What became of one object.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The object.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Its first line.
    pub place: Option<Place>,
    /// The worst of its problems.
    pub severity: Severity,
    /// Which version of it the data plane acts on.
    pub in_force: InForce,
    /// Whether it is valid and nothing stands against it.
    pub accepted: ConditionState,
    /// Whether everything that it refers to is there and may be used.
    pub resolved_refs: ConditionState,
    /// All problems, in the order of the fields.
    pub problems: Vec<Located>,
}

/// Which version of an object is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum InForce {
    /// What stands in the file.
    AsWritten,
    /// The last good one: what stands in the file is broken.
    LastGood,
    /// None.
    No,
}

/// A problem and its line.
#[derive(Clone, Debug, Serialize)]
pub struct Located {
    /// Where it is.
    pub place: Option<Place>,
    /// What it is.
    #[serde(flatten)]
    pub problem: Problem,
}

impl Report {
    pub(super) fn new(
        verdicts: Vec<(Verdict, InForce)>,
        origins: &BTreeMap<ObjectRef, Origin>,
        errors: Vec<ManifestError>,
        notes: Vec<Note>,
    ) -> Self {
        let objects = verdicts.into_iter().map(|(verdict, in_force)| {
            let origin = origins.get(&verdict.object);
            Entry::new(verdict, in_force, origin)
        });
        Self {
            errors,
            objects: objects.collect(),
            notes,
        }
    }

    /// The worst of all: [`Severity::Broken`] also where something could not be read.
    pub fn severity(&self) -> Severity {
        let worst = self
            .objects
            .iter()
            .map(|entry| entry.severity)
            .max()
            .unwrap_or_default();
        if self.errors.is_empty() {
            worst
        } else {
            Severity::Broken
        }
    }
}

impl Entry {
    fn new(verdict: Verdict, in_force: InForce, origin: Option<&Origin>) -> Self {
        let Verdict {
            object,
            severity,
            accepted,
            resolved_refs,
            problems,
            in_force: _,
            targets: _,
        } = verdict;
        let problems = problems.into_iter().map(|problem| {
            let place = origin.map(|origin| origin.locate(&problem.field).0);
            Located { place, problem }
        });
        Self {
            place: origin.map(Origin::place),
            severity,
            in_force,
            accepted,
            resolved_refs,
            problems: problems.collect(),
            object,
        }
    }
}

/// One line per fact: what it is, where it stands, and what to do.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            line(f, "error", error)?;
        }
        for entry in &self.objects {
            write!(f, "{entry}")?;
        }
        for note in &self.notes {
            line(f, "note", note)?;
        }
        let count = |severity| {
            self.objects
                .iter()
                .filter(|entry| entry.severity == severity)
                .count()
        };
        let total = self.objects.len();
        write!(
            f,
            "{total} {}: {} ok",
            if total == 1 { "object" } else { "objects" },
            count(Severity::Ok)
        )?;
        let others = [
            (count(Severity::Warning), "with warnings"),
            (count(Severity::Broken), "broken"),
            (self.errors.len(), "unreadable"),
        ];
        for (number, what) in others.into_iter().filter(|(number, _)| *number > 0) {
            write!(f, ", {number} {what}")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for located in &self.problems {
            let place = located
                .place
                .as_ref()
                .map(|place| format!("{place}: "))
                .unwrap_or_default();
            let text = format!("{place}{}: {}", self.object, located.problem.text());
            line(f, located.problem.severity.as_str(), &text)?;
        }
        let place = self
            .place
            .as_ref()
            .map(|place| format!("{place}: "))
            .unwrap_or_default();
        match self.in_force {
            InForce::LastGood => line(
                f,
                "kept",
                &format!("{place}{}: the last good version stays in force", self.object),
            ),
            InForce::AsWritten | InForce::No if self.problems.is_empty() => {
                line(f, "ok", &format!("{place}{}", self.object))
            }
            InForce::AsWritten | InForce::No => Ok(()),
        }
    }
}

fn line(f: &mut fmt::Formatter<'_>, what: &str, text: &impl fmt::Display) -> fmt::Result {
    writeln!(f, "{what:<8} {text}")
}
