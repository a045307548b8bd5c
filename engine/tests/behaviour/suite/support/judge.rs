//! Judges, experiments and the best of several.

use wayleave_core::evidence::best::Optimise;
use wayleave_core::experiment::{Arm, Terms};
use wayleave_core::money::Ticks;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::experiment::{Best, Experiment, Judge, JudgeMode, Mode, Promote};
use wayleave_core::snapshot::{Pick, Step};

use super::{target, team};

/// The model `MODEL` of the provider key `judge`, which sees all answers and may spend ten dollars.
pub(crate) fn judge(model: &str) -> Judge {
    Judge {
        provider: team("judge"),
        model: model.into(),
        rubric: None,
        sample: Ratio::ONE,
        max_cost_per_day: "10".parse::<Ticks>().expect("dollars"),
        mode: JudgeMode::Pointwise,
    }
}

/// Arms of equal weight at `PROVIDER` with its model, by the providers' names; the data plane acts by itself.
pub(crate) fn experiment(arms: &[(&str, &str)], judge: Judge) -> Experiment {
    let mut terms = Terms::equal("", "");
    terms.min_calls = 10;
    terms.arms = arms
        .iter()
        .map(|(name, _)| Arm {
            name: (*name).into(),
            weight: 1,
        })
        .collect();
    Experiment {
        terms,
        targets: arms.iter().map(|(name, model)| target(name, model)).collect(),
        sticky_by: None,
        mode: Mode::Split,
        judge: Some(judge),
        promote: Promote::Auto,
    }
}

/// The cheapest of these that score 0.8. Every other call is for finding out.
pub(crate) fn best(targets: &[(&str, &str)], judge: Judge) -> Step {
    Step::Pick {
        pick: Pick::Best(Box::new(Best {
            min_score: Ratio::from_millionths(800_000),
            optimise: Optimise::Cost,
            explore: Ratio::from_millionths(500_000),
            judge: Some(judge),
        })),
        targets: targets
            .iter()
            .map(|(provider, model)| target(provider, model))
            .collect(),
    }
}
