//! How sure it is that a mean is above a value, however often one looks.
//!
//! The test is a bet (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024,
//! arXiv:2010.09686). Somebody who holds that the mean of scores in 0..=1 is at most `m` must sell, for one coin, what
//! pays `1 + u·(x/m − 1)` coins at the next score `x`, for any stake `u` in `0..1`. If they are right, the buyer's
//! capital `∏ (1 + u·(xᵢ/m − 1))` is a nonnegative supermartingale from 1, and the chance that it is *ever* `1/error` or
//! more is at most `error` (Ville). So once it is, the mean is above `m`, and looking after each score costs nothing.
//! The buyer spreads the first coin over [`STAKES`]: large ones win when there are few scores or they scatter little, small
//! ones when there are many. Large ones get more of it, as a coin's share matters most where there are few scores.
//!
//! The product needs every score. Of the sums `n`, `Σx`, `Σx²`, `Σx³` alone, which add up over replicas, the least that
//! the capital can be is known: the fourth derivative of `log(1 + u·(x/m − 1))` is negative, so its sum over any scores in
//! 0..=1 with these sums is least where each score is 0, 1 or `c = (Σx² − Σx³)/(Σx − Σx²)` (the principal representation of
//! Chebyshev, Markov and Krein with both ends; a Gauss-Lobatto quadrature with three nodes):
//!
//! ```text
//! middle = (Σx − Σx²)/(c·(1 − c))     ones = Σx − c·middle     zeros = n − middle − ones
//! log capital ≥ zeros·log(1 − u) + middle·log(1 + u·(c/m − 1)) + ones·log(1 + u·(1/m − 1))
//! ```
//!
//! For scores that are 0 or 1 this is the capital itself; otherwise it is exact up to the fourth moment.

use std::sync::LazyLock;

/// The shares of the capital that are staked at each score. Each about 0.62 of the one before: from what decides after
/// ten scores to what decides after ten thousand.
const STAKES: [f64; 9] = [0.95, 0.6, 0.37, 0.23, 0.14, 0.09, 0.055, 0.034, 0.021];

/// One bet of those that the first coin is spread over.
#[derive(Clone, Copy)]
struct Bet {
    stake: f64,
    /// The logarithm of what it has of the first coin: in proportion to the root of the stake.
    begins: f64,
    /// The logarithm of what a score of 0 leaves of it.
    lost: f64,
}

static BETS: LazyLock<[Bet; STAKES.len()]> = LazyLock::new(|| {
    let all: f64 = STAKES.iter().map(|stake| stake.sqrt()).sum();
    STAKES.map(|stake| Bet {
        stake,
        begins: (stake.sqrt() / all).ln(),
        lost: (-stake).ln_1p(),
    })
});

/// Sums over scores in 0..=1: of their powers from 0 to 3.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) count: f64,
    pub(super) sum: f64,
    pub(super) squares: f64,
    pub(super) cubes: f64,
}

/// Scores of 0, of `at`, and of 1 that have the same sums as others.
#[derive(Clone, Copy)]
struct Nodes {
    zeros: f64,
    middle: f64,
    at: f64,
    ones: f64,
}

impl Sums {
    /// Of `1 − x` in place of `x`.
    pub(super) fn flipped(self) -> Self {
        let Self {
            count,
            sum,
            squares,
            cubes,
        } = self;
        Self {
            count,
            sum: (count - sum).max(0.0),
            squares: (count - 2.0 * sum + squares).max(0.0),
            cubes: (count - 3.0 * sum + 3.0 * squares - cubes).max(0.0),
        }
    }

    fn nodes(self) -> Nodes {
        let between = self.sum - self.squares;
        let at = ((self.squares - self.cubes) / between).clamp(0.0, 1.0);
        let spread = at * (1.0 - at);
        // Nothing but 0 and 1, to nine digits. What is no number is in here.
        let extreme = !(between > 1e-9 * self.count && spread > 1e-9);
        let middle = if extreme {
            0.0
        } else {
            (between / spread).min(self.count)
        };
        let at = if extreme { 0.0 } else { at };
        let ones = (self.sum - middle * at).clamp(0.0, self.count - middle);
        Nodes {
            zeros: self.count - middle - ones,
            middle,
            at,
            ones,
        }
    }

    /// Whether the mean is above `least`, with a chance of at most `error` to say so wrongly.
    pub(super) fn above(self, least: f64, error: f64) -> bool {
        if self.sum <= 0.0 || least >= 1.0 {
            return false;
        }
        if least <= 0.0 {
            return true;
        }
        let needed = -error.ln();
        // Most is won by all on each score, if all scores are their mean (Jensen): where that is too little, nothing is
        // enough. So what is open, as most is for most of its time, is told at once.
        if self.count * (self.sum / (self.count * least)).ln() < needed {
            return false;
        }
        let nodes = self.nodes();
        let (gain, best) = (nodes.at / least - 1.0, 1.0 / least - 1.0);
        let logs = BETS.map(|bet| {
            let middle = nodes.middle * (bet.stake * gain).ln_1p();
            bet.begins + nodes.zeros * bet.lost + middle + nodes.ones * (bet.stake * best).ln_1p()
        });
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // The sum of all is at least the largest, and at most as many times that as there are: nine, whose logarithm is
        // below 2.2.
        if most >= needed || most < needed - 2.2 {
            return most >= needed;
        }
        most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln() >= needed
    }

    /// The largest value that the mean is above, to a millionth.
    pub(super) fn lower(self, error: f64) -> f64 {
        let (mut under, mut over) = (0.0, 1.0);
        for _ in 0..20 {
            let middle = f64::midpoint(under, over);
            if self.above(middle, error) {
                under = middle;
            } else {
                over = middle;
            }
        }
        under
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sums(scores: &[f64]) -> Sums {
        Sums {
            count: f64::from(u32::try_from(scores.len()).unwrap()),
            sum: scores.iter().sum(),
            squares: scores.iter().map(|score| score * score).sum(),
            cubes: scores.iter().map(|score| score.powi(3)).sum(),
        }
    }

    /// The capital as it really is.
    fn capital(scores: &[f64], least: f64) -> f64 {
        let of = |bet: &Bet| {
            let factors = scores.iter().map(|score| 1.0 + bet.stake * (score / least - 1.0));
            bet.begins.exp() * factors.product::<f64>()
        };
        BETS.iter().map(of).sum()
    }

    #[test]
    fn is_the_capital_itself_for_scores_of_0_and_1() {
        let scores: Vec<_> = (0..40).map(|n| f64::from(u8::from(n % 5 != 0))).collect();
        for step in 1_u8..90 {
            let least = f64::from(step) / 100.0;
            let error = 1.0 / capital(&scores, least);
            if error < 0.9 {
                assert!(sums(&scores).above(least, error * 1.001), "{least}");
                assert!(!sums(&scores).above(least, error * 0.999), "{least}");
            }
        }
    }

    #[test]
    fn widths_are_what_the_documents_say() {
        // Mean 0.8: of scores that are 0 or 1, and of 0.7 and 0.9 by turns.
        let width = |count: u32, squares: f64, cubes: f64| {
            let count = f64::from(count);
            let sums = Sums {
                count,
                sum: 0.8 * count,
                squares: squares * count,
                cubes: cubes * count,
            };
            0.8 - sums.lower(0.05)
        };
        let found = [30, 100, 400, 2000].map(|count| [width(count, 0.8, 0.8), width(count, 0.65, 0.536)]);
        let expected = [[0.252, 0.116], [0.134, 0.042], [0.065, 0.016], [0.029, 0.007]];
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 0.001, "{found} is not {expected}");
        }
    }

    #[test]
    fn nothing_is_known_of_nothing() {
        for scores in [&[][..], &[0.0], &[0.0, 0.0]] {
            assert!(!sums(scores).above(0.001, 0.05));
            assert!(sums(scores).lower(0.05) < 1e-9);
        }
    }

    proptest! {
        #[test]
        fn never_claims_more_than_the_scores_say(
            scores in prop::collection::vec(0.0..=1.0_f64, 1..60),
            least in 0.01..0.99_f64,
            error in 0.001..0.5_f64,
        ) {
            if sums(&scores).above(least, error) {
                prop_assert!(capital(&scores, least) >= 0.999_999 / error);
            }
        }

        #[test]
        fn what_is_above_a_value_is_above_smaller_ones(
            scores in prop::collection::vec(0.0..=1.0_f64, 1..60),
            least in 0.01..0.99_f64,
            less in 0.01..1.0_f64,
        ) {
            if sums(&scores).above(least, 0.05) {
                prop_assert!(sums(&scores).above(least * less, 0.05));
            }
        }
    }
}
