//! Judges and experiments, as they stand in a configuration.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{StickyBy, Target};
use crate::evidence::best::Optimise;
use crate::experiment::Terms;
use crate::money::Ticks;
use crate::price::Ratio;

/// How the best of several targets is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Best {
    /// The mean score, of 1, that a target must have, where the class of the call has none of its own.
    pub min_score: Ratio,
    /// What decides among those that have it.
    pub optimise: Optimise,
    /// The share of the calls that goes to those of which it is not known.
    pub explore: Ratio,
    /// Who scores the answers; `None`: clients alone.
    pub judge: Option<Judge>,
}

/// A model that scores answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judge {
    /// The `ProviderKey` and the model to ask.
    pub provider: super::ObjectName,
    /// The model to ask.
    pub model: Arc<str>,
    /// What makes an answer good; `None`: the usual.
    pub rubric: Option<Arc<str>>,
    /// The share of the calls that is judged.
    pub sample: Ratio,
    /// What judging may cost in a day of UTC.
    pub max_cost_per_day: Ticks,
    /// What it is asked.
    pub mode: JudgeMode,
}

/// What a judge is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JudgeMode {
    /// How good an answer is.
    #[default]
    Pointwise,
    /// Which of two answers is better.
    Pairwise,
}

/// Models that are compared on a rule's own calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Experiment {
    /// Its arms by name and weight, the control first, and when it ends.
    pub terms: Terms,
    /// The model of each arm, in the same order.
    pub targets: Vec<Target>,
    /// What calls have in common that get the same arm; `None`: each is drawn by itself.
    pub sticky_by: Option<StickyBy>,
    /// Who serves.
    pub mode: Mode,
    /// Who scores the answers; `None`: clients alone.
    pub judge: Option<Judge>,
    /// Who acts on what is known.
    pub promote: Promote,
}

/// Who serves while an experiment runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Each call is served by one arm.
    #[default]
    Split,
    /// The control serves all; the others answer behind the client's back.
    Shadow,
}

/// Who acts on what an experiment shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Promote {
    /// People.
    #[default]
    Manual,
    /// The data plane.
    Auto,
}
