//! Whether intervals hold the truth at all times together.

use wayleave_core::evidence::Mean;

use super::arms::{Kind, at_most, experiments};

/// How many of the runs ever had the truth outside.
fn missed(draw: impl Fn(&mut fastrand::Rng) -> f64, truth: f64, scores: u32) -> (u32, u32) {
    let mut missed = (0, 0);
    for seed in 0..experiments() {
        let mut rng = fastrand::Rng::with_seed(u64::from(seed));
        let mut mean = Mean::default();
        let (mut above, mut below) = (false, false);
        for _ in 0..scores {
            mean.observe(draw(&mut rng));
            // The lower bound is above the truth if and only if the mean is claimed to be.
            above |= mean.is_above(truth, 0.05);
            below |= mean.is_below(truth, 0.05);
        }
        missed.0 += u32::from(above);
        missed.1 += u32::from(below);
    }
    missed
}

#[test]
fn the_truth_is_inside_at_all_times() {
    let few = |missed: u32| f64::from(missed) <= at_most(0.05, experiments());
    for truth in [0.05, 0.3, 0.5, 0.8, 0.99] {
        for kind in [Kind::Binary, Kind::Steady, Kind::Scattered] {
            let (above, below) = missed(|rng| kind.draw(truth, rng), truth, 2000);
            println!(
                "{truth} {kind:?}: {above} above, {below} below of {}",
                experiments()
            );
            assert!(few(above) && few(below), "{truth} {kind:?}: {above} {below}");
        }
    }
}

#[test]
fn the_truth_is_inside_where_scores_are_skewed() {
    let few = |missed: u32| f64::from(missed) <= at_most(0.05, experiments());
    // Mostly 0.9, seldom 0.1: the mean is 0.884.
    let rare = |rng: &mut fastrand::Rng| if rng.f64() < 0.02 { 0.1 } else { 0.9 };
    let (above, below) = missed(rare, 0.884, 2000);
    assert!(few(above) && few(below), "{above} {below}");
    // The same in another order: a bet needs no independence, only the mean.
    let alternating = |rng: &mut fastrand::Rng| if rng.bool() { 0.4 } else { 0.6 };
    let (above, below) = missed(alternating, 0.5, 2000);
    assert!(few(above) && few(below), "{above} {below}");
}
