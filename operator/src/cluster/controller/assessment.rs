//! What should be said of each object: its verdict, and how far it has come.

use std::collections::BTreeSet;

use jiff::Timestamp;
use wayleave_api::condition::{ConditionType, Status};
use wayleave_api::experiment::status::ExperimentStatus;
use wayleave_core::resource::{ResourceKind, ResourceName};
use wayleave_core::snapshot::ObjectName;

use crate::cluster::experiments;
use crate::cluster::status::{Programming, condition, status};
use crate::cluster::world::Standing;
use crate::compile::verdict::{Severity, Verdict};
use crate::config::bundle::Bundle;
use crate::config::fleet::Fleet;
use crate::last_good::Kept;
use crate::metrics::Metrics;
use crate::object::Kind;

/// What statuses are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assessment<'a> {
    /// What is in force, and what is wrong with what is not.
    pub(super) kept: &'a Kept,
    /// What data planes should have.
    pub(super) bundle: &'a Bundle,
    /// What they have.
    pub(super) fleet: &'a Fleet,
    /// The routes that have experiments in force.
    pub(super) experimenting: &'a BTreeSet<ObjectName>,
}

impl Assessment<'_> {
    /// What should be said of an object, which becomes the resource `name`.
    pub(super) fn status(&self, verdict: &Verdict, name: &ResourceName, standing: &Standing) -> Status {
        let (said, programming) = self.progress(verdict, name);
        let earlier = standing.status.as_ref();
        Status {
            experiments: self.experiments(name, earlier),
            ..status(said, &programming, standing.generation, earlier, Timestamp::now())
        }
    }

    /// The verdict on an object as it is written, and how far it has come.
    fn progress<'a>(&'a self, verdict: &'a Verdict, name: &ResourceName) -> (&'a Verdict, Programming) {
        let tally = || {
            let version = self.bundle.get(name).map(|resource| &resource.version);
            self.fleet.tally(name, version)
        };
        match self.kept.as_written.get(&verdict.object) {
            Some(written) => (written, Programming::LastGood(tally())),
            None if !verdict.in_force && verdict.severity == Severity::Broken => {
                (verdict, Programming::Broken)
            }
            None => (verdict, Programming::Sent(tally())),
        }
    }

    /// What is to be said of the experiments of an object.
    fn experiments(&self, name: &ResourceName, earlier: Option<&Status>) -> Vec<ExperimentStatus> {
        if name.kind != ResourceKind::Route || !self.experimenting.contains(&name.object) {
            return Vec::new();
        }
        let version = self.bundle.get(name).map(|resource| &resource.version);
        experiments::said(&self.fleet.experiments(name, version), earlier)
    }
}

/// How many objects of each kind are ready, and how many are not.
#[derive(Debug)]
pub(super) struct Readiness([(Kind, usize, usize); 3]);

impl Readiness {
    /// Of no objects yet.
    pub(super) fn new() -> Self {
        Self([Kind::ProviderKey, Kind::LLMRoute, Kind::CachePolicy].map(|kind| (kind, 0, 0)))
    }

    /// Counts an object of which this is said.
    pub(super) fn count(&mut self, kind: Kind, status: &Status) {
        let is_ready = condition(status, ConditionType::Ready).is_some_and(|ready| ready.status == "True");
        for (_, ready, not_ready) in self.0.iter_mut().filter(|(counted, ..)| *counted == kind) {
            *ready += usize::from(is_ready);
            *not_ready += usize::from(!is_ready);
        }
    }

    /// Tells it to whoever asks for metrics.
    pub(super) fn tell(self, metrics: &Metrics) {
        for (kind, ready, not_ready) in self.0 {
            metrics.objects(kind, ready, not_ready);
        }
    }
}
