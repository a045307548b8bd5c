//! What is going to be tried for one call, and in which order: a value.
//!
//! ```text
//! targets of a step ─► lanes ─► affordable ─► fit ─► in health ─► in the order of the pick
//! ```

mod expected;
mod order;
mod sticky;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;

use self::expected::Estimate;
pub use self::expected::{expected_cost, expected_usage};
pub use self::world::{Availability, DEFAULT_OUTPUT, Known, Output, World};
use crate::capability::{Needs, Unfit};
use crate::evidence::best::Reason;
use crate::money::Ticks;
use crate::price::Ratio;
use crate::snapshot::{Endpoint, ObjectName};
use crate::table::{ActiveJudge, ActiveRule, ActiveStep, ActiveTarget, RaceTerms};

/// A call that a plan is made for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The rule that it follows.
    pub rule: &'a Arc<ActiveRule>,
    /// The model that the client asks for.
    pub model: &'a str,
    /// What the request needs.
    pub needs: Needs,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's metadata.
    pub metadata: &'a BTreeMap<String, String>,
    /// When it came: prices have their times.
    pub at: Timestamp,
    /// The score that its class of tasks asks of the best target; `None`: what the step asks.
    pub min_score: Option<Ratio>,
    /// The arm of the rule's experiment that serves it, by its place; `None`: none does.
    pub arm: Option<usize>,
}

/// The steps of one call.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The rule that it follows.
    pub rule: Arc<ActiveRule>,
    /// The chain. A step whose targets are all out is not in it.
    pub steps: Vec<PlannedStep>,
    /// Targets that are not tried, with the reason.
    pub passed_over: Vec<PassedOver>,
    /// All targets were out, so all are tried.
    pub panic: bool,
}

/// A target that is not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The provider key.
    pub provider: ObjectName,
    /// The model that would have been asked for.
    pub model: Arc<str>,
    /// Why.
    pub why: Why,
}

/// Why a target is not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It cannot be reached at all.
    Unusable(String),
    /// It cannot serve the request.
    Unfit(Unfit),
    /// The call is expected to cost more there than the rule allows.
    TooDear(TooDear),
    /// It fails of late, or is at its limits.
    Out,
}

/// What a call is expected to cost, and may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDear {
    /// `None`: nobody has a price, so nobody can say that it is below the limit.
    pub expected: Option<Ticks>,
    /// What it may.
    pub limit: Ticks,
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
    /// What the call is expected to cost here, where the rule asks for it; `None`: it does not, or nobody has a price.
    pub expected: Option<Ticks>,
    /// What it may well cost, where the target's own answers are not known yet.
    least: Option<Ticks>,
    /// Why it stands where it stands, where the best is picked.
    pub standing: Option<Reason>,
    /// The arm of the rule's experiment that it is, by its place.
    pub arm: Option<usize>,
    /// Who scores its answers.
    pub judge: Option<Arc<ActiveJudge>>,
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

/// Makes the plan of one call. What the rule's limit forbids is never tried. Targets that cannot serve the request, or are
/// out, are left aside, unless that leaves nothing: then all are tried, as a call that may fail beats one that surely does.
pub fn plan(wanted: &Wanted<'_>, world: &impl World, rng: &mut fastrand::Rng) -> Plan {
    let mut passed_over = Vec::new();
    let arm = wanted.arm_step().map(|step| (wanted.arm, step));
    let chain = wanted.rule.steps.iter().map(|step| (None, step));
    let mut steps: Vec<Candidates<'_>> = arm
        .into_iter()
        .chain(chain)
        .map(|(arm, step)| Candidates::of((arm, step), wanted, world, rng, &mut passed_over))
        .collect();
    // With one target there is nothing to choose; where nothing fits, the providers may know better.
    if steps.iter().map(|step| step.lanes.len()).sum::<usize>() > 1 {
        narrow(&mut steps, &mut passed_over, |lane| {
            wanted.unfit(lane).map(Why::Unfit)
        });
    }
    let found = steps.iter().any(|step| !step.lanes.is_empty());
    let panic = found
        && narrow(&mut steps, &mut passed_over, |lane| {
            lane.is_out(world).then_some(Why::Out)
        });
    let steps = steps
        .into_iter()
        .filter(|step| !step.lanes.is_empty())
        .map(|step| step.planned(wanted, world, rng))
        .collect();
    Plan {
        rule: Arc::clone(wanted.rule),
        steps,
        passed_over,
        panic,
    }
}

impl<'a> Wanted<'a> {
    /// The step of the arm that serves it.
    fn arm_step(&self) -> Option<&'a ActiveStep> {
        let experiment = self.rule.experiment.as_ref()?;
        experiment.arms.get(self.arm?).map(|arm| &arm.step)
    }

    /// Whether it matters what the call costs at each target.
    fn is_priced(&self, step: &ActiveStep) -> bool {
        self.rule.max_cost.is_some() || step.is_priced()
    }

    fn unfit(&self, lane: &Lane) -> Option<Unfit> {
        let offer = lane.target.offer(&lane.endpoint, &lane.model);
        self.needs.unfit(&offer.capabilities)
    }
}

impl Plan {
    /// Why nothing may be tried, where all that could be was too dear: the least that the call is expected to cost.
    pub fn too_dear(&self) -> Option<TooDear> {
        if !self.steps.is_empty() {
            return None;
        }
        let dear = self.passed_over.iter().filter_map(|passed| match passed.why {
            Why::TooDear(dear) => Some(dear),
            Why::Unusable(_) | Why::Unfit(_) | Why::Out => None,
        });
        dear.min_by_key(|dear| (dear.expected.is_none(), dear.expected))
    }
}

/// A step with the targets that may be tried.
struct Candidates<'a> {
    step: &'a ActiveStep,
    lanes: Vec<Lane>,
}

impl<'a> Candidates<'a> {
    fn of(
        (arm, step): (Option<usize>, &'a ActiveStep),
        wanted: &Wanted<'_>,
        world: &impl World,
        rng: &mut fastrand::Rng,
        passed_over: &mut Vec<PassedOver>,
    ) -> Self {
        let mut lanes = Vec::with_capacity(step.targets().len());
        for target in step.targets() {
            let model = target.model.clone().unwrap_or_else(|| Arc::from(wanted.model));
            let pass = |why| PassedOver {
                provider: target.provider.clone(),
                model: Arc::clone(&model),
                why,
            };
            let endpoint = match &target.endpoint {
                Ok(endpoint) => endpoint,
                Err(reason) => {
                    passed_over.push(pass(Why::Unusable(reason.clone())));
                    continue;
                }
            };
            let estimate = if wanted.is_priced(step) {
                Estimate::of(wanted, target, endpoint, &model, world)
            } else {
                Estimate::default()
            };
            let expected = estimate.expected;
            if let Some(limit) = wanted.rule.max_cost
                && expected.is_none_or(|expected| expected > limit)
            {
                passed_over.push(pass(Why::TooDear(TooDear { expected, limit })));
                continue;
            }
            lanes.push(Lane {
                target: Arc::clone(target),
                endpoint: Arc::clone(endpoint),
                model,
                keys: keys(endpoint, rng),
                expected,
                least: estimate.least,
                standing: None,
                arm,
                judge: step.judge().map(Arc::clone),
            });
        }
        Self { step, lanes }
    }

    fn planned(self, wanted: &Wanted<'_>, world: &impl World, rng: &mut fastrand::Rng) -> PlannedStep {
        match self.step {
            ActiveStep::Pick { pick, .. } => {
                PlannedStep::Chain(order::order(pick, self.lanes, wanted, world, rng))
            }
            ActiveStep::Race { terms, .. } => PlannedStep::Race {
                lanes: self.lanes,
                terms: *terms,
            },
        }
    }
}

/// Takes the lanes out that do not pass, unless none passes: then all stay, and `true` is given.
fn narrow(
    steps: &mut [Candidates<'_>],
    passed_over: &mut Vec<PassedOver>,
    mut judge: impl FnMut(&mut Lane) -> Option<Why>,
) -> bool {
    let verdicts: Vec<Vec<Option<Why>>> = steps
        .iter_mut()
        .map(|step| step.lanes.iter_mut().map(&mut judge).collect())
        .collect();
    if verdicts.iter().flatten().all(Option::is_some) {
        return true;
    }
    for (step, verdicts) in steps.iter_mut().zip(verdicts) {
        let mut verdicts = verdicts.into_iter();
        step.lanes.retain(|lane| {
            let Some(why) = verdicts.next().flatten() else {
                return true;
            };
            passed_over.push(PassedOver {
                provider: lane.target.provider.clone(),
                model: Arc::clone(&lane.model),
                why,
            });
            false
        });
    }
    false
}

/// The credentials of an endpoint, in the order in which they are tried.
fn keys(endpoint: &Endpoint, rng: &mut fastrand::Rng) -> Vec<KeyChoice> {
    match endpoint.keys.len() {
        0 => vec![KeyChoice::Keyless],
        1 => vec![KeyChoice::Key(0)],
        several => {
            let weight = |index: &usize| endpoint.keys.get(*index).map_or(0, |key| key.weight);
            let indices = order::weighted((0..several).collect(), weight, rng);
            indices.into_iter().map(KeyChoice::Key).collect()
        }
    }
}

impl PlannedStep {
    /// Its lanes.
    pub fn lanes(&self) -> &[Lane] {
        match self {
            Self::Chain(lanes) | Self::Race { lanes, .. } => lanes,
        }
    }
}

impl Lane {
    /// Whether none of its credentials may be used now; otherwise those that may are kept.
    fn is_out(&mut self, availability: &impl Availability) -> bool {
        let admitted =
            |key: &KeyChoice| availability.admits(&self.target.provider, &self.endpoint, *key, &self.model);
        let keys: Vec<KeyChoice> = self.keys.iter().copied().filter(admitted).collect();
        if keys.is_empty() {
            return true;
        }
        self.keys = keys;
        false
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
