//! Judges and experiments, bound to their providers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{ActiveRule, ActiveStep, ActiveTarget, sole};
use crate::digest::Digest;
use crate::experiment::Terms;
use crate::snapshot::experiment::{Experiment, Judge, Mode, Promote};
use crate::snapshot::{ObjectName, Pick, Provider, Rule, StickyBy, Timeouts};

/// How long a judge may take. Nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A judge, ready.
#[derive(Debug)]
pub struct ActiveJudge {
    /// What tells it from all others: what it spends is counted under this name.
    pub name: Arc<str>,
    /// What is said of it.
    pub spec: Judge,
    /// The rule by which it is asked.
    pub rule: Arc<ActiveRule>,
}

/// An experiment, ready.
#[derive(Debug)]
pub struct ActiveExperiment {
    /// What tells it from all others, and from itself with other arms or another judge.
    pub fingerprint: Arc<str>,
    /// Its arms by name and weight, the control first, and when it ends.
    pub terms: Terms,
    /// A step and a rule for each arm, in the same order.
    pub arms: Vec<ActiveArm>,
    /// What calls have in common that get the same arm.
    pub sticky_by: Option<StickyBy>,
    /// Who serves.
    pub mode: Mode,
    /// Who scores the answers.
    pub judge: Option<Arc<ActiveJudge>>,
    /// Who acts on what is known.
    pub promote: Promote,
}

/// An arm, ready.
#[derive(Debug)]
pub struct ActiveArm {
    /// Its name.
    pub name: Arc<str>,
    /// The step that comes before those of the rule.
    pub step: ActiveStep,
    /// The rule by which it answers behind the client's back.
    pub rule: Arc<ActiveRule>,
}

impl ActiveJudge {
    pub(super) fn build(
        spec: &Judge,
        route: &ObjectName,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Arc<Self> {
        let timeouts = Timeouts {
            total: PATIENCE,
            ..Timeouts::default()
        };
        let rule = sole::spec((&spec.provider, &spec.model), timeouts);
        let provider = spec.provider.to_string();
        let rubric = spec.rubric.as_deref().unwrap_or_default();
        let mode = format!("{:?}", spec.mode);
        Arc::new(Self {
            name: named(route, &["judge", &provider, &spec.model, rubric, &mode]),
            spec: spec.clone(),
            rule: Arc::new(ActiveRule::build(0, &rule, route, &spec.model, providers)),
        })
    }
}

impl ActiveExperiment {
    pub(super) fn build(
        spec: &Experiment,
        rule: &Rule,
        route: &ObjectName,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Arc<Self> {
        let judge = spec.judge.as_ref();
        let judge = judge.map(|judge| ActiveJudge::build(judge, route, providers));
        let arms = spec.terms.arms.iter().zip(&spec.targets).map(|(arm, target)| {
            let model = target.model.clone().unwrap_or_default();
            let behind = sole::spec((&target.provider, &model), rule.timeouts);
            ActiveArm {
                name: Arc::clone(&arm.name),
                step: ActiveStep::Pick {
                    pick: Pick::Weighted,
                    targets: vec![Arc::new(ActiveTarget::build(target, &model, providers))],
                    judge: judge.clone(),
                },
                rule: Arc::new(ActiveRule::build(0, &behind, route, &model, providers)),
            }
        });
        let arms = arms.collect();
        Arc::new(Self {
            fingerprint: fingerprint(spec, route),
            terms: spec.terms.clone(),
            arms,
            sticky_by: spec.sticky_by.clone(),
            mode: spec.mode,
            judge,
            promote: spec.promote,
        })
    }

    /// An arm's place by its name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.arms.iter().position(|arm| &*arm.name == name)
    }
}

/// What one experiment is known by: its route, its arms and how they are judged. Shares of the calls, samples and caps may
/// change while it runs.
fn fingerprint(spec: &Experiment, route: &ObjectName) -> Arc<str> {
    let mut parts = vec!["experiment".to_owned(), format!("{:?}", spec.mode)];
    for (arm, target) in spec.terms.arms.iter().zip(&spec.targets) {
        parts.push(arm.name.to_string());
        parts.push(target.provider.to_string());
        parts.push(target.model.as_deref().unwrap_or_default().to_owned());
    }
    if let Some(judge) = &spec.judge {
        parts.push(judge.model.to_string());
        parts.push(judge.rubric.as_deref().unwrap_or_default().to_owned());
        parts.push(format!("{:?}", judge.mode));
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    named(route, &parts)
}

/// `NAMESPACE/ROUTE/DIGEST`.
fn named(route: &ObjectName, parts: &[&str]) -> Arc<str> {
    const DIGITS: usize = 12;
    let digest = Digest::of(parts.iter().map(|part| part.as_bytes())).to_string();
    format!("{route}/{digest:.DIGITS$}").into()
}
