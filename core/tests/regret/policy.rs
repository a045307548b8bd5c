//! What chooses.

use std::time::Duration;

use wayleave_core::circuit::Moment;
use wayleave_core::evidence::best::{Candidate, Optimise, Reason, Wish, order};
use wayleave_core::evidence::{Latency, Scores};
use wayleave_core::money::Ticks;
use wayleave_core::price::Ratio;

use super::world::{Answer, Class, World};

/// The choice for a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) target: usize,
    /// The answer is to be judged in any case.
    pub(crate) judge: bool,
}

/// What chooses targets and learns from what they bring.
pub(crate) trait Policy {
    fn choose(&mut self, class: Class, call: u32, rng: &mut fastrand::Rng) -> Choice;

    /// `judged`: whether the score is known.
    fn learn(&mut self, class: Class, call: u32, target: usize, answer: Answer, judged: bool);
}

/// Knows the truth: the cheapest (or fastest) target that is good enough, else the best.
pub(crate) struct Oracle<'w> {
    pub(crate) world: &'w World,
    pub(crate) optimise: Optimise,
}

impl Policy for Oracle<'_> {
    fn choose(&mut self, class: Class, call: u32, _: &mut fastrand::Rng) -> Choice {
        let world = self.world;
        let quality = |target: &usize| world.quality(*target, class, call);
        let price = |target: &usize| match self.optimise {
            Optimise::Cost => world.cost(*target),
            Optimise::Latency => world.targets[*target].latency,
        };
        let all = || 0..world.targets.len();
        let good = all().filter(|target| quality(target) >= world.min_score);
        let found = good.min_by(|left, right| price(left).total_cmp(&price(right)));
        let best = || all().max_by(|left, right| quality(left).total_cmp(&quality(right)));
        Choice {
            target: found.or_else(best).unwrap(),
            judge: false,
        }
    }

    fn learn(&mut self, _: Class, _: u32, _: usize, _: Answer, _: bool) {}
}

/// `pick: Best`.
pub(crate) struct Best {
    wish: Wish,
    costs: Vec<Option<Ticks>>,
    latency: Vec<Latency>,
    /// By class, then by target.
    scores: Vec<Vec<Scores>>,
}

impl Best {
    pub(crate) fn new(world: &World, optimise: Optimise, explore: u32) -> Self {
        let targets = world.targets.len();
        Self {
            wish: Wish {
                min_score: world.min_score,
                optimise,
                explore: Ratio::from_millionths(explore * 10_000),
            },
            costs: world
                .targets
                .iter()
                .map(|target| target.cost.map(|cost| Ticks::new(cost.into())))
                .collect(),
            latency: vec![Latency::default(); targets],
            scores: vec![vec![Scores::default(); targets]; world.classes.len()],
        }
    }
}

fn at(call: u32) -> Moment {
    Moment(Duration::from_millis(100) * call)
}

impl Policy for Best {
    fn choose(&mut self, class: Class, call: u32, rng: &mut fastrand::Rng) -> Choice {
        let candidates: Vec<_> = (0..self.costs.len())
            .map(|target| Candidate {
                cost: self.costs[target],
                latency: self.latency[target].value(at(call)),
                scores: Some(self.scores[class][target].mean()),
            })
            .collect();
        let first = order(&candidates, self.wish, rng)[0];
        Choice {
            target: first.candidate,
            judge: first.reason == Reason::Exploring,
        }
    }

    fn learn(&mut self, class: Class, call: u32, target: usize, answer: Answer, judged: bool) {
        self.latency[target].observe(Duration::from_secs_f64(answer.latency / 1000.0), at(call));
        if judged {
            self.scores[class][target].observe(answer.score);
        }
    }
}
