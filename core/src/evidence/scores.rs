//! The scores of a target for a class of tasks. What is long ago counts less, and a change is noticed.

use serde::{Deserialize, Serialize};

use super::mean::Mean;
use super::replicas::Part;

/// Of how many later scores one loses half of its weight. 290 + 36 scores count then in the end: enough to prove a mean of
/// 0.87 to be above 0.8 when scores are 0 or 1 (of 0.82, when they scatter by 0.1), and few enough that a change which
/// is too small to be noticed is followed within some hundreds.
const HALF_LIFE: f64 = 200.0;
/// How many scores are looked at together for a change, and how many such blocks.
const BLOCK: f64 = 8.0;
const BLOCKS: usize = 4;
/// The chance of an error of each of the two means that must differ. Smaller ones notice a change later; larger ones
/// forget what is steady, which costs a proof: two false alarms in 100,000 steady scores at 0.03, fifteen at 0.05.
const ALARM: f64 = 0.02;

/// The scores that one replica saw.
///
/// Two things make a change felt: scores fade, by half in [`HALF_LIFE`] scores; and when the last 8, 16, 24 or 32
/// differ with confidence from all before, those before are forgotten at once. That is the start of a new epoch.
///
/// Replicas: each shares its own `Scores`, and the evidence is the sum over replicas in the *latest* epoch (see
/// [`Part`]): a change that one notices is one for all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// How often all before was forgotten.
    epoch: u32,
    /// All scores ever seen here.
    seen: u64,
    /// What is older than the blocks, faded.
    past: Mean,
    /// Whole blocks, oldest first.
    recent: Vec<Mean>,
    /// The block that is being filled.
    block: Mean,
}

impl Scores {
    /// Adds a score in 0..=1.
    pub fn observe(&mut self, score: f64) {
        self.seen = self.seen.saturating_add(1);
        self.block.observe(score);
        if self.block.count() < BLOCK {
            return;
        }
        self.recent.push(std::mem::take(&mut self.block));
        if let Some(since) = self.changed() {
            self.recent.drain(..since);
            self.past = Mean::default();
            self.epoch = self.epoch.saturating_add(1);
        } else if self.recent.len() > BLOCKS {
            let oldest = self.recent.remove(0);
            self.past = self.past.faded((-BLOCK / HALF_LIFE).exp2()).plus(oldest);
        }
    }

    /// The block from which on scores differ from those before; the latest such.
    fn changed(&self) -> Option<usize> {
        let mut after = Mean::default();
        for (index, block) in self.recent.iter().enumerate().rev() {
            after = after.plus(*block);
            let before = self
                .recent
                .iter()
                .take(index)
                .fold(self.past, |sum, block| sum.plus(*block));
            if differ(before, after) {
                return Some(index);
            }
        }
        None
    }

    /// What is known of the mean, by this replica.
    pub fn mean(&self) -> Mean {
        self.recent
            .iter()
            .fold(self.past, |sum, block| sum.plus(*block))
            .plus(self.block)
    }

    /// How often all before was forgotten.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }
}

fn differ(before: Mean, after: Mean) -> bool {
    let (Some(was), Some(is)) = (before.value(), after.value()) else {
        return false;
    };
    if is < was {
        after.is_below(before.lower(ALARM), ALARM)
    } else {
        after.is_above(before.upper(ALARM), ALARM)
    }
}

impl Part for Scores {
    type Sum = Mean;

    fn version(&self) -> (u64, u32) {
        (self.seen, self.epoch)
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }

    fn add_to(&self, sum: &mut Mean) {
        *sum = sum.plus(self.mean());
    }

    fn enter(&mut self, epoch: u32) {
        *self = Self {
            epoch,
            seen: self.seen,
            ..Self::default()
        };
    }

    /// What the other saw is past: this replica's own blocks tell it of changes.
    fn merge(&mut self, gone: Self) {
        let seen = self.seen.saturating_add(gone.seen);
        if gone.epoch > self.epoch {
            *self = gone;
        } else if gone.epoch == self.epoch {
            self.past = self.past.plus(gone.mean());
        }
        self.seen = seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores that are 1 with a chance of `good`.
    fn observe(scores: &mut Scores, good: f64, count: u32, rng: &mut fastrand::Rng) {
        for _ in 0..count {
            scores.observe(f64::from(u8::from(rng.f64() < good)));
        }
    }

    #[test]
    fn counts_what_is_recent_in_full_and_the_past_by_halves() {
        let mut scores = Scores::default();
        (0..40).for_each(|_| scores.observe(0.5));
        assert!((scores.mean().count() - 40.0).abs() < 1e-9);
        (0..10_000).for_each(|_| scores.observe(0.5));
        let count = scores.mean().count();
        assert!((300.0..340.0).contains(&count), "{count}");
        assert_eq!(scores.epoch(), 0);
    }

    #[test]
    fn a_change_is_noticed_within_48_scores() {
        for (was, is) in [(0.95, 0.5), (0.5, 0.95), (0.9, 0.4), (0.2, 0.8)] {
            let noticed = (0..60).filter(|seed| {
                let mut rng = fastrand::Rng::with_seed(*seed);
                let mut scores = Scores::default();
                observe(&mut scores, was, 600, &mut rng);
                let before = scores.epoch();
                observe(&mut scores, is, 48, &mut rng);
                scores.epoch() > before && scores.mean().count() <= 56.0
            });
            let noticed = noticed.count();
            assert!(noticed >= 58, "{was} {is}: {noticed} of 60");
        }
    }

    #[test]
    fn a_steady_target_is_seldom_forgotten() {
        let mut forgotten = 0;
        for (seed, good) in [0.5, 0.7, 0.8, 0.9, 0.97].into_iter().enumerate() {
            let mut rng = fastrand::Rng::with_seed(u64::try_from(seed).unwrap());
            let mut scores = Scores::default();
            observe(&mut scores, good, 6_000, &mut rng);
            forgotten += scores.epoch();
        }
        assert!(forgotten <= 2, "{forgotten} in 30,000");
    }

    #[test]
    fn survives_a_restart() {
        let mut scores = Scores::default();
        observe(&mut scores, 0.7, 100, &mut fastrand::Rng::with_seed(1));
        let text = serde_json::to_string(&scores).unwrap();
        let mut back: Scores = serde_json::from_str(&text).unwrap();
        assert!((back.mean().count() - scores.mean().count()).abs() < 1e-9);
        for each in [&mut scores, &mut back] {
            (0..32).for_each(|_| each.observe(0.0));
        }
        assert_eq!(back.epoch(), scores.epoch());
        assert!(text.len() < 700, "{text}");
    }
}
