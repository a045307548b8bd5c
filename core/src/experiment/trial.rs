//! What one replica has seen of an experiment, and all of them together.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::difference::{Difference, Groups, Side};
use super::terms::Terms;
use crate::evidence::{Mean, Part};

/// What one replica has seen. Nothing fades: an experiment asks about its whole time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Grows with each observation.
    seen: u64,
    /// By the arm's name, so that a change of the terms mixes nothing up.
    arms: BTreeMap<Arc<str>, Seen>,
}

/// Of one arm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    failed: Mean,
    scores: Mean,
    difference: Difference,
    wins: Mean,
}

/// What all replicas have seen of each arm.
pub type Totals = BTreeMap<Arc<str>, Total>;

/// Of one arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// 1 for each call that failed, 0 for the others.
    pub failed: Mean,
    /// The scores, where answers are judged one by one.
    pub scores: Mean,
    /// Against the control, 0.5 is as good as it: halved differences of scores, or wins.
    pub against: Mean,
}

impl Trial {
    /// A call of an arm ended. Failures that are the caller's own are none.
    pub fn called(&mut self, arm: &Arc<str>, failed: bool) {
        self.seen(arm).failed.observe(f64::from(u8::from(failed)));
    }

    /// An answer of an arm got a score in 0..=1.
    pub fn scored(&mut self, terms: &Terms, arm: &Arc<str>, score: f64) {
        let Some(index) = terms.arms.iter().position(|known| known.name == *arm) else {
            return;
        };
        self.seen(arm).scores.observe(score);
        let challengers = terms
            .arms
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, arm)| arm.weight > 0);
        for (challenger, known) in challengers.filter(|(challenger, _)| index == 0 || index == *challenger) {
            let side = if index == 0 {
                Side::Control
            } else {
                Side::Challenger
            };
            let seen = self.arms.entry(Arc::clone(&known.name)).or_default();
            seen.difference
                .observe(side, score, Groups::of(terms, challenger));
        }
    }

    /// An answer of a challenger was compared with the control's to the same request: 1 it won, 0.5 a tie, 0 it lost.
    pub fn compared(&mut self, challenger: &Arc<str>, win: f64) {
        self.seen(challenger).wins.observe(win);
    }

    /// Calls of all arms.
    pub fn calls(&self) -> u64 {
        let calls = self.arms.values().map(|seen| seen.failed.interval(1.0).count);
        calls.sum()
    }

    fn seen(&mut self, arm: &Arc<str>) -> &mut Seen {
        self.seen = self.seen.saturating_add(1);
        self.arms.entry(Arc::clone(arm)).or_default()
    }

    /// What this replica alone has seen.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.add_to(&mut totals);
        totals
    }
}

impl Part for Trial {
    type Sum = Totals;

    fn version(&self) -> (u64, u32) {
        (self.seen, 0)
    }

    fn add_to(&self, sum: &mut Totals) {
        for (arm, seen) in &self.arms {
            let total = sum.entry(Arc::clone(arm)).or_default();
            total.failed = total.failed.plus(seen.failed);
            total.scores = total.scores.plus(seen.scores);
            total.against = total.against.plus(seen.difference.pairs()).plus(seen.wins);
        }
    }

    fn merge(&mut self, gone: Self) {
        self.seen = self.seen.saturating_add(gone.seen);
        for (arm, theirs) in gone.arms {
            let own = self.arms.entry(arm).or_default();
            own.failed = own.failed.plus(theirs.failed);
            own.scores = own.scores.plus(theirs.scores);
            own.wins = own.wins.plus(theirs.wins);
            own.difference.merge(theirs.difference);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Replicas;
    use crate::experiment::Arm;

    #[test]
    fn the_controls_scores_count_against_each_challenger() {
        let mut terms = Terms::equal("a", "b");
        terms.arms.push(Arm {
            name: "c".into(),
            weight: 1,
        });
        let [a, b, c] = ["a", "b", "c"].map(Arc::from);
        let mut trial = Trial::default();
        trial.scored(&terms, &a, 0.5);
        trial.scored(&terms, &b, 1.0);
        trial.scored(&terms, &c, 0.0);
        trial.scored(&terms, &"unknown".into(), 0.0);
        let totals = trial.totals();
        assert_eq!(totals[&b].against.value(), Some(0.75));
        assert_eq!(totals[&c].against.value(), Some(0.25));
        assert_eq!(totals[&a].against.value(), None);
        assert_eq!(totals[&a].scores.value(), Some(0.5));
        assert_eq!(totals.len(), 3);
    }

    #[test]
    fn what_a_replica_leaves_behind_is_taken_in() {
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        let terms = Terms::equal("a", "b");
        let (mut one, mut two) = (Trial::default(), Trial::default());
        // Of one replica scores of the control wait, of the other one those of the challenger.
        (0..5).for_each(|_| one.scored(&terms, &a, 0.5));
        (0..7).for_each(|_| two.scored(&terms, &b, 1.0));
        for trial in [&mut one, &mut two] {
            trial.called(&b, true);
            trial.compared(&b, 0.5);
        }
        let version = one.version().max(two.version());
        one.merge(two);
        let totals = one.totals();
        assert_eq!(totals[&b].failed.value(), Some(1.0));
        assert!((totals[&b].failed.count() - 2.0).abs() < 1e-9);
        // Five pairs and two comparisons.
        assert!((totals[&b].against.count() - 7.0).abs() < 1e-9);
        assert!((totals[&b].against.value().unwrap() - (5.0 * 0.75 + 1.0) / 7.0).abs() < 1e-9);
        assert!(one.version() > version);
        // Two more wait for the control.
        (0..3).for_each(|_| one.scored(&terms, &a, 0.5));
        assert!((one.totals()[&b].against.count() - 9.0).abs() < 1e-9);
    }

    #[test]
    fn replicas_add_up_and_survive_a_restart() {
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        let terms = Terms::equal("a", "b");
        let mut known = Replicas::default();
        for replica in ["one", "two"] {
            let mut trial = Trial::default();
            for n in 0..10 {
                trial.called(&b, n == 0);
                trial.scored(&terms, &a, 0.5);
                trial.scored(&terms, &b, 1.0);
            }
            trial.compared(&b, 0.5);
            let text = serde_json::to_string(&trial).unwrap();
            let back: Trial = serde_json::from_str(&text).unwrap();
            known.learn(replica, &back);
            known.learn(replica, &trial);
        }
        let totals = known.sum();
        assert_eq!(totals[&b].failed.value(), Some(0.1));
        assert!((totals[&b].against.count() - 22.0).abs() < 1e-9);
        assert!((totals[&b].failed.count() - 20.0).abs() < 1e-9);
    }
}
