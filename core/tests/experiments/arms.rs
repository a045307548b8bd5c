//! Simulated arms and one experiment with them, looked at after each call.

use std::sync::Arc;

use wayleave_core::experiment::{Terms, Trial, Verdict, verdict};

/// How scores scatter about their mean.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// 0 or 1: passed or failed.
    Binary,
    /// Grades 0 to 10 that scatter by 0.15.
    Steady,
    /// Grades 0 to 10 that scatter by 0.3.
    Scattered,
    /// Both answers to each request are compared; a third are ties.
    Pairs,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Binary, Self::Steady, Self::Scattered, Self::Pairs];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Binary => "passed or failed",
            Self::Steady => "grades that scatter by 0.15",
            Self::Scattered => "grades that scatter by 0.3",
            Self::Pairs => "both answers compared, a third of them ties",
        }
    }

    /// A score with this mean.
    pub(crate) fn draw(self, mean: f64, rng: &mut fastrand::Rng) -> f64 {
        let hit = |rng: &mut fastrand::Rng| f64::from(u8::from(rng.f64() < mean));
        match self {
            Self::Binary => hit(rng),
            Self::Steady => (0..10).map(|_| hit(rng)).sum::<f64>() / 10.0,
            Self::Scattered if rng.f64() < 0.33 => hit(rng),
            Self::Scattered => (0..10).map(|_| hit(rng)).sum::<f64>() / 10.0,
            // A win with a chance that makes the mean right: 1/3 · 0.5 + 2/3 · win.
            Self::Pairs if rng.f64() < 1.0 / 3.0 => 0.5,
            Self::Pairs => f64::from(u8::from(rng.f64() < (mean - 1.0 / 6.0) * 1.5)),
        }
    }
}

/// How an experiment ended, and after how many judged answers of the challenger (or comparisons).
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) verdict: Verdict,
    pub(crate) after: u32,
}

/// Runs one with a true difference, at most so long, and asks for the verdict after each score.
pub(crate) fn run(kind: Kind, terms: &Terms, difference: f64, most: u32, seed: u32) -> End {
    let mut rng = fastrand::Rng::with_seed(u64::from(seed));
    let mut trial = Trial::default();
    let arms: Vec<Arc<str>> = terms.arms.iter().map(|arm| Arc::clone(&arm.name)).collect();
    let all: u32 = terms.arms.iter().map(|arm| arm.weight).sum();
    let mut judged = 0;
    while judged < most {
        if let Kind::Pairs = kind {
            let challenger = rng.usize(1..arms.len());
            trial.compared(
                &arms[challenger],
                kind.draw(f64::midpoint(1.0, difference), &mut rng),
            );
            judged += 1;
        } else {
            let mut ball = rng.u32(0..all);
            let arm = terms.arms.iter().position(|arm| {
                let hit = ball < arm.weight;
                ball = ball.saturating_sub(arm.weight);
                hit
            });
            let arm = arm.unwrap();
            let mean = if arm == 0 { 0.7 } else { 0.7 + difference };
            trial.scored(terms, &arms[arm], kind.draw(mean, &mut rng));
            judged += u32::from(arm == 1);
        }
        let verdict = verdict(terms, &trial.totals());
        if verdict != Verdict::Undecided {
            return End {
                verdict,
                after: judged,
            };
        }
    }
    End {
        verdict: Verdict::Undecided,
        after: judged,
    }
}

/// How many of each kind.
pub(crate) fn experiments() -> u32 {
    std::env::var("WAYLEAVE_EXPERIMENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100)
}

/// The most that may happen by chance where it happens with `chance` each time, but for one in a thousand.
pub(crate) fn at_most(chance: f64, times: u32) -> f64 {
    let times = f64::from(times);
    chance * times + 3.1 * (chance * (1.0 - chance) * times).sqrt()
}
