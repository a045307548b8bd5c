//! A run of a policy in a world.

use super::policy::Policy;
use super::world::{Class, World};

/// One call of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) class: Class,
    pub(crate) target: usize,
    pub(crate) judged: bool,
    /// Explored: chosen to learn, not to serve.
    pub(crate) explored: bool,
    /// The expected cost, latency and quality: without the noise of the single call.
    pub(crate) cost: f64,
    pub(crate) latency: f64,
    pub(crate) quality: f64,
}

/// The calls of a run.
pub(crate) fn run(world: &World, policy: &mut dyn Policy, calls: u32, seed: u64) -> Vec<Step> {
    // Classes are drawn apart, so that each policy sees the same calls.
    let mut classes = fastrand::Rng::with_seed(seed);
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
    (0..calls)
        .map(|call| {
            let class = world.class(&mut classes);
            let choice = policy.choose(class, call, &mut rng);
            let answer = world.call(choice.target, class, call, &mut rng);
            let judged = choice.judge || rng.f64() < world.judged;
            policy.learn(class, call, choice.target, answer, judged);
            Step {
                class,
                target: choice.target,
                judged,
                explored: choice.judge,
                cost: world.cost(choice.target),
                latency: world.targets[choice.target].latency,
                quality: world.quality(choice.target, class, call),
            }
        })
        .collect()
}

/// The mean of a figure over calls.
pub(crate) fn mean<'s>(steps: impl IntoIterator<Item = &'s Step>, of: impl Fn(&Step) -> f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for step in steps {
        sum += of(step);
        count += 1.0;
    }
    sum / count
}

pub(crate) fn worlds() -> u64 {
    std::env::var("WAYLEAVE_REGRET")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(6)
}
