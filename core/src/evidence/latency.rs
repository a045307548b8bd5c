//! How long a target takes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::replicas::Part;
use crate::circuit::Moment;

/// How long a peak is remembered: after this time a third of it is left.
const MEMORY: Duration = Duration::from_secs(10);
/// The weight of one observation in the mean: the last ten or so count.
const SHARE: f64 = 0.1;

/// A peak-sensitive moving mean, as Finagle and Linkerd use: a slow answer counts at once and in full, and is forgotten
/// over time. Unlike theirs it decays to the mean of what was seen and not to zero: a target that nobody asks does not
/// become the fastest by that.
///
/// Of several replicas the one that asked last knows best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latency(Option<Seen>);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

impl Part for Latency {
    type Sum = Self;

    fn version(&self) -> (u64, u32) {
        let at = self.0.map_or(Duration::ZERO, |seen| seen.at.0);
        (u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), 0)
    }

    fn add_to(&self, sum: &mut Self) {
        if self.0.map(|seen| seen.at) > sum.0.map(|seen| seen.at) {
            *sum = *self;
        }
    }

    fn merge(&mut self, gone: Self) {
        gone.add_to(self);
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
    use crate::evidence::Replicas;

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
    fn the_replica_that_asked_last_knows_best() {
        let (mut early, mut late) = (Latency::default(), Latency::default());
        early.observe(Duration::from_millis(100), at(5));
        late.observe(Duration::from_millis(900), at(6));
        let mut known = Replicas::default();
        known.learn("late", &late);
        known.learn("early", &early);
        known.learn("idle", &Latency::default());
        assert_eq!(known.sum(), late);
        early.merge(late);
        late.merge(Latency::default());
        assert_eq!(early, late);
        let text = serde_json::to_string(&late).unwrap();
        assert_eq!(serde_json::from_str::<Latency>(&text).unwrap(), late, "{text}");
        assert!(late.version() > Latency::default().version());
    }

    #[test]
    fn a_clock_that_stands_still_harms_nothing() {
        let mut latency = steady();
        latency.observe(Duration::from_millis(100), at(3));
        assert!(millis(&latency, 3) <= 200);
    }
}
