//! The difference of two arms' scores.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::terms::Terms;
use crate::evidence::Mean;

/// The most scores that wait for one of the other arm. Of arms with equal weights the root of their number waits.
const MOST_WAITING: usize = 128;
/// The most scores that make one group.
const LARGEST_GROUP: u32 = 32;

/// Which arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// The one that serves today.
    Control,
    /// The one that is tried.
    Challenger,
}

/// Scores of two arms in pairs, the first with the first: what is bounded is the mean of `(1 + challenger − control) / 2`,
/// above 0.5 if the challenger is better. Two intervals, one per arm, would need twice the calls for the same decision.
///
/// Where weights differ, the arm that has more brings the mean of a group of scores into each pair: as many as it has for
/// one of the other. Pairs are made by the order of arrival, never by the scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pairs: Mean,
    control: Group,
    challenger: Group,
    /// Means of groups that wait, all of one side.
    waiting: VecDeque<f32>,
    /// Whose they are.
    whose: Option<Side>,
}

/// Scores on the way to a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Group {
    count: u32,
    sum: f64,
}

/// How many scores make a group of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    control: u32,
    challenger: u32,
}

impl Group {
    /// One that becomes larger than others is a mean all the same.
    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum += other.sum;
    }
}

impl Groups {
    /// By the weights of both.
    pub fn by_weight(control: u32, challenger: u32) -> Self {
        let times = |many: u32, few: u32| {
            let rounded = many.saturating_add(few / 2).checked_div(few).unwrap_or(1);
            rounded.clamp(1, LARGEST_GROUP)
        };
        Self {
            control: times(control, challenger),
            challenger: times(challenger, control),
        }
    }

    /// Of a challenger in an experiment.
    pub(super) fn of(terms: &Terms, challenger: usize) -> Self {
        let weight = |index: usize| terms.arms.get(index).map_or(1, |arm| arm.weight);
        Self::by_weight(weight(0), weight(challenger))
    }
}

impl Difference {
    /// Adds a score in 0..=1 of one side.
    pub fn observe(&mut self, side: Side, score: f64, groups: Groups) {
        if score.is_nan() {
            return;
        }
        let (group, size) = match side {
            Side::Control => (&mut self.control, groups.control),
            Side::Challenger => (&mut self.challenger, groups.challenger),
        };
        group.count += 1;
        group.sum += score.clamp(0.0, 1.0);
        if group.count >= size {
            let mean = group.sum / f64::from(group.count);
            *group = Group::default();
            self.pair(side, mean);
        }
    }

    /// Takes in what another one has: what waits there finds what waits here.
    pub(super) fn merge(&mut self, other: Self) {
        self.pairs = self.pairs.plus(other.pairs);
        self.control.merge(other.control);
        self.challenger.merge(other.challenger);
        if let Some(side) = other.whose {
            for mean in other.waiting {
                self.pair(side, f64::from(mean));
            }
        }
    }

    fn pair(&mut self, side: Side, mean: f64) {
        if self.whose.is_some_and(|whose| whose != side)
            && let Some(other) = self.waiting.pop_front()
        {
            let difference = match side {
                Side::Control => f64::from(other) - mean,
                Side::Challenger => mean - f64::from(other),
            };
            self.pairs.observe(f64::midpoint(1.0, difference));
            return;
        }
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.whose = Some(side);
        self.waiting.push_back(rounded(mean));
    }

    /// The pairs.
    pub const fn pairs(&self) -> Mean {
        self.pairs
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven digits of a score do")]
const fn rounded(mean: f64) -> f32 {
    mean as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQUAL: Groups = Groups {
        control: 1,
        challenger: 1,
    };

    #[test]
    fn pairs_in_the_order_of_arrival() {
        let mut difference = Difference::default();
        for (side, score) in [
            (Side::Control, 0.5),
            (Side::Control, 0.0),
            (Side::Challenger, 1.0),
            (Side::Challenger, 1.0),
            (Side::Challenger, 0.25),
            (Side::Challenger, f64::NAN),
            (Side::Control, 0.75),
        ] {
            difference.observe(side, score, EQUAL);
        }
        let pairs = difference.pairs();
        assert!((pairs.count() - 3.0).abs() < 1e-9);
        // 0.5, 1 and −0.5, of which the mean is a third.
        assert!((pairs.value().unwrap() * 2.0 - 1.0 - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn an_arm_with_more_calls_brings_groups() {
        let groups = Groups::by_weight(90, 10);
        assert_eq!((groups.control, groups.challenger), (9, 1));
        assert_eq!(
            Groups::by_weight(1, 5000),
            Groups {
                control: 1,
                challenger: 32
            }
        );
        assert_eq!(
            Groups::by_weight(0, 7),
            Groups {
                control: 1,
                challenger: 1
            }
        );
        assert_eq!(Groups::by_weight(50, 50), EQUAL);
        let mut difference = Difference::default();
        (0..9).for_each(|n| difference.observe(Side::Control, f64::from(n) / 8.0, groups));
        assert!(difference.pairs().count() < 0.5);
        difference.observe(Side::Challenger, 1.0, groups);
        assert!((difference.pairs().value().unwrap() - 0.75).abs() < 1e-6);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut difference = Difference::default();
        (0..10_000).for_each(|_| difference.observe(Side::Control, 0.5, EQUAL));
        assert_eq!(difference.waiting.len(), MOST_WAITING);
        (0..200).for_each(|_| difference.observe(Side::Challenger, 0.5, EQUAL));
        assert!((difference.pairs().count() - 128.0).abs() < 1e-9);
    }

    #[test]
    fn survives_a_restart() {
        let mut difference = Difference::default();
        difference.observe(Side::Control, 0.3, EQUAL);
        let text = serde_json::to_string(&difference).unwrap();
        assert_eq!(serde_json::from_str::<Difference>(&text).unwrap(), difference);
    }
}
