//! When a program that has ended is started again.

use std::time::Duration;

/// The first wait; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);
/// A program that ran for so long had started well: the next start is at once again.
const STEADY: Duration = Duration::from_secs(5);

/// Spaces out the starts of a program that keeps ending.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    /// The wait before the next start of a program that has ended after running for `ran`.
    pub(crate) fn after(&mut self, ran: Duration) -> Duration {
        if ran >= STEADY {
            self.next = Duration::ZERO;
        }
        let wait = self.next;
        self.next = (wait * 2).clamp(FIRST, LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_is_answered_at_once_and_a_series_ever_later() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..9)
            .map(|_| backoff.after(Duration::ZERO).as_millis())
            .collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    }

    #[test]
    fn a_steady_run_forgives() {
        let mut backoff = Backoff::default();
        for _ in 0..4 {
            backoff.after(Duration::ZERO);
        }
        assert_eq!(backoff.after(STEADY), Duration::ZERO);
        assert_eq!(backoff.after(Duration::from_secs(1)), FIRST);
    }
}
