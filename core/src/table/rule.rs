//! Rules, with their conditions compiled.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ActiveExperiment, ActiveStep, ActiveTasks};
use crate::digest::Digest;
use crate::money::Ticks;
use crate::outcome::FallbackOn;
use crate::snapshot::{ObjectName, Provider, Retry, Rule, SlowStream, Timeouts, Unsupported};
use crate::when::When;

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

impl ActiveRule {
    /// Whether it matters what its calls are expected to cost.
    pub fn is_priced(&self) -> bool {
        self.max_cost.is_some() || self.steps.iter().any(ActiveStep::is_priced)
    }

    pub(super) fn build(
        index: usize,
        rule: &Rule,
        route: &ObjectName,
        label: &Arc<str>,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Self {
        let steps = rule.steps.iter();
        let steps = steps.map(|step| ActiveStep::build(step, route, label, providers));
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

fn answers(rule: &Rule) -> Digest {
    let steps = serde_json::to_vec(&rule.steps).unwrap_or_default();
    let arms = rule.experiment.as_ref().map(|experiment| &experiment.targets);
    let arms = arms.map(|arms| serde_json::to_vec(arms).unwrap_or_default());
    Digest::of(std::iter::once(steps.as_slice()).chain(arms.as_deref()))
}

/// Of two rules with the same condition the second one gets no call, so none is taken for another.
fn mark(when: Option<&str>) -> Arc<str> {
    const DIGITS: usize = 12;
    when.map_or_else(
        || Arc::from("any"),
        |when| Arc::from(format!("{:.DIGITS$}", Digest::of([when.as_bytes()]).to_string())),
    )
}
