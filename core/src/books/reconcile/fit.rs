//! What a token costs by the ledger itself: prices that explain what its attempts cost.

use crate::money::Ticks;

use super::super::Tokens;

/// Kinds of tokens: plain, cached, written, output.
type Kinds = [f64; 4];

/// How often the prices are improved. Four unknowns need far less.
const ROUNDS: usize = 3000;
/// A price that changes by a smaller part is there.
const SETTLED: f64 = 1e-9;
/// The part of the cost that prices may leave unexplained.
const SOUND: f64 = 0.02;

/// Least squares over attempts, in bounded memory.
///
/// Price books, overlays and multipliers are all in there; prices that depend on the length of the prompt are not, and
/// then [`Prices::sound`] is false.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fit {
    products: [Kinds; 4],
    costs: Kinds,
    tokens: Kinds,
    cost: f64,
}

/// Ticks per token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prices {
    each: Kinds,
    /// Whether they explain what attempts cost.
    pub(super) sound: bool,
    /// Whether any attempt read from a cache.
    pub(super) knows_cached: bool,
}

#[expect(clippy::cast_precision_loss, reason = "likely amounts, not sums")]
pub(super) const fn kinds(tokens: &Tokens) -> Kinds {
    [
        tokens.plain as f64,
        tokens.cached as f64,
        tokens.written as f64,
        tokens.output as f64,
    ]
}

impl Fit {
    /// Takes an attempt into account.
    #[expect(clippy::cast_precision_loss, reason = "likely amounts, not sums")]
    pub fn learn(&mut self, tokens: &Tokens, ticks: Ticks) {
        let tokens = kinds(tokens);
        let cost = ticks.get() as f64;
        for (row, one) in self.products.iter_mut().zip(tokens) {
            for (cell, other) in row.iter_mut().zip(tokens) {
                *cell += one * other;
            }
        }
        for ((sum, count), one) in self.costs.iter_mut().zip(&mut self.tokens).zip(tokens) {
            *sum += one * cost;
            *count += one;
        }
        self.cost += cost;
    }

    /// Adds what another learnt.
    pub fn add(&mut self, other: &Self) {
        for (row, others) in self.products.iter_mut().zip(other.products) {
            add(row, &others);
        }
        add(&mut self.costs, &other.costs);
        add(&mut self.tokens, &other.tokens);
        self.cost += other.cost;
    }

    /// The prices. `None`: no attempt with tokens has a price.
    pub(super) fn prices(&self) -> Option<Prices> {
        let all: f64 = self.tokens.iter().sum();
        if all <= 0.0 {
            return None;
        }
        let [_, cached, ..] = self.tokens;
        let mut each = self.least_squares();
        let sound = (dot(&each, &self.tokens) - self.cost).abs() <= SOUND * self.cost.abs();
        if !sound {
            each = [self.cost / all; 4];
        }
        Some(Prices {
            each,
            sound,
            knows_cached: cached > 0.0,
        })
    }

    /// One price after the other is made the best one, given the others; none falls below 0.
    fn least_squares(&self) -> Kinds {
        let mut each = Kinds::default();
        for _ in 0..ROUNDS {
            let before = each;
            for (at, (row, cost)) in self.products.iter().zip(self.costs).enumerate() {
                let rest = cost - dot(row, &each);
                if let (Some(square), Some(price)) = (row.get(at), each.get_mut(at))
                    && *square > 0.0
                {
                    *price = (*price + rest / square).max(0.0);
                }
            }
            let settled = each
                .iter()
                .zip(before)
                .all(|(now, before)| (now - before).abs() <= SETTLED * now.abs());
            if settled {
                break;
            }
        }
        each
    }
}

impl Prices {
    /// What so many tokens cost; fewer than none are a cost below 0.
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    pub(super) fn of(&self, tokens: &Kinds) -> i64 {
        dot(&self.each, tokens).round() as i64
    }
}

fn add(sums: &mut Kinds, others: &Kinds) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}

fn dot(a: &Kinds, b: &Kinds) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(plain: u64, cached: u64, output: u64) -> Tokens {
        Tokens {
            plain,
            cached,
            written: 0,
            output,
        }
    }

    #[test]
    fn prices_are_found_in_what_attempts_cost() {
        let mut fit = Fit::default();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..40 {
            let (plain, cached, output) = (random.i64(1..9000), random.i64(0..9000), random.i64(1..900));
            let used = tokens(plain.unsigned_abs(), cached.unsigned_abs(), output.unsigned_abs());
            fit.learn(
                &used,
                Ticks::new(plain * 25_000 + cached * 12_500 + output * 100_000),
            );
        }
        let prices = fit.prices().unwrap();
        assert!(prices.sound && prices.knows_cached);
        for (wanted, expected) in [
            (tokens(1000, 0, 0), 25_000_000),
            (tokens(0, 1000, 0), 12_500_000),
            (tokens(0, 0, 1000), 100_000_000),
        ] {
            let found = prices.of(&kinds(&wanted));
            assert!(
                (found - expected).abs() < expected / 1000,
                "{found} for {expected}"
            );
        }
    }

    #[test]
    fn one_attempt_explains_itself_and_none_nothing() {
        assert_eq!(Fit::default().prices(), None);
        let mut fit = Fit::default();
        fit.learn(&tokens(100, 0, 10), Ticks::new(1000));
        let prices = fit.prices().unwrap();
        assert!(prices.sound && !prices.knows_cached);
        assert_eq!(prices.of(&kinds(&tokens(100, 0, 10))), 1000);
    }
}
