//! What is known of an experiment, for people and for other programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::account::{Row, Rows};
use super::decided::{Decision, Decisions, remaining, winner};
use super::trial::Totals;
use super::verdict::{Standing, Verdict, standing, verdict};
use crate::evidence::{Interval, Mean};
use crate::judge::judgements::Judged;
use crate::money::Ticks;
use crate::snapshot::ObjectName;
use crate::snapshot::experiment::{JudgeMode, Mode, Promote};
use crate::table::{ActiveArm, ActiveExperiment, ActiveJudge};

/// An experiment as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `NAMESPACE/NAME` of the route.
    pub route: String,
    /// The rule's place in the route, from 0.
    pub rule: usize,
    /// What tells it from all others.
    pub experiment: Arc<str>,
    /// Who serves.
    pub mode: Mode,
    /// Who acts on what is known.
    pub promote: Promote,
    /// How sure a verdict is to be.
    pub confidence: f64,
    /// What follows from what is known, or followed.
    pub verdict: Verdict,
    /// The arm that has all calls since it was decided.
    pub winner: Option<Arc<str>>,
    /// The arms, the control first.
    pub arms: Vec<ArmReport>,
    /// Who scores the answers.
    pub judge: Option<JudgeReport>,
}

/// An arm as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmReport {
    /// Its name.
    pub name: Arc<str>,
    /// `NAMESPACE/NAME` of its provider key.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Its share of the calls now, relative to the others'.
    pub weight: u32,
    /// What was decided of it.
    pub decision: Option<Decision>,
    /// Of how much better (of 1) than the control it is. `None`: it is the control.
    pub difference: Option<Interval>,
    /// Its share of failed calls.
    pub failed: Interval,
    /// What it came to in all classes together.
    pub all: ClassReport,
    /// And in each, by name; where there is but one, or none, that is all.
    pub classes: BTreeMap<Arc<str>, ClassReport>,
}

/// What an arm came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Its calls, behind the client's back or not.
    pub calls: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How good its answers are, by their scores; where they are compared, its wins against the control.
    pub score: Interval,
    /// What its calls cost on the average, in 1e-10 USD; `None`: nobody knows of any.
    pub cost_per_call: Option<Ticks>,
    /// Milliseconds to the first content, on the average.
    pub first_content_ms: Option<u64>,
}

/// The judge as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeReport {
    /// `NAMESPACE/NAME` of its provider key.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// What it is asked.
    pub mode: JudgeMode,
    /// What is spent, or set aside, of today's money.
    pub spent_today: Ticks,
    /// Today's money.
    pub most_per_day: Ticks,
    /// What became of the judgements.
    pub judgements: BTreeMap<Judged, u64>,
}

/// All that a report is made of, beside the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Of each arm.
    pub totals: Totals,
    /// Of each arm and class.
    pub rows: Rows,
    /// Of each arm that something was decided of.
    pub decisions: Decisions,
    /// What the judge has spent today, and what became of its judgements.
    pub judged: Option<(Ticks, BTreeMap<Judged, u64>)>,
}

impl Report {
    /// Of an experiment of a rule. Bounds are reckoned: too slow for every call.
    pub fn of(route: &ObjectName, rule: usize, experiment: &ActiveExperiment, known: &Known) -> Self {
        let terms = remaining(&experiment.terms, &known.decisions);
        let standings = standing(&experiment.terms, &known.totals);
        let winner = winner(&known.decisions).map(Arc::clone);
        let arms = experiment.arms.iter().zip(&terms.arms).map(|(arm, now)| {
            let serves = winner.as_ref().map(|winner| *winner == arm.name);
            let weight = match serves {
                Some(true) => 1,
                Some(false) => 0,
                None => now.weight,
            };
            ArmReport::of(arm, weight, experiment, known, &standings)
        });
        Self {
            route: route.to_string(),
            rule,
            experiment: Arc::clone(&experiment.fingerprint),
            mode: experiment.mode,
            promote: experiment.promote,
            confidence: experiment.terms.confidence,
            verdict: verdict(&terms, &known.totals),
            arms: arms.collect(),
            winner,
            judge: experiment
                .judge
                .as_ref()
                .map(|judge| JudgeReport::of(judge, known)),
        }
    }
}

impl ArmReport {
    fn of(
        arm: &ActiveArm,
        weight: u32,
        experiment: &ActiveExperiment,
        known: &Known,
        standings: &[Standing],
    ) -> Self {
        let target = arm.step.targets().first();
        let rows: Vec<_> = known
            .rows
            .iter()
            .filter(|((name, _), _)| *name == arm.name)
            .collect();
        let all = rows.iter().fold(Row::default(), |sum, (_, row)| sum.plus(**row));
        let error = 1.0 - experiment.terms.confidence;
        let classes = rows
            .iter()
            .filter(|((_, class), _)| !class.is_empty())
            .map(|((_, class), row)| (Arc::clone(class), ClassReport::of(row, error)));
        let total = known.totals.get(&arm.name).copied().unwrap_or_default();
        let standing = standings.iter().find(|standing| standing.arm == arm.name);
        Self {
            name: Arc::clone(&arm.name),
            provider: target
                .map(|target| target.provider.to_string())
                .unwrap_or_default(),
            model: target
                .and_then(|target| target.model.as_deref().map(str::to_owned))
                .unwrap_or_default(),
            weight,
            decision: known.decisions.get(&arm.name).copied(),
            difference: standing.map(|standing| standing.difference),
            failed: total.failed.interval(error),
            all: ClassReport::of(&all, error),
            classes: classes.collect(),
        }
    }
}

impl ClassReport {
    fn of(row: &Row, error: f64) -> Self {
        let judged: Mean = if row.wins.count() > 0.0 {
            row.wins
        } else {
            row.scores
        };
        let priced = i64::try_from(row.calls.saturating_sub(row.unpriced)).unwrap_or(i64::MAX);
        Self {
            calls: row.calls,
            failed: row.failed,
            score: judged.interval(error),
            cost_per_call: row.cost.get().checked_div(priced).map(Ticks::new),
            first_content_ms: row
                .mean_wait()
                .and_then(|wait| u64::try_from(wait.as_millis()).ok()),
        }
    }
}

impl JudgeReport {
    fn of(judge: &ActiveJudge, known: &Known) -> Self {
        let (spent_today, judgements) = known.judged.clone().unwrap_or_default();
        Self {
            provider: judge.spec.provider.to_string(),
            model: judge.spec.model.to_string(),
            mode: judge.spec.mode,
            spent_today,
            most_per_day: judge.spec.max_cost_per_day,
            judgements,
        }
    }
}
