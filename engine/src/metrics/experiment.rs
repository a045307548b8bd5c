//! What is counted of experiments and judges.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use wayleave_core::evidence::Interval;
use wayleave_core::experiment::decided::Fate;
use wayleave_core::experiment::report::{ArmReport, Report};
use wayleave_core::judge::judgements::Judged;

use super::Label;

type Share = Gauge<f64, std::sync::atomic::AtomicU64>;

/// The metrics of experiments and judges. Routes and arms come from the configuration.
#[derive(Debug, Default)]
pub(crate) struct ExperimentMetrics {
    calls: Family<ArmCallLabels, Counter>,
    judgements: Family<JudgedLabels, Counter>,
    behind: Gauge,
    score: Family<BoundLabels, Share>,
    difference: Family<BoundLabels, Share>,
    decided: Family<FateLabels, Gauge>,
    budget_left: Family<RouteLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ArmCallLabels {
    route: Label,
    arm: Label,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JudgedLabels {
    route: Label,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BoundLabels {
    route: Label,
    arm: Label,
    bound: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FateLabels {
    route: Label,
    arm: Label,
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Label,
}

impl ExperimentMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "experiment_calls",
            "Calls of the arms of experiments, served or behind the client's back",
            self.calls.clone(),
        );
        own.register(
            "judgements",
            "Answers that were to be judged, by what became of it",
            self.judgements.clone(),
        );
        own.register(
            "behind",
            "Answers that wait to be judged, or are",
            self.behind.clone(),
        );
        own.register(
            "experiment_score",
            "How good an arm's answers are (0 to 1), with the bounds that hold at all times",
            self.score.clone(),
        );
        own.register(
            "experiment_difference",
            "How much better than the control an arm is (-1 to 1), with the bounds that hold at all times",
            self.difference.clone(),
        );
        own.register(
            "experiment_decided",
            "1 for what was decided of an arm",
            self.decided.clone(),
        );
        own.register(
            "judge_budget_left_ticks",
            "What a route's judges may still spend today, in 1e-10 USD",
            self.budget_left.clone(),
        );
    }

    pub(crate) fn called(&self, route: &Label, arm: &Label, failed: bool) {
        // Both are there from the first call on, so that a share of them is a number.
        for (result, count) in [("failed", u64::from(failed)), ("ok", u64::from(!failed))] {
            let (route, arm) = (route.clone(), arm.clone());
            self.calls
                .get_or_create(&ArmCallLabels { route, arm, result })
                .inc_by(count);
        }
    }

    pub(crate) fn judged(&self, route: Label, judged: Judged) {
        let result = judged.as_str();
        self.judgements
            .get_or_create(&JudgedLabels { route, result })
            .inc();
    }

    /// So many answers more are judged, or wait for it.
    pub(crate) fn behind(&self, change: i64) {
        self.behind.inc_by(change);
    }

    /// Takes over what is known. Experiments that are no more are forgotten.
    pub(crate) fn measure<'a>(&self, reports: impl IntoIterator<Item = &'a Report>) {
        self.score.clear();
        self.difference.clear();
        self.decided.clear();
        self.budget_left.clear();
        for report in reports {
            let route = Label(report.route.as_str().into());
            for arm in &report.arms {
                self.measure_arm(&route, arm);
            }
            if let Some(judge) = &report.judge {
                let left = judge.most_per_day.get().saturating_sub(judge.spent_today.get());
                let labels = RouteLabels { route };
                self.budget_left.get_or_create(&labels).set(left.max(0));
            }
        }
    }

    fn measure_arm(&self, route: &Label, report: &ArmReport) {
        let arm = Label(report.name.clone());
        let set = |family: &Family<BoundLabels, Share>, interval: &Interval| {
            let Some(mean) = interval.mean else { return };
            for (bound, value) in [
                ("lower", interval.lower),
                ("mean", mean),
                ("upper", interval.upper),
            ] {
                let (route, arm) = (route.clone(), arm.clone());
                family
                    .get_or_create(&BoundLabels { route, arm, bound })
                    .set(value);
            }
        };
        set(&self.score, &report.all.score);
        if let Some(difference) = &report.difference {
            set(&self.difference, difference);
        }
        if let Some(decision) = report.decision {
            let verdict = match decision.fate {
                Fate::Promoted => "promoted",
                Fate::RolledBack(_) => "rolled_back",
                Fate::Stays => "ended",
            };
            let (route, arm) = (route.clone(), arm);
            self.decided
                .get_or_create(&FateLabels { route, arm, verdict })
                .set(1);
        }
    }
}
