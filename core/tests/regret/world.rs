//! Targets with prices, latencies and qualities, all known, and qualities that change.

/// A class of tasks, by its place.
pub(crate) type Class = usize;

/// The world.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) targets: Vec<Target>,
    /// The share of each class in the calls.
    pub(crate) classes: Vec<f64>,
    /// The share of calls that the judge sees. Those that explore it always sees.
    pub(crate) judged: f64,
    pub(crate) min_score: f64,
}

/// A target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The mean cost of a call in ticks; `None`: nobody knows.
    pub(crate) cost: Option<i32>,
    /// The mean latency in milliseconds.
    pub(crate) latency: f64,
    /// The mean score for each class, from a call on. Ordered by the call.
    pub(crate) quality: Vec<(u32, Vec<f64>)>,
    /// The share of scores that are 0 or 1; the rest are grades that scatter by about 0.15.
    pub(crate) rough: f64,
}

/// What a call of a target brings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) latency: f64,
    pub(crate) score: f64,
}

impl World {
    pub(crate) fn new(min_score: f64, classes: &[f64]) -> Self {
        Self {
            targets: Vec::new(),
            classes: classes.to_vec(),
            judged: 0.2,
            min_score,
        }
    }

    pub(crate) fn with(mut self, cost: i32, latency: f64, quality: &[f64]) -> Self {
        self.targets.push(Target {
            cost: Some(cost),
            latency,
            quality: vec![(0, quality.to_vec())],
            rough: 0.3,
        });
        self
    }

    /// The last target has other qualities from a call on.
    pub(crate) fn then(mut self, call: u32, quality: &[f64]) -> Self {
        let last = self.targets.last_mut().unwrap();
        last.quality.push((call, quality.to_vec()));
        self
    }

    pub(crate) fn class(&self, rng: &mut fastrand::Rng) -> Class {
        let mut ball = rng.f64() * self.classes.iter().sum::<f64>();
        let found = self.classes.iter().position(|share| {
            ball -= share;
            ball < 0.0
        });
        found.unwrap_or_default()
    }

    pub(crate) fn quality(&self, target: usize, class: Class, call: u32) -> f64 {
        let spans = &self.targets[target].quality;
        spans.iter().rev().find(|(from, _)| *from <= call).unwrap().1[class]
    }

    /// The price as it is charged where nobody knows it.
    pub(crate) const UNKNOWN_COST: i32 = 1_000;

    pub(crate) fn cost(&self, target: usize) -> f64 {
        f64::from(self.targets[target].cost.unwrap_or(Self::UNKNOWN_COST))
    }

    pub(crate) fn call(&self, target: usize, class: Class, call: u32, rng: &mut fastrand::Rng) -> Answer {
        let spread = |mean: f64, rng: &mut fastrand::Rng| mean * (0.5 + rng.f64());
        let quality = self.quality(target, class, call);
        let hit = |rng: &mut fastrand::Rng| f64::from(u8::from(rng.f64() < quality));
        let score = if rng.f64() < self.targets[target].rough {
            hit(rng)
        } else {
            (0..8).map(|_| hit(rng)).sum::<f64>() / 8.0
        };
        Answer {
            latency: spread(self.targets[target].latency, rng),
            score,
        }
    }
}
