//! A snapshot made ready to serve: names indexed, conditions compiled, targets bound to their providers.

mod cache;
mod experiment;
mod offer;
mod sole;
mod tasks;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use self::cache::ActiveCache;
pub use self::experiment::{ActiveArm, ActiveExperiment, ActiveJudge};
pub use self::offer::Offer;
pub use self::tasks::{ActiveAsked, ActiveClass, ActiveClassifier, ActiveTasks};
use crate::digest::Digest;
use crate::evidence::best::Optimise;
use crate::money::Ticks;
use crate::outcome::FallbackOn;
use crate::refusal::Refusal;
use crate::snapshot::{
    Accept, Access, Endpoint, Losers, ModelClaim, ObjectName, Pick, Provider, Retry, Route, RouteRules, Rule,
    SlowStream, Snapshot, Step, Target, Timeouts, Unsupported,
};
use crate::when::When;

/// Everything a request is routed by. Built once per configuration, read by all calls.
#[derive(Debug, Default)]
pub struct Table {
    snapshot: Snapshot,
    routes: Vec<Arc<ActiveRoute>>,
    owned: NameIndex,
    by_namespace: HashMap<Arc<str>, NameIndex>,
}

/// A route, ready.
#[derive(Debug)]
pub struct ActiveRoute {
    /// The object it comes from.
    pub name: ObjectName,
    /// Its rules, or why it has none.
    pub rules: Result<Vec<Arc<ActiveRule>>, String>,
    /// The cache of its answers.
    pub cache: Option<Arc<ActiveCache>>,
}

/// A rule, ready.
#[derive(Debug)]
pub struct ActiveRule {
    /// Its place in the route, from 0.
    pub index: usize,
    /// Which calls it is for, in short, however rules are moved about or get other targets: what is learned of its
    /// calls is kept under this name.
    pub mark: Arc<str>,
    /// Its condition; `Err`: one that does not compile, and therefore never matches.
    pub when: Option<Result<When, String>>,
    /// Names what its answers depend on: another chain gives other answers.
    pub answers: Digest,
    /// Models that are compared on its calls.
    pub experiment: Option<Arc<ActiveExperiment>>,
    /// The chain.
    pub steps: Vec<ActiveStep>,
    /// Which failures move on.
    pub fallback_on: FallbackOn,
    /// Further tries.
    pub retry: Retry,
    /// Clocks.
    pub timeouts: Timeouts,
    /// When a stream counts as too slow.
    pub slow_stream: Option<SlowStream>,
    /// What becomes of what a target's API has no word for.
    pub unsupported: Unsupported,
    /// What a call may be expected to cost at a target.
    pub max_cost: Option<Ticks>,
    /// What its calls ask for; `None`: they have no class.
    pub tasks: Option<ActiveTasks>,
}

/// A step, ready.
#[derive(Debug)]
pub enum ActiveStep {
    /// One target serves.
    Pick {
        /// How the first is chosen.
        pick: Pick,
        /// The candidates.
        targets: Vec<Arc<ActiveTarget>>,
        /// Who scores their answers.
        judge: Option<Arc<ActiveJudge>>,
    },
    /// Several run at once.
    Race {
        /// The lanes.
        targets: Vec<Arc<ActiveTarget>>,
        /// How the race is run.
        terms: RaceTerms,
    },
}

impl ActiveStep {
    /// Whether its targets are ordered by what a call is expected to cost.
    pub fn is_priced(&self) -> bool {
        match self {
            Self::Pick { pick, .. } => match pick {
                Pick::Cheapest => true,
                Pick::Best(best) => best.optimise == Optimise::Cost,
                Pick::Weighted | Pick::Sticky(_) | Pick::Fastest { .. } | Pick::LeastBusy => false,
            },
            Self::Race { .. } => false,
        }
    }

    /// Who scores the answers of its targets.
    pub fn judge(&self) -> Option<&Arc<ActiveJudge>> {
        match self {
            Self::Pick { judge, .. } => judge.as_ref(),
            Self::Race { .. } => None,
        }
    }

    /// Its targets.
    pub fn targets(&self) -> &[Arc<ActiveTarget>] {
        match self {
            Self::Pick { targets, .. } | Self::Race { targets, .. } => targets,
        }
    }
}

/// How a race is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RaceTerms {
    /// How long a lane waits for the one before it.
    pub stagger: std::time::Duration,
    /// What makes an answer acceptable.
    pub accept: Accept,
    /// What happens to the losers.
    pub losers: Losers,
}

/// A target, bound to its provider.
#[derive(Debug)]
pub struct ActiveTarget {
    /// The provider key.
    pub provider: ObjectName,
    /// How to reach it, or why it cannot be used.
    pub endpoint: Result<Arc<Endpoint>, String>,
    /// The model to ask for; `None`: the client's.
    pub model: Option<Arc<str>>,
    /// A bounded name of the model for metrics: the model, or the route's first pattern where the client chooses.
    pub label: Arc<str>,
    /// What its model offers; `None`: the client names the model, or there is no way to the provider.
    offer: Option<Offer>,
    /// Its share of a weighted pick.
    pub weight: u32,
}

#[derive(Debug, Default)]
struct NameIndex {
    exact: HashMap<Arc<str>, usize>,
    /// Longest first, then in order of precedence.
    prefixes: Vec<(Arc<str>, usize)>,
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

fn answers(rule: &Rule) -> Digest {
    let steps = serde_json::to_vec(&rule.steps).unwrap_or_default();
    let arms = rule.experiment.as_ref().map(|experiment| &experiment.targets);
    let arms = arms.map(|arms| serde_json::to_vec(arms).unwrap_or_default());
    Digest::of(std::iter::once(steps.as_slice()).chain(arms.as_deref()))
}

/// How to reach a provider, or why it cannot be used.
fn endpoint(
    name: &ObjectName,
    providers: &BTreeMap<&ObjectName, &Provider>,
) -> Result<Arc<Endpoint>, String> {
    match providers.get(name).map(|provider| &provider.access) {
        Some(Access::Ready(endpoint)) => Ok(Arc::clone(endpoint)),
        Some(Access::Broken(reason)) => Err(format!("ProviderKey {name} is broken: {reason}")),
        None => Err(format!("there is no ProviderKey {name}")),
    }
}

impl NameIndex {
    /// The first claim of a name stands: routes come in order of precedence.
    fn claim(&mut self, claim: &ModelClaim, route: usize) {
        match claim.pattern.strip_suffix('*') {
            Some(prefix) => self.prefixes.push((prefix.into(), route)),
            None => {
                self.exact.entry(Arc::clone(&claim.pattern)).or_insert(route);
            }
        }
    }

    fn sort(&mut self) {
        self.prefixes
            .sort_by_key(|(prefix, route)| (std::cmp::Reverse(prefix.len()), *route));
    }

    fn find_exact(&self, name: &str) -> Option<usize> {
        self.exact.get(name).copied()
    }

    fn find(&self, name: &str) -> Option<usize> {
        let by_prefix = || {
            self.prefixes
                .iter()
                .find(|(prefix, _)| name.starts_with(&**prefix))
        };
        self.find_exact(name)
            .or_else(|| by_prefix().map(|(_, route)| *route))
    }
}

impl ActiveRoute {
    fn build(
        route: &Route,
        cache: Option<Arc<ActiveCache>>,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Self {
        let label = route
            .models
            .first()
            .map_or_else(|| Arc::from("none"), |claim| Arc::clone(&claim.pattern));
        let rules = match &route.rules {
            RouteRules::Broken(reason) => Err(reason.clone()),
            RouteRules::Rules(rules) => Ok(rules
                .iter()
                .enumerate()
                .map(|(index, rule)| Arc::new(ActiveRule::build(index, rule, &route.name, &label, providers)))
                .collect()),
        };
        Self {
            name: route.name.clone(),
            rules,
            cache,
        }
    }
}

impl ActiveRule {
    /// Whether it matters what its calls are expected to cost.
    pub fn is_priced(&self) -> bool {
        self.max_cost.is_some() || self.steps.iter().any(ActiveStep::is_priced)
    }

    fn build(
        index: usize,
        rule: &Rule,
        route: &ObjectName,
        label: &Arc<str>,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Self {
        let bind = |targets: &[Target]| -> Vec<Arc<ActiveTarget>> {
            targets
                .iter()
                .map(|target| Arc::new(ActiveTarget::build(target, label, providers)))
                .collect()
        };
        let steps = rule.steps.iter().map(|step| match step {
            Step::Pick { pick, targets } => ActiveStep::Pick {
                pick: pick.clone(),
                targets: bind(targets),
                judge: pick
                    .judge()
                    .map(|judge| ActiveJudge::build(judge, route, providers)),
            },
            Step::Race {
                targets,
                stagger,
                accept,
                losers,
            } => ActiveStep::Race {
                targets: bind(targets),
                terms: RaceTerms {
                    stagger: *stagger,
                    accept: *accept,
                    losers: *losers,
                },
            },
        });
        Self {
            index,
            mark: mark(rule.when.as_deref()),
            when: rule
                .when
                .as_deref()
                .map(|source| When::parse(source).map_err(|error| error.to_string())),
            answers: answers(rule),
            experiment: rule
                .experiment
                .as_ref()
                .map(|spec| ActiveExperiment::build(spec, rule, route, providers)),
            steps: steps.collect(),
            fallback_on: rule.fallback_on,
            retry: rule.retry,
            timeouts: rule.timeouts,
            slow_stream: rule.slow_stream,
            unsupported: rule.unsupported,
            max_cost: rule.max_cost,
            tasks: rule
                .tasks
                .as_ref()
                .map(|tasks| ActiveTasks::build(tasks, providers)),
        }
    }
}

/// Of two rules with the same condition the second one gets no call, so none is taken for another.
fn mark(when: Option<&str>) -> Arc<str> {
    const DIGITS: usize = 12;
    when.map_or_else(
        || Arc::from("any"),
        |when| Arc::from(format!("{:.DIGITS$}", Digest::of([when.as_bytes()]).to_string())),
    )
}

impl ActiveTarget {
    /// What a model that is asked for here offers.
    pub fn offer(&self, endpoint: &Endpoint, model: &str) -> Cow<'_, Offer> {
        match &self.offer {
            Some(offer) => Cow::Borrowed(offer),
            None => Cow::Owned(Offer::of(endpoint, model)),
        }
    }

    fn build(target: &Target, label: &Arc<str>, providers: &BTreeMap<&ObjectName, &Provider>) -> Self {
        let endpoint = endpoint(&target.provider, providers);
        let named = endpoint.as_ref().ok().zip(target.model.as_deref());
        Self {
            provider: target.provider.clone(),
            offer: named.map(|(endpoint, model)| Offer::of(endpoint, model)),
            endpoint,
            model: target.model.clone(),
            label: target.model.clone().unwrap_or_else(|| Arc::clone(label)),
            weight: target.weight,
        }
    }
}

#[cfg(test)]
mod tests;
