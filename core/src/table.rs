//! A snapshot made ready to serve: names indexed, conditions compiled, targets bound to their providers.

mod cache;
mod experiment;
mod name;
mod offer;
mod route;
mod rule;
mod sole;
mod step;
mod target;
mod tasks;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use self::cache::ActiveCache;
pub use self::experiment::{ActiveArm, ActiveExperiment, ActiveJudge};
use self::name::NameIndex;
pub use self::offer::Offer;
pub use self::route::ActiveRoute;
pub use self::rule::ActiveRule;
pub use self::step::{ActiveStep, RaceTerms};
pub use self::target::ActiveTarget;
pub use self::tasks::{ActiveAsked, ActiveClass, ActiveClassifier, ActiveTasks};
use crate::refusal::Refusal;
use crate::snapshot::{Endpoint, ObjectName, Provider, Snapshot};

/// Everything a request is routed by. Built once per configuration, read by all calls.
#[derive(Debug, Default)]
pub struct Table {
    snapshot: Snapshot,
    routes: Vec<Arc<ActiveRoute>>,
    owned: NameIndex,
    by_namespace: HashMap<Arc<str>, NameIndex>,
}

impl Table {
    /// Makes a snapshot ready. What is broken in it becomes an entry that says so.
    pub fn build(snapshot: Snapshot) -> Self {
        let providers: BTreeMap<&ObjectName, &Provider> = snapshot
            .providers
            .iter()
            .map(|provider| (&provider.name, provider))
            .collect();
        let caches = cache::by_route(&snapshot.caches, &providers);
        let mut table = Self {
            routes: snapshot
                .routes
                .iter()
                .map(|route| {
                    let cache = caches.get(&route.name).map(Arc::clone);
                    Arc::new(ActiveRoute::build(route, cache, &providers))
                })
                .collect(),
            ..Self::default()
        };
        for (index, route) in snapshot.routes.iter().enumerate() {
            for claim in &route.models {
                let local = table
                    .by_namespace
                    .entry(Arc::clone(&route.name.namespace))
                    .or_default();
                local.claim(claim, index);
                if claim.owned {
                    table.owned.claim(claim, index);
                }
            }
        }
        table.owned.sort();
        // Order does not matter: each index is sorted by itself.
        table.by_namespace.values_mut().for_each(NameIndex::sort);
        table.snapshot = snapshot;
        table
    }

    /// The snapshot that it was built from.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The route that serves a model name: as it stands, or as `NAMESPACE/MODEL`.
    pub fn route(&self, model: &str) -> Result<&Arc<ActiveRoute>, Refusal> {
        let local = || {
            let (namespace, name) = model.split_once('/')?;
            self.by_namespace.get(namespace)?.find(name)
        };
        let index = self
            .owned
            .find_exact(model)
            .or_else(local)
            .or_else(|| self.owned.find(model));
        index
            .and_then(|index| self.routes.get(index))
            .ok_or_else(|| Refusal::UnknownModel {
                model: model.to_owned(),
            })
    }

    /// All routes, in order of precedence.
    pub fn routes(&self) -> &[Arc<ActiveRoute>] {
        &self.routes
    }

    /// Every usable endpoint, with the rule that leads to it.
    pub fn endpoints(&self) -> impl Iterator<Item = (&ActiveRule, &Arc<Endpoint>)> {
        let rules = self
            .routes
            .iter()
            .filter_map(|route| route.rules.as_ref().ok())
            .flatten();
        rules.flat_map(|rule| {
            let targets = rule.steps.iter().flat_map(ActiveStep::targets);
            targets
                .filter_map(|target| target.endpoint.as_ref().ok())
                .map(move |endpoint| (&**rule, endpoint))
        })
    }

    /// The model names that clients can ask for as they stand, sorted; patterns are not among them.
    pub fn model_names(&self) -> Vec<Arc<str>> {
        let claims = self.snapshot.routes.iter().flat_map(|route| &route.models);
        let mut names: Vec<Arc<str>> = claims
            .filter(|claim| claim.owned && !claim.pattern.ends_with('*'))
            .map(|claim| Arc::clone(&claim.pattern))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests;
