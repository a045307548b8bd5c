//! What is going to be tried for one call, and in which order: a value.

use std::sync::Arc;

use crate::snapshot::{Endpoint, ObjectName, Pick};
use crate::table::{ActiveRule, ActiveStep, ActiveTarget, RaceTerms};

/// The steps of one call.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The rule that it follows.
    pub rule: Arc<ActiveRule>,
    /// The chain. A step whose targets are all out is not in it.
    pub steps: Vec<PlannedStep>,
    /// Targets that cannot be tried at all, with the reason.
    pub unusable: Vec<(ObjectName, String)>,
    /// All targets were out, so all are tried.
    pub panic: bool,
}

/// One step of the chain.
#[derive(Clone, Debug)]
pub enum PlannedStep {
    /// One after the other.
    Chain(Vec<Lane>),
    /// At once.
    Race {
        /// In starting order.
        lanes: Vec<Lane>,
        /// How the race is run.
        terms: RaceTerms,
    },
}

/// One target with the credentials to try, in order.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The target.
    pub target: Arc<ActiveTarget>,
    /// How to reach it.
    pub endpoint: Arc<Endpoint>,
    /// The model to ask for.
    pub model: Arc<str>,
    /// Which credentials, in order. Never empty.
    pub keys: Vec<KeyChoice>,
}

/// A credential of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyChoice {
    /// None is needed.
    Keyless,
    /// By its place in [`Endpoint::keys`].
    Key(usize),
}

impl KeyChoice {
    /// What names it in the ledger.
    pub fn name(self, endpoint: &Endpoint) -> Option<Arc<str>> {
        match self {
            Self::Keyless => None,
            Self::Key(index) => endpoint.keys.get(index).map(|key| Arc::clone(&key.name)),
        }
    }
}

/// What a plan asks of the state of the world.
pub trait Availability {
    /// Whether a credential may be used for a model now.
    fn admits(&self, provider: &ObjectName, endpoint: &Endpoint, key: KeyChoice, model: &str) -> bool;
}

/// Makes the plan of one call. Targets and credentials that are out are left aside, unless that leaves nothing: then
/// all are tried, as a call that may fail beats one that surely does.
pub fn plan(
    rule: &Arc<ActiveRule>,
    asked: &str,
    availability: &impl Availability,
    rng: &mut fastrand::Rng,
) -> Plan {
    let mut unusable = Vec::new();
    let mut steps = Vec::new();
    for step in &rule.steps {
        let (pick, targets, terms) = match step {
            ActiveStep::Pick { pick, targets } => (Some(*pick), targets, None),
            ActiveStep::Race { targets, terms } => (None, targets, Some(*terms)),
        };
        let ordered = match pick {
            Some(Pick::Weighted) => weighted(targets, |target| target.weight, rng),
            None => targets.iter().collect(),
        };
        let mut lanes = Vec::new();
        for target in ordered {
            match &target.endpoint {
                Ok(endpoint) => lanes.push(lane(target, endpoint, asked, rng)),
                Err(reason) => unusable.push((target.provider.clone(), reason.clone())),
            }
        }
        steps.push(match terms {
            None => PlannedStep::Chain(lanes),
            Some(terms) => PlannedStep::Race { lanes, terms },
        });
    }
    let available = steps.iter().map(|step| step.available(availability)).collect();
    let (available, panic) = match drop_empty(available) {
        available if available.is_empty() => (drop_empty(steps), true),
        available => (available, false),
    };
    let panic = panic && !available.is_empty();
    Plan {
        rule: Arc::clone(rule),
        steps: available,
        unusable,
        panic,
    }
}

fn lane(target: &Arc<ActiveTarget>, endpoint: &Arc<Endpoint>, asked: &str, rng: &mut fastrand::Rng) -> Lane {
    let indices: Vec<usize> = (0..endpoint.keys.len()).collect();
    let weight = |index: &usize| endpoint.keys.get(*index).map_or(0, |key| key.weight);
    let keys = match indices.as_slice() {
        [] => vec![KeyChoice::Keyless],
        [only] => vec![KeyChoice::Key(*only)],
        several => weighted(several, weight, rng)
            .into_iter()
            .map(|index| KeyChoice::Key(*index))
            .collect(),
    };
    Lane {
        target: Arc::clone(target),
        endpoint: Arc::clone(endpoint),
        model: target.model.clone().unwrap_or_else(|| Arc::from(asked)),
        keys,
    }
}

impl PlannedStep {
    /// Its lanes.
    pub fn lanes(&self) -> &[Lane] {
        match self {
            Self::Chain(lanes) | Self::Race { lanes, .. } => lanes,
        }
    }

    fn available(&self, availability: &impl Availability) -> Self {
        let lanes = self
            .lanes()
            .iter()
            .filter_map(|lane| lane.available(availability))
            .collect();
        match self {
            Self::Chain(_) => Self::Chain(lanes),
            Self::Race { terms, .. } => Self::Race { lanes, terms: *terms },
        }
    }
}

impl Lane {
    fn available(&self, availability: &impl Availability) -> Option<Self> {
        let admitted =
            |key: &KeyChoice| availability.admits(&self.target.provider, &self.endpoint, *key, &self.model);
        let keys: Vec<KeyChoice> = self.keys.iter().copied().filter(admitted).collect();
        (!keys.is_empty()).then(|| Self { keys, ..self.clone() })
    }
}

fn drop_empty(steps: Vec<PlannedStep>) -> Vec<PlannedStep> {
    steps
        .into_iter()
        .filter(|step| !step.lanes().is_empty())
        .collect()
}

/// A random order in which each place is drawn by weight; those of weight 0 come last, as they stand.
fn weighted<'i, T>(items: &'i [T], weight: impl Fn(&T) -> u32, rng: &mut fastrand::Rng) -> Vec<&'i T> {
    let (mut drawn_from, rest): (Vec<&T>, Vec<&T>) = items.iter().partition(|item| weight(item) > 0);
    let mut order = Vec::with_capacity(items.len());
    while drawn_from.len() > 1 {
        let total: u64 = drawn_from.iter().map(|item| u64::from(weight(item))).sum();
        let mut ball = rng.u64(0..total);
        let place = drawn_from.iter().position(|item| {
            let weight = u64::from(weight(item));
            let hit = ball < weight;
            ball = ball.saturating_sub(weight);
            hit
        });
        order.push(drawn_from.remove(place.unwrap_or_default()));
    }
    order.extend(drawn_from);
    order.extend(rest);
    order
}

#[cfg(test)]
mod tests;
