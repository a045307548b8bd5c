//! How long the answers of a class are.

use serde::{Deserialize, Serialize};

use super::replicas::Part;

/// The weight of an observation once there are many: the last 50 or so count.
const SHARE: f64 = 0.02;

/// The running mean of output tokens, from which a call's cost is expected. A plain mean at first, then a moving one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Length {
    count: u64,
    mean: f64,
}

impl Length {
    /// An answer had so many output tokens.
    #[expect(clippy::cast_precision_loss, reason = "a mean of counts far below 2^52")]
    pub fn observe(&mut self, tokens: u64) {
        self.count = self.count.saturating_add(1);
        let share = (1.0 / self.count as f64).max(SHARE);
        self.mean += (tokens as f64 - self.mean) * share;
    }

    /// How many the next is expected to have; `None`: nothing was seen.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and a cast saturates"
    )]
    pub fn expected(&self) -> Option<u64> {
        (self.count > 0).then(|| self.mean.round() as u64)
    }

    /// How many answers were seen.
    pub const fn count(&self) -> u64 {
        self.count
    }
}

/// Of several replicas, by how much each has seen.
impl Part for Length {
    type Sum = Self;

    fn version(&self) -> (u64, u32) {
        (self.count, 0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a weight")]
    fn add_to(&self, sum: &mut Self) {
        let count = sum.count.saturating_add(self.count);
        if count > 0 {
            sum.mean += (self.mean - sum.mean) * (self.count as f64 / count as f64);
            sum.count = count;
        }
    }

    fn merge(&mut self, gone: Self) {
        gone.add_to(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Replicas;

    #[test]
    fn is_the_mean_of_few_and_follows_many() {
        let mut length = Length::default();
        assert_eq!(length.expected(), None);
        for tokens in [100, 200, 600] {
            length.observe(tokens);
        }
        assert_eq!((length.expected(), length.count()), (Some(300), 3));
        (0..1000).for_each(|_| length.observe(100));
        assert_eq!(length.expected(), Some(100));
        (0..150).for_each(|_| length.observe(500));
        let expected = length.expected().unwrap();
        assert!((470..=500).contains(&expected), "{expected}");
    }

    #[test]
    fn replicas_count_by_what_they_have_seen() {
        let (mut one, mut two) = (Length::default(), Length::default());
        (0..30).for_each(|_| one.observe(100));
        (0..10).for_each(|_| two.observe(500));
        let mut known = Replicas::default();
        known.learn("one", &one);
        known.learn("two", &two);
        known.learn("two", &two);
        assert_eq!(known.sum().expected(), Some(200));
        one.merge(two);
        assert_eq!((one.expected(), one.count()), (Some(200), 40));
    }
}
