//! What became of the answers that were to be judged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::Part;

/// What became of one judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// A score, or a winner.
    Scored,
    /// Neither answer is better, or the judge prefers a place.
    Tie,
    /// The judge's answer says nothing, or the call cannot be put before it.
    Unusable,
    /// The judge did not answer, or not in time.
    Failed,
    /// The money of the day is used up.
    OverBudget,
    /// Too many waited.
    Dropped,
}

impl Judged {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Scored,
        Self::Tie,
        Self::Unusable,
        Self::Failed,
        Self::OverBudget,
        Self::Dropped,
    ];

    /// As it stands in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Tie => "tie",
            Self::Unusable => "unusable",
            Self::Failed => "failed",
            Self::OverBudget => "over_budget",
            Self::Dropped => "dropped",
        }
    }
}

/// How often each, by one replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgements(BTreeMap<Judged, u64>);

impl Judgements {
    /// Counts one.
    pub fn observe(&mut self, judged: Judged) {
        *self.0.entry(judged).or_default() += 1;
    }
}

impl Part for Judgements {
    type Sum = BTreeMap<Judged, u64>;

    fn version(&self) -> (u64, u32) {
        (self.0.values().sum(), 0)
    }

    fn add_to(&self, sum: &mut Self::Sum) {
        for (judged, count) in &self.0 {
            *sum.entry(*judged).or_default() += count;
        }
    }

    fn merge(&mut self, gone: Self) {
        gone.add_to(&mut self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let mut one = Judgements::default();
        let mut two = Judgements::default();
        one.observe(Judged::Scored);
        two.observe(Judged::Scored);
        two.observe(Judged::OverBudget);
        let text = serde_json::to_string(&two).unwrap();
        assert_eq!(text, r#"{"scored":1,"over_budget":1}"#);
        one.merge(serde_json::from_str(&text).unwrap());
        let mut sum = BTreeMap::new();
        one.add_to(&mut sum);
        assert_eq!((sum[&Judged::Scored], sum[&Judged::OverBudget]), (2, 1));
        assert_eq!(one.version(), (3, 0));
    }
}
