//! Policies, and which route has which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wayleave_api::CachePolicy;
use wayleave_api::condition::Reason;
use wayleave_api::reference::PolicyTargetRef;
use wayleave_core::snapshot::ObjectName;

use super::claim::by_age;
use super::verdict::{Problems, Target};
use crate::field::FieldPath;
use crate::object::{Kind, ObjectRef, Objects};

/// Which policy a route has: of two that name it, the older; of two of the same age, the first by name. A policy without
/// a creation time is younger than any with one. One that is broken keeps its routes: which cache a route has does not
/// change by a slip in another object.
pub(super) struct Attachments<'a>(BTreeMap<ObjectName, &'a ObjectName>);

/// What became of the targets of one policy.
pub(super) struct Targets {
    /// The routes that it has.
    pub(super) routes: Vec<ObjectName>,
    /// Each of its targets.
    pub(super) said: Vec<Target>,
    /// What is wrong with them.
    pub(super) problems: Problems,
}

impl<'a> Attachments<'a> {
    pub(super) fn of(policies: &'a BTreeMap<ObjectName, Arc<CachePolicy>>) -> Self {
        let mut oldest_first: Vec<_> = policies.iter().collect();
        oldest_first.sort_by(|a, b| by_age(&a.1.metadata, &b.1.metadata).then_with(|| a.0.cmp(b.0)));
        let mut winners = BTreeMap::new();
        for (name, policy) in oldest_first {
            for target in &policy.spec.target_refs {
                winners.entry(route(name, target)).or_insert(name);
            }
        }
        Self(winners)
    }

    /// What becomes of the targets of one policy.
    pub(super) fn resolve(
        &self,
        policy: &ObjectName,
        refs: &[PolicyTargetRef],
        objects: &Objects,
    ) -> Targets {
        let field = FieldPath::spec().key("targetRefs");
        let mut targets = Targets {
            routes: Vec::new(),
            said: Vec::new(),
            problems: Problems::default(),
        };
        if refs.is_empty() {
            targets
                .problems
                .invalid(&field, "is empty: write at least one route");
        }
        let mut seen = BTreeSet::new();
        for (index, target) in refs.iter().enumerate() {
            let field = field.index(index);
            let route = route(policy, target);
            if !seen.insert(&target.name) {
                let message = format!("names LLMRoute {} a second time: remove one", target.name);
                targets.problems.invalid(&field, message);
                continue;
            }
            let (reason, message) = self.judge(policy, &route, objects);
            if reason == Reason::Accepted {
                targets.routes.push(route);
            } else {
                targets
                    .problems
                    .broken(reason, &field.key("name"), message.clone());
            }
            targets.said.push(Target {
                kind: target.kind,
                name: target.name.clone(),
                reason,
                message,
            });
        }
        targets
    }

    fn judge(&self, policy: &ObjectName, route: &ObjectName, objects: &Objects) -> (Reason, String) {
        let object = ObjectRef::new(Kind::LLMRoute, route.clone());
        // One that cannot be read is there all the same.
        if !objects.contains(&object) && !objects.unreadable.contains_key(&object) {
            return (Reason::TargetNotFound, format!("{object} does not exist"));
        }
        match self.0.get(route) {
            Some(winner) if *winner != policy => (
                Reason::Conflicted,
                format!("{object} has CachePolicy {winner}, which comes first"),
            ),
            _ => (Reason::Accepted, String::new()),
        }
    }
}

fn route(policy: &ObjectName, target: &PolicyTargetRef) -> ObjectName {
    ObjectName::new(Arc::clone(&policy.namespace), target.name.as_str())
}
