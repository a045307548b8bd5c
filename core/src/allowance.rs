//! What is left of a credential's limits, as a value.

use std::time::Duration;

use crate::circuit::Moment;
use crate::snapshot::Limits;

const MINUTE: Duration = Duration::from_secs(60);

/// How much of its [`Limits`] a credential has left. Rates refill steadily; a full minute's worth may come at once.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    limits: Limits,
    in_flight: u32,
    requests: Bucket,
    tokens: Bucket,
}

/// A token bucket in thousandths. It may go below empty: what a call uses is known only at its end.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    per_minute: Option<u32>,
    level: i64,
    at: Moment,
}

impl Allowance {
    /// Full.
    pub fn new(limits: Limits, now: Moment) -> Self {
        Self {
            limits,
            in_flight: 0,
            requests: Bucket::full(limits.requests_per_minute, now),
            tokens: Bucket::full(limits.tokens_per_minute, now),
        }
    }

    /// The limits that it counts.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How long until a call may begin; zero: now. With all calls at once taken there is no telling: one second.
    pub fn wait(&self, now: Moment) -> Duration {
        let crowded = self.limits.concurrency.is_some_and(|most| self.in_flight >= most);
        let crowd = if crowded {
            Duration::from_secs(1)
        } else {
            Duration::ZERO
        };
        crowd.max(self.requests.wait(now)).max(self.tokens.wait(now))
    }

    /// A call begins.
    pub fn begin(&mut self, now: Moment) {
        self.in_flight = self.in_flight.saturating_add(1);
        self.requests.take(1, now);
    }

    /// A call ended and has used this many tokens.
    pub fn end(&mut self, tokens: u64, now: Moment) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.tokens.take(tokens, now);
    }
}

impl Bucket {
    fn full(per_minute: Option<u32>, now: Moment) -> Self {
        Self {
            per_minute,
            level: per_minute.map_or(0, |rate| i64::from(rate) * 1000),
            at: now,
        }
    }

    fn level_at(&self, rate: u32, now: Moment) -> i64 {
        let elapsed = i64::try_from(self.at.until(now).as_millis()).unwrap_or(i64::MAX);
        // Thousandths a minute, over milliseconds: rate × 1000 / 60000 = rate / 60 per millisecond.
        let refill = i64::from(rate).saturating_mul(elapsed) / 60;
        self.level.saturating_add(refill).min(i64::from(rate) * 1000)
    }

    fn take(&mut self, count: u64, now: Moment) {
        if let Some(rate) = self.per_minute {
            let taken = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(1000);
            self.level = self.level_at(rate, now).saturating_sub(taken);
            self.at = now;
        }
    }

    fn wait(&self, now: Moment) -> Duration {
        let Some(rate) = self.per_minute else {
            return Duration::ZERO;
        };
        let missing = 1000_i64.saturating_sub(self.level_at(rate, now));
        let missing = u64::try_from(missing).unwrap_or(0);
        Duration::from_millis(missing.saturating_mul(60).div_ceil(u64::from(rate.max(1)))).min(MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    #[test]
    fn without_limits_nothing_waits() {
        let mut allowance = Allowance::new(Limits::default(), at(0));
        for _ in 0..1000 {
            allowance.begin(at(0));
        }
        assert_eq!(allowance.wait(at(0)), Duration::ZERO);
    }

    #[test]
    fn requests_refill_over_the_minute() {
        let limits = Limits {
            requests_per_minute: Some(60),
            ..Limits::default()
        };
        let mut allowance = Allowance::new(limits, at(0));
        for _ in 0..60 {
            assert_eq!(allowance.wait(at(0)), Duration::ZERO);
            allowance.begin(at(0));
        }
        assert_eq!(allowance.wait(at(0)), Duration::from_secs(1));
        assert_eq!(allowance.wait(at(1000)), Duration::ZERO);
    }

    #[test]
    fn tokens_are_paid_afterwards_and_may_overdraw() {
        let limits = Limits {
            tokens_per_minute: Some(6000),
            ..Limits::default()
        };
        let mut allowance = Allowance::new(limits, at(0));
        allowance.begin(at(0));
        allowance.end(6100, at(0));
        assert_eq!(allowance.wait(at(0)), Duration::from_millis(1010));
        assert_eq!(allowance.wait(at(2000)), Duration::ZERO);
    }

    #[test]
    fn calls_at_once_are_counted_back() {
        let limits = Limits {
            concurrency: Some(1),
            ..Limits::default()
        };
        let mut allowance = Allowance::new(limits, at(0));
        allowance.begin(at(0));
        assert_eq!(allowance.wait(at(0)), Duration::from_secs(1));
        allowance.end(10, at(0));
        assert_eq!(allowance.wait(at(0)), Duration::ZERO);
    }
}
