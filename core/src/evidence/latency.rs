//! How long a target takes.

use std::time::Duration;

use crate::circuit::Moment;

/// How long a peak is remembered: after this time a third of it is left.
const MEMORY: Duration = Duration::from_secs(10);
/// The weight of one observation in the mean: the last ten or so count.
const SHARE: f64 = 0.1;

/// A peak-sensitive moving mean, as Finagle and Linkerd use: a slow answer counts at once and in full, and is forgotten
/// over time. Unlike theirs it decays to the mean of what was seen and not to zero: a target that nobody asks does not
/// become the fastest by that.
///
/// Not kept over restarts: it is of the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency(Option<Seen>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    mean: f64,
    peak: f64,
    at: Moment,
}

impl Latency {
    /// An answer took so long.
    pub fn observe(&mut self, value: Duration, now: Moment) {
        let value = value.as_secs_f64();
        self.0 = Some(match self.0 {
            None => Seen {
                mean: value,
                peak: value,
                at: now,
            },
            Some(seen) => {
                let mean = seen.mean + (value - seen.mean) * SHARE;
                let peak = seen.decayed(now).max(value).max(mean);
                Seen {
                    mean,
                    peak,
                    at: now.max(seen.at),
                }
            }
        });
    }

    /// How long the next is expected to take; `None`: nothing was seen.
    pub fn value(&self, now: Moment) -> Option<Duration> {
        Duration::try_from_secs_f64(self.0?.decayed(now)).ok()
    }
}

impl Seen {
    fn decayed(&self, now: Moment) -> f64 {
        let idle = self.at.until(now).as_secs_f64();
        self.mean + (self.peak - self.mean) * (-idle / MEMORY.as_secs_f64()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn steady() -> Latency {
        let mut latency = Latency::default();
        (0..100).for_each(|second| latency.observe(Duration::from_millis(200), at(second)));
        latency
    }

    fn millis(latency: &Latency, second: u64) -> u128 {
        latency.value(at(second)).unwrap().as_millis()
    }

    #[test]
    fn nothing_is_not_zero() {
        assert_eq!(Latency::default().value(at(5)), None);
    }

    #[test]
    fn rises_at_once_and_falls_slowly() {
        let mut latency = steady();
        assert_eq!(millis(&latency, 100), 200);
        latency.observe(Duration::from_secs(3), at(100));
        assert_eq!(millis(&latency, 100), 3000);
        let after = millis(&latency, 110);
        assert!((1300..1500).contains(&after), "{after}");
        // The mean has taken note: 0.9 · 200 ms + 0.1 · 3 s.
        assert!((480..500).contains(&millis(&latency, 200)));
    }

    #[test]
    fn idleness_does_not_make_fast() {
        assert_eq!(millis(&steady(), 100_000), 200);
    }

    #[test]
    fn recovers_with_fast_answers() {
        let mut latency = steady();
        latency.observe(Duration::from_secs(3), at(100));
        (101..170).for_each(|second| latency.observe(Duration::from_millis(200), at(second)));
        assert!(millis(&latency, 170) < 220);
    }

    #[test]
    fn a_clock_that_stands_still_harms_nothing() {
        let mut latency = steady();
        latency.observe(Duration::from_millis(100), at(3));
        assert!(millis(&latency, 3) <= 200);
    }
}
