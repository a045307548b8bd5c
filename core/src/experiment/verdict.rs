//! When enough is known.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::terms::{Arm, Terms};
use super::trial::{Total, Totals};
use crate::evidence::Interval;

/// What follows from what is known. It may be asked for after each call: the bounds hold at all times together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Go on.
    Undecided,
    /// This challenger is better than the control, or not worse than tolerated.
    Promote(Arc<str>),
    /// This challenger has to go.
    RollBack(Arc<str>, Why),
    /// The calls are used up and nothing is proven: the control stays.
    Ended,
}

/// Why a challenger has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// More of its calls fail than the control's, by more than the margin.
    Errors,
    /// Its scores are worse than tolerated, or it loses more often.
    Worse,
}

/// A challenger beside the control, for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Its name.
    pub arm: Arc<str>,
    /// Of how much better (of 1) it is than the control: differences of scores, or wins less losses. It holds at all times
    /// and for all arms together, with the confidence of the terms.
    pub difference: Interval,
    /// Its share of failed calls.
    pub failed: Interval,
}

/// What follows from what is known. An arm that fails goes first, then one that is better is promoted (the best, if
/// there are several), then one that is worse goes.
///
/// Each challenger has an equal part of the chance to err: half of it for a false promotion, a quarter each for the two
/// false rollbacks.
pub fn verdict(terms: &Terms, totals: &Totals) -> Verdict {
    let error = terms.error();
    let total = |arm: &Arm| totals.get(&arm.name).copied().unwrap_or_default();
    let Some(control) = terms.arms.first().map(total) else {
        return Verdict::Undecided;
    };
    let running = || {
        terms
            .arms
            .iter()
            .skip(1)
            .filter(|arm| arm.weight > 0)
            .map(|arm| (arm, total(arm)))
    };
    if let Some((arm, _)) =
        running().find(|(_, total)| fails(total, &control, terms.error_margin, error / 4.0))
    {
        return Verdict::RollBack(Arc::clone(&arm.name), Why::Errors);
    }
    // Of a difference of −tolerance, as `against` has it.
    let least = f64::midpoint(1.0, -terms.tolerance);
    let ready = |total: &Total| calls(total) >= terms.min_calls && calls(&control) >= terms.min_calls;
    let better = running().filter(|(_, total)| ready(total) && total.against.is_above(least, error / 2.0));
    let mean = |total: &Total| total.against.value().unwrap_or_default();
    if let Some((arm, _)) = better.max_by(|left, right| mean(&left.1).total_cmp(&mean(&right.1))) {
        return Verdict::Promote(Arc::clone(&arm.name));
    }
    if let Some((arm, _)) =
        running().find(|(_, total)| ready(total) && total.against.is_below(least, error / 4.0))
    {
        return Verdict::RollBack(Arc::clone(&arm.name), Why::Worse);
    }
    let all = terms.arms.iter().map(|arm| calls(&total(arm))).sum::<u64>();
    if terms.max_calls.is_some_and(|most| all >= most) {
        return Verdict::Ended;
    }
    Verdict::Undecided
}

/// Two intervals here, one per arm: failures are rare and all calls are counted, so pairs would gain little.
fn fails(arm: &Total, control: &Total, margin: f64, error: f64) -> bool {
    let (Some(is), was) = (arm.failed.value(), control.failed.value().unwrap_or_default()) else {
        return false;
    };
    is > was + margin
        && arm
            .failed
            .is_above(control.failed.upper(error / 2.0) + margin, error / 2.0)
}

fn calls(total: &Total) -> u64 {
    total.failed.interval(1.0).count
}

/// How each challenger stands.
pub fn standing(terms: &Terms, totals: &Totals) -> Vec<Standing> {
    let error = terms.error();
    let of = |arm: &Arm| {
        let total = totals.get(&arm.name).copied().unwrap_or_default();
        let halved = total.against.interval(error);
        let whole = |halved: f64| 2.0 * halved - 1.0;
        Standing {
            arm: Arc::clone(&arm.name),
            difference: Interval {
                count: halved.count,
                mean: halved.mean.map(whole),
                lower: whole(halved.lower),
                upper: whole(halved.upper),
            },
            failed: total.failed.interval(error),
        }
    };
    terms.arms.iter().skip(1).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Trial;

    struct Case {
        terms: Terms,
        trial: Trial,
    }

    impl Case {
        fn new() -> Self {
            Self {
                terms: Terms::equal("old", "new"),
                trial: Trial::default(),
            }
        }

        fn calls(mut self, arm: &str, count: u32, failed: u32, score: f64) -> Self {
            let arm = Arc::from(arm);
            for n in 0..count {
                self.trial.called(&arm, n < failed);
                self.trial.scored(&self.terms, &arm, score);
            }
            self
        }

        fn verdict(&self) -> Verdict {
            verdict(&self.terms, &self.trial.totals())
        }
    }

    fn back(why: Why) -> Verdict {
        Verdict::RollBack("new".into(), why)
    }

    #[test]
    fn a_better_arm_is_promoted_and_a_worse_one_goes() {
        let case = |old, new| {
            Case::new()
                .calls("old", 100, 0, old)
                .calls("new", 100, 0, new)
                .verdict()
        };
        assert_eq!(case(0.6, 0.8), Verdict::Promote("new".into()));
        assert_eq!(case(0.8, 0.6), back(Why::Worse));
        assert_eq!(case(0.7, 0.7), Verdict::Undecided);
        assert_eq!(Case::new().verdict(), Verdict::Undecided);
    }

    #[test]
    fn wins_count_likewise() {
        let mut case = Case::new();
        for n in 0..100 {
            case.trial
                .compared(&"new".into(), if n % 4 == 0 { 0.5 } else { 1.0 });
        }
        assert_eq!(case.verdict(), Verdict::Promote("new".into()));
        let standing = standing(&case.terms, &case.trial.totals());
        assert_eq!(standing[0].difference.mean, Some(0.75));
        assert!(standing[0].difference.lower > 0.0 && standing[0].difference.upper <= 1.0);
    }

    #[test]
    fn an_arm_that_fails_goes_though_its_answers_are_better() {
        let case = |failed| {
            Case::new()
                .calls("old", 200, 2, 0.6)
                .calls("new", 200, failed, 0.9)
                .verdict()
        };
        assert_eq!(case(60), back(Why::Errors));
        assert_eq!(case(3), Verdict::Promote("new".into()));
        let mut lenient = Case::new().calls("old", 200, 2, 0.6).calls("new", 200, 60, 0.6);
        lenient.terms.error_margin = 0.5;
        assert_eq!(lenient.verdict(), Verdict::Undecided);
    }

    #[test]
    fn a_cheaper_arm_may_be_a_little_worse() {
        let mut case = Case::new().calls("old", 200, 0, 0.8).calls("new", 200, 0, 0.79);
        assert_eq!(case.verdict(), Verdict::Undecided);
        case.terms.tolerance = 0.1;
        assert_eq!(case.verdict(), Verdict::Promote("new".into()));
    }

    #[test]
    fn waits_for_the_least_calls_and_ends_at_the_most() {
        let mut case = Case::new().calls("old", 100, 0, 0.6).calls("new", 100, 0, 0.8);
        case.terms.min_calls = 101;
        assert_eq!(case.verdict(), Verdict::Undecided);
        case.terms.max_calls = Some(200);
        assert_eq!(case.verdict(), Verdict::Ended);
        case.terms.min_calls = 100;
        assert_eq!(case.verdict(), Verdict::Promote("new".into()));
    }

    #[test]
    fn the_best_of_several_is_promoted_and_one_without_weight_is_left_alone() {
        let mut case = Case::new();
        case.terms.arms.push(Arm {
            name: "newer".into(),
            weight: 1,
        });
        let case = case
            .calls("old", 200, 0, 0.5)
            .calls("new", 200, 0, 0.8)
            .calls("newer", 200, 0, 0.9);
        assert_eq!(case.verdict(), Verdict::Promote("newer".into()));
        let mut without = case;
        without.terms.arms[2].weight = 0;
        assert_eq!(without.verdict(), Verdict::Promote("new".into()));
        without.terms.arms[1].weight = 0;
        assert_eq!(without.verdict(), Verdict::Undecided);
    }
}
