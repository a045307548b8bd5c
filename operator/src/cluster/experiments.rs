//! What the status of a route says of its experiments. Pure.

use wayleave_api::condition::Status;
use wayleave_api::experiment::status::{ArmStatus, ClassStatus, DecisionStatus, Estimate, ExperimentStatus};
use wayleave_core::evidence::Interval;
use wayleave_core::experiment::Why;
use wayleave_core::experiment::decided::{Decision, Fate};
use wayleave_core::experiment::report::{ArmReport, ClassReport, Report};
use wayleave_core::experiment::sentence::second;
use wayleave_core::experiment::told::{MOST_CLASSES, MOST_OF_A_ROUTE};

/// What the schema bounds.
const MOST_ARMS: usize = 4;
const MOST_MESSAGE: usize = 1_024;
const MOST_ID: usize = 512;
const MOST_NAME: usize = 63;
const MOST_CLASS_NAME: usize = 253;

/// What is said of the experiments of a route that has some. While no data plane tells of them, such as after a start of
/// the operator, what was said stays.
pub(super) fn said(told: &[Report], earlier: Option<&Status>) -> Vec<ExperimentStatus> {
    if told.is_empty() {
        return earlier
            .map(|status| status.experiments.clone())
            .unwrap_or_default();
    }
    told.iter().take(MOST_OF_A_ROUTE).map(experiment).collect()
}

/// Whether two say the same but for figures, which change with every call.
pub(super) fn differ_in_figures_only(one: &[ExperimentStatus], other: &[ExperimentStatus]) -> bool {
    let decided = |arm: &ArmStatus| (arm.name.clone(), arm.decision.clone());
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            (one.rule, &one.id) == (other.rule, &other.id)
                && one.arms.iter().map(decided).eq(other.arms.iter().map(decided))
        })
}

fn experiment(report: &Report) -> ExperimentStatus {
    ExperimentStatus {
        rule: i32::try_from(report.rule).unwrap_or(i32::MAX),
        id: clipped(&report.experiment, MOST_ID),
        verdict: report.stage().as_str().to_owned(),
        message: clipped(&report.sentence(), MOST_MESSAGE),
        arms: report.arms.iter().take(MOST_ARMS).map(arm).collect(),
    }
}

fn arm(report: &ArmReport) -> ArmStatus {
    let classes = report.classes.iter().take(MOST_CLASSES);
    ArmStatus {
        name: clipped(&report.name, MOST_NAME),
        calls: count(report.all.calls),
        failed: count(report.all.failed),
        score: estimate(report.all.score),
        difference: report.difference.and_then(estimate),
        decision: report.decision.map(decision),
        classes: classes.map(|(name, row)| class(name, row)).collect(),
    }
}

fn class(name: &str, row: &ClassReport) -> ClassStatus {
    ClassStatus {
        name: clipped(name, MOST_CLASS_NAME),
        calls: count(row.calls),
        failed: count(row.failed),
        score: estimate(row.score),
    }
}

fn decision(decision: Decision) -> DecisionStatus {
    let fate = match decision.fate {
        Fate::Promoted => "Promoted",
        Fate::RolledBack(Why::Errors) => "RolledBackErrors",
        Fate::RolledBack(Why::Worse) => "RolledBackWorse",
        Fate::Stays => "Stays",
    };
    DecisionStatus {
        at: second(decision.at).to_string(),
        fate: fate.to_owned(),
    }
}

/// `None`: nothing was seen, and the bounds are those of what can be.
fn estimate(interval: Interval) -> Option<Estimate> {
    Some(Estimate {
        mean: decimal(interval.mean?),
        lower: decimal(interval.lower),
        upper: decimal(interval.upper),
    })
}

/// With 3 decimals, and without the sign of a zero.
fn decimal(value: f64) -> String {
    let thousandths = (value.clamp(-1.0, 1.0) * 1e3).round() + 0.0;
    format!("{:.3}", thousandths / 1e3)
}

fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn clipped(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests;
