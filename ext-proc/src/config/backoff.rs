//! How long to wait before all servers are tried again.

use std::time::Duration;

use fastrand::Rng;

/// The first wait is at most this; the bound doubles with each further one.
const FIRST: Duration = Duration::from_millis(100);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(5);

/// Full jitter: data planes that have lost the same operator do not come back all at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    bound: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { bound: FIRST }
    }
}

impl Backoff {
    /// The next wait.
    pub(super) fn next(&mut self, rng: &mut Rng) -> Duration {
        let wait = self.bound.mul_f64(rng.f64());
        self.bound = (self.bound * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_below_a_bound_that_doubles() {
        let mut longest = [Duration::ZERO; 9];
        for seed in 0..500 {
            let (mut backoff, mut rng) = (Backoff::default(), Rng::with_seed(seed));
            for slot in &mut longest {
                *slot = backoff.next(&mut rng).max(*slot);
            }
        }
        let bounds = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000].map(Duration::from_millis);
        for (longest, bound) in longest.into_iter().zip(bounds) {
            assert!(
                longest <= bound && longest > bound.mul_f64(0.9),
                "{longest:?} of {bound:?}"
            );
        }
    }
}
