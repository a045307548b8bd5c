//! What has been decided of an experiment. A decision stands: what is seen after it was made on other shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::terms::{Arm, Terms};
use super::verdict::{Verdict, Why};
use crate::evidence::Part;

/// What one replica has decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    seen: u64,
    decisions: Decisions,
}

/// What became of each arm that something was decided of, by its name. The first decision of an arm stands.
pub type Decisions = BTreeMap<Arc<str>, Decision>;

/// What became of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// What.
    pub fate: Fate,
}

/// What becomes of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It serves all calls.
    Promoted,
    /// It serves none.
    RolledBack(Why),
    /// The experiment ended without a winner: the control serves all calls.
    Stays,
}

impl Decided {
    /// Takes a verdict down.
    pub fn note(&mut self, verdict: &Verdict, control: &Arc<str>, at: Timestamp) {
        let (arm, fate) = match verdict {
            Verdict::Undecided => return,
            Verdict::Promote(arm) => (arm, Fate::Promoted),
            Verdict::RollBack(arm, why) => (arm, Fate::RolledBack(*why)),
            Verdict::Ended => (control, Fate::Stays),
        };
        if !self.decisions.contains_key(arm) {
            self.seen += 1;
            self.decisions.insert(Arc::clone(arm), Decision { at, fate });
        }
    }
}

/// Who serves after what was decided: the arm that has all calls, if one has. The earliest such decision counts.
pub fn winner(decisions: &Decisions) -> Option<&Arc<str>> {
    let won = decisions.iter().filter(|(_, decision)| match decision.fate {
        Fate::Promoted | Fate::Stays => true,
        Fate::RolledBack(_) => false,
    });
    won.min_by_key(|(_, decision)| **decision).map(|(arm, _)| arm)
}

/// The terms as they are after what was decided: an arm that was rolled back keeps its place, and has no share.
#[must_use]
pub fn remaining(terms: &Terms, decisions: &Decisions) -> Terms {
    let weight = |arm: &Arm| match decisions.get(&arm.name).map(|decision| decision.fate) {
        Some(Fate::RolledBack(_)) => 0,
        Some(Fate::Promoted | Fate::Stays) | None => arm.weight,
    };
    let arms = terms.arms.iter().map(|arm| Arm {
        name: Arc::clone(&arm.name),
        weight: weight(arm),
    });
    Terms {
        arms: arms.collect(),
        ..terms.clone()
    }
}

impl Part for Decided {
    type Sum = Decisions;

    fn version(&self) -> (u64, u32) {
        (self.seen, 0)
    }

    fn add_to(&self, sum: &mut Decisions) {
        for (arm, decision) in &self.decisions {
            let first = sum.entry(Arc::clone(arm)).or_insert(*decision);
            *first = (*first).min(*decision);
        }
    }

    fn merge(&mut self, gone: Self) {
        gone.add_to(&mut self.decisions);
        self.seen = self.seen.saturating_add(gone.seen).saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_first_decision_of_an_arm_stands_in_all_replicas() {
        let [old, new] = ["old", "new"].map(Arc::<str>::from);
        let mut one = Decided::default();
        one.note(&Verdict::Undecided, &old, at(1));
        assert_eq!(one, Decided::default());
        one.note(&Verdict::RollBack(Arc::clone(&new), Why::Errors), &old, at(5));
        one.note(&Verdict::Promote(Arc::clone(&new)), &old, at(6));
        let mut other = Decided::default();
        other.note(&Verdict::Promote(Arc::clone(&new)), &old, at(4));
        let mut sum = Decisions::default();
        one.add_to(&mut sum);
        assert_eq!(sum[&new].fate, Fate::RolledBack(Why::Errors));
        assert_eq!(winner(&sum), None);
        let left = remaining(&Terms::equal("old", "new"), &sum);
        assert_eq!((left.arms[0].weight, left.arms[1].weight), (1, 0));
        other.add_to(&mut sum);
        assert_eq!(winner(&sum), Some(&new));
        assert_eq!(
            remaining(&Terms::equal("old", "new"), &sum),
            Terms::equal("old", "new")
        );
    }

    #[test]
    fn an_end_without_a_winner_is_the_controls() {
        let old = Arc::from("old");
        let mut one = Decided::default();
        one.note(&Verdict::Ended, &old, at(5));
        let mut sum = Decisions::default();
        one.add_to(&mut sum);
        assert_eq!(winner(&sum), Some(&old));
    }
}
