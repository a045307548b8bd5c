//! The mean of scores, and how well it is known.

use serde::{Deserialize, Serialize};

use super::bound::Sums;

/// What is kept of scores in 0..=1: how many, and the sums of them, of their squares and of their cubes. These add up, so
/// parts that were seen in different places can be put together.
///
/// The counts are fractions where older scores count less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Mean {
    count: f64,
    sum: f64,
    squares: f64,
    cubes: f64,
}

/// What is known of a mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// How many scores, rounded.
    pub count: u64,
    /// Their mean; `None`: there are none.
    pub mean: Option<f64>,
    /// The true mean is at least this.
    pub lower: f64,
    /// And at most this.
    pub upper: f64,
}

impl Mean {
    /// Adds a score; what is outside 0..=1 counts as the nearest end, and what is no number not at all.
    pub fn observe(&mut self, score: f64) {
        if score.is_nan() {
            return;
        }
        let score = score.clamp(0.0, 1.0);
        self.count += 1.0;
        self.sum += score;
        self.squares += score * score;
        self.cubes += score * score * score;
    }

    /// Of these and others, none of which is in both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
            cubes: self.cubes + other.cubes,
        }
    }

    /// With each score counting only for `share` of one.
    #[must_use]
    pub fn faded(self, share: f64) -> Self {
        Self {
            count: self.count * share,
            sum: self.sum * share,
            squares: self.squares * share,
            cubes: self.cubes * share,
        }
    }

    /// How many scores.
    pub const fn count(&self) -> f64 {
        self.count
    }

    /// Their mean; `None`: there are none.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }

    /// Whether the true mean is above `least`. The chance to say so wrongly *at any time*, asked after each score, is at
    /// most `error` (module `bound` says why). Where older scores fade, that holds for each time by itself only: a
    /// capital that is raised to a power below 1 has no larger expectation at any one time, but the bet begins anew
    /// for ever.
    pub fn is_above(&self, least: f64, error: f64) -> bool {
        self.sums().above(least, error)
    }

    /// Whether the true mean is below `most`, in the same sense.
    pub fn is_below(&self, most: f64, error: f64) -> bool {
        self.sums().flipped().above(1.0 - most, error)
    }

    /// The true mean is at least this, with a chance of at most `error` to be wrong.
    pub fn lower(&self, error: f64) -> f64 {
        self.sums().lower(error)
    }

    /// The true mean is at most this.
    pub fn upper(&self, error: f64) -> f64 {
        1.0 - self.sums().flipped().lower(error)
    }

    /// Both, each with half of the chance.
    pub fn interval(&self, error: f64) -> Interval {
        Interval {
            count: rounded(self.count),
            mean: self.value(),
            lower: self.lower(error / 2.0),
            upper: self.upper(error / 2.0),
        }
    }

    const fn sums(&self) -> Sums {
        Sums {
            count: self.count,
            sum: self.sum,
            squares: self.squares,
            cubes: self.cubes,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and a cast saturates"
)]
const fn rounded(count: f64) -> u64 {
    (count + 0.5) as u64
}

/// As it comes from a store.
#[derive(Deserialize)]
struct Stored {
    count: f64,
    sum: f64,
    squares: f64,
    cubes: f64,
}

impl TryFrom<Stored> for Mean {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, &'static str> {
        let Stored {
            count,
            sum,
            squares,
            cubes,
        } = stored;
        // Sums of many scores are a little off, and products of sums more so.
        let at_most = |less: f64, more: f64| less <= more + 1e-9 * (1.0 + count);
        let product = |less: f64, more: f64| less <= more + 1e-9 * (1.0 + count * count);
        let ordered = count.is_finite() && 0.0 <= cubes && at_most(cubes, squares);
        let ordered = ordered && at_most(squares, sum) && at_most(sum, count);
        // What holds for the moments of anything in 0..=1 (Hausdorff).
        let sound = ordered
            && product(sum * sum, count * squares)
            && product(squares * squares, sum * cubes)
            && product((sum - squares).powi(2), (count - sum) * (squares - cubes));
        sound
            .then_some(Self {
                count,
                sum,
                squares,
                cubes,
            })
            .ok_or("no sums of scores in 0..=1")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn mean(scores: impl IntoIterator<Item = f64>) -> Mean {
        let mut mean = Mean::default();
        scores.into_iter().for_each(|score| mean.observe(score));
        mean
    }

    #[test]
    fn takes_only_scores() {
        let odd = mean([f64::NAN, -3.0, 7.0, f64::INFINITY]);
        assert_eq!(odd, mean([0.0, 1.0, 1.0]));
        assert_eq!(Mean::default().value(), None);
    }

    #[test]
    fn nothing_is_known_of_nothing() {
        let Interval {
            count,
            mean,
            lower,
            upper,
        } = Mean::default().interval(0.05);
        assert_eq!((count, mean), (0, None));
        assert!(lower < 1e-6 && upper > 1.0 - 1e-6);
    }

    #[test]
    fn what_no_scores_can_sum_up_to_is_not_read() {
        for (text, good) in [
            (r#"{"count":2,"sum":1,"squares":0.5,"cubes":0.25}"#, true),
            (r#"{"count":2,"sum":1,"squares":1,"cubes":1}"#, true),
            (r#"{"count":0,"sum":0,"squares":0,"cubes":0}"#, true),
            (r#"{"count":2,"sum":1,"squares":0.4,"cubes":0.2}"#, false),
            (r#"{"count":2,"sum":1,"squares":0.5,"cubes":0.2}"#, false),
            (r#"{"count":2,"sum":1,"squares":0.5,"cubes":0.4}"#, false),
            (r#"{"count":2,"sum":3,"squares":3,"cubes":3}"#, false),
            (r#"{"count":2,"sum":1,"squares":1.1,"cubes":1.1}"#, false),
            (r#"{"count":-1,"sum":-1,"squares":-1,"cubes":-1}"#, false),
        ] {
            assert_eq!(serde_json::from_str::<Mean>(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn rounding_is_no_reason_not_to_read() {
        for score in [0.9, 0.1, 1.0, 0.999_999, 1.0 / 3.0] {
            let many = mean(std::iter::repeat_n(score, 200_000));
            let text = serde_json::to_string(&many).unwrap();
            assert!(serde_json::from_str::<Mean>(&text).is_ok(), "{text}");
            assert!(
                many.lower(0.05) < score && many.lower(0.05) > score - 0.001,
                "{score}"
            );
            assert!(
                many.upper(0.05) > score - 1e-6 && many.upper(0.05) < score + 0.001,
                "{score}"
            );
        }
    }

    proptest! {
        #[test]
        fn parts_add_up(left in prop::collection::vec(0.0..=1.0_f64, 0..50), right in prop::collection::vec(0.0..=1.0_f64, 0..50)) {
            let parts = mean(left.clone()).plus(mean(right.clone())).interval(0.05);
            let whole = mean(left.into_iter().chain(right)).interval(0.05);
            prop_assert_eq!(parts.count, whole.count);
            prop_assert!((parts.lower - whole.lower).abs() < 1e-5 && (parts.upper - whole.upper).abs() < 1e-5);
        }

        #[test]
        fn is_stored_and_read(scores in prop::collection::vec(0.0..=1.0_f64, 0..50), share in 0.0..=1.0_f64) {
            let mean = mean(scores).faded(share);
            let text = serde_json::to_string(&mean).unwrap();
            let back: Mean = serde_json::from_str(&text).unwrap();
            prop_assert!((back.count - mean.count).abs() < 1e-9 && (back.squares - mean.squares).abs() < 1e-9, "{}", text);
        }

        #[test]
        fn both_sides_agree(scores in prop::collection::vec(0.0..=1.0_f64, 1..50)) {
            let mean = mean(scores);
            let Interval { lower, upper, .. } = mean.interval(0.05);
            let value = mean.value().unwrap();
            prop_assert!(lower <= value && value <= upper, "{lower} {value} {upper}");
        }
    }
}
