//! What each arm came to, per class of tasks: for people. Verdicts go by [`Trial`](super::Trial).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::{Mean, Part};
use crate::money::Ticks;

/// Classes of tasks that are told apart; the calls of further ones count under no class.
const MOST_CLASSES: usize = 16;

/// What one replica has seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    seen: u64,
    rows: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Row>>,
}

/// One arm in one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its calls, made behind the client's back or not.
    pub calls: u64,
    /// Those of them that failed by its fault.
    pub failed: u64,
    /// What they cost, as far as that is known.
    pub cost: Ticks,
    /// Those whose cost nobody knows.
    pub unpriced: u64,
    /// Milliseconds of the answered ones to their first content, together.
    pub waited_ms: u64,
    /// How good its answers were, where they were judged one by one.
    pub scores: Mean,
    /// Its wins against the control, a tie being half of one, where answers were compared.
    pub wins: Mean,
}

/// One call of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Whether it failed, by the provider's fault.
    pub failed: bool,
    /// What it cost.
    pub cost: Option<Ticks>,
    /// Until its first content.
    pub first_content: Option<Duration>,
}

/// All replicas' rows by arm and class; `""` is no class.
pub type Rows = BTreeMap<(Arc<str>, Arc<str>), Row>;

impl Account {
    /// A call of an arm ended.
    pub fn called(&mut self, arm: &Arc<str>, class: Option<&Arc<str>>, course: Course) {
        let row = self.row(arm, class);
        row.calls += 1;
        row.failed += u64::from(course.failed);
        match course.cost {
            Some(cost) => row.cost += cost,
            None => row.unpriced += 1,
        }
        let waited = course.first_content.map_or(0, |waited| waited.as_millis());
        row.waited_ms = row
            .waited_ms
            .saturating_add(u64::try_from(waited).unwrap_or(u64::MAX));
    }

    /// An answer of an arm got a score in 0..=1.
    pub fn scored(&mut self, arm: &Arc<str>, class: Option<&Arc<str>>, score: f64) {
        self.row(arm, class).scores.observe(score);
    }

    /// An answer of an arm was compared with the control's: 1 it won, 0.5 a tie, 0 it lost.
    pub fn compared(&mut self, arm: &Arc<str>, class: Option<&Arc<str>>, win: f64) {
        self.row(arm, class).wins.observe(win);
    }

    fn row(&mut self, arm: &Arc<str>, class: Option<&Arc<str>>) -> &mut Row {
        self.seen = self.seen.saturating_add(1);
        let classes = self.rows.entry(Arc::clone(arm)).or_default();
        let class = class.map_or_else(|| Arc::from(""), Arc::clone);
        let known = classes.len() < MOST_CLASSES || classes.contains_key(&class);
        classes
            .entry(if known { class } else { Arc::from("") })
            .or_default()
    }
}

impl Row {
    /// Of two replicas.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            failed: self.failed + other.failed,
            cost: self.cost + other.cost,
            unpriced: self.unpriced + other.unpriced,
            waited_ms: self.waited_ms.saturating_add(other.waited_ms),
            scores: self.scores.plus(other.scores),
            wins: self.wins.plus(other.wins),
        }
    }

    /// The mean time of its answered calls to their first content.
    pub fn mean_wait(&self) -> Option<Duration> {
        let answered = self.calls.saturating_sub(self.failed);
        self.waited_ms.checked_div(answered).map(Duration::from_millis)
    }
}

impl Part for Account {
    type Sum = Rows;

    fn version(&self) -> (u64, u32) {
        (self.seen, 0)
    }

    fn add_to(&self, sum: &mut Rows) {
        for (arm, classes) in &self.rows {
            for (class, row) in classes {
                let total = sum.entry((Arc::clone(arm), Arc::clone(class))).or_default();
                *total = total.plus(*row);
            }
        }
    }

    fn merge(&mut self, gone: Self) {
        self.seen = self.seen.saturating_add(gone.seen).saturating_add(1);
        for (arm, classes) in gone.rows {
            let own = self.rows.entry(arm).or_default();
            for (class, row) in classes {
                let known = own.len() < MOST_CLASSES || own.contains_key(&class);
                let own = own.entry(if known { class } else { Arc::from("") }).or_default();
                *own = own.plus(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_by_arm_and_class() {
        let (new, code) = (Arc::from("new"), Arc::from("code"));
        let mut account = Account::default();
        let course = |failed, cost| Course {
            failed,
            cost,
            first_content: (!failed).then_some(Duration::from_millis(30)),
        };
        account.called(&new, Some(&code), course(false, Some(Ticks::new(5))));
        account.called(&new, Some(&code), course(true, None));
        account.called(&new, None, course(false, Some(Ticks::new(1))));
        account.scored(&new, Some(&code), 0.5);
        let mut sum = Rows::default();
        account.add_to(&mut sum);
        let text = serde_json::to_string(&account).unwrap();
        serde_json::from_str::<Account>(&text).unwrap().add_to(&mut sum);
        let row = sum[&(Arc::clone(&new), code)];
        assert_eq!((row.calls, row.failed, row.unpriced), (4, 2, 2));
        assert_eq!(row.cost, Ticks::new(10));
        assert_eq!(row.mean_wait(), Some(Duration::from_millis(30)));
        assert_eq!(row.scores.value(), Some(0.5));
        assert_eq!(sum[&(new, Arc::from(""))].calls, 2);
    }

    #[test]
    fn classes_are_bounded() {
        let arm = Arc::from("new");
        let mut account = Account::default();
        for class in 0..100 {
            account.scored(&arm, Some(&Arc::from(class.to_string())), 1.0);
        }
        let mut sum = Rows::default();
        account.add_to(&mut sum);
        assert_eq!(sum.len(), MOST_CLASSES + 1);
    }
}
