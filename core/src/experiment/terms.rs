//! What an experiment is to find out, and when it ends.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The terms of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The control, then the challengers. One that is out keeps its place with a weight of 0: how many there were at the
    /// beginning is part of what is promised.
    pub arms: Vec<Arm>,
    /// How sure a verdict has to be: 0.95 leaves one in twenty experiments with a false promotion or a false rollback
    /// of any arm.
    pub confidence: f64,
    /// How much worse (of 1) a challenger may be and still be promoted; for one that is cheaper. 0: it has to be better.
    pub tolerance: f64,
    /// How much higher (of 1) a challenger's share of failed calls may be than the control's.
    pub error_margin: f64,
    /// Calls of each of the two arms before scores are gone by. Errors are from the first.
    pub min_calls: u64,
    /// Calls of all arms after which the experiment ends without a winner. `None`: never.
    pub max_calls: Option<u64>,
}

/// An arm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name, unique in the experiment.
    pub name: Arc<str>,
    /// Its share of the calls, relative to the others'.
    pub weight: u32,
}

impl Terms {
    /// Of two arms with equal shares, at 95 %, and nothing else asked.
    pub fn equal(control: &str, challenger: &str) -> Self {
        let arm = |name: &str| Arm {
            name: name.into(),
            weight: 1,
        };
        Self {
            arms: vec![arm(control), arm(challenger)],
            confidence: 0.95,
            tolerance: 0.0,
            error_margin: 0.02,
            min_calls: 0,
            max_calls: None,
        }
    }

    /// The chance of an error that each challenger has: all together have what the confidence leaves (Bonferroni).
    pub(super) fn error(&self) -> f64 {
        let challengers = u16::try_from(self.arms.len().saturating_sub(1)).unwrap_or(u16::MAX);
        (1.0 - self.confidence).clamp(1e-9, 1.0) / f64::from(challengers.max(1))
    }
}
