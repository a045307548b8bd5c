//! How fast one target answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayleave_core::circuit::Moment;
use wayleave_core::evidence::{Latency, Part};

/// How an attempt ended, as far as speed goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With an answer.
    Answered(Answered),
    /// It was too slow, or given up before its first content: it would have taken longer than this.
    Slow {
        /// Whether a stream was asked for.
        streamed: bool,
        /// Since its beginning.
        waited: Duration,
    },
    /// In a way that tells nothing of its speed.
    Otherwise,
}

/// How fast an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Whether it was a stream.
    pub(crate) streamed: bool,
    /// Until its first content; all of it, where it was no stream.
    pub(crate) first: Duration,
    /// From then to its end.
    pub(crate) rest: Duration,
    /// Output tokens.
    pub(crate) tokens: u64,
}

/// What is known of one target.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Speeds {
    streamed: Speed,
    whole: Speed,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Speed {
    first: Latency,
    per_token: Latency,
}

impl Speeds {
    pub(super) fn end(&mut self, ended: Ended, now: Moment) {
        match ended {
            Ended::Answered(answered) => {
                let speed = self.speed(answered.streamed);
                speed.first.observe(answered.first, now);
                // Between tokens: the first came with the first content.
                let gaps = u32::try_from(answered.tokens)
                    .unwrap_or(u32::MAX)
                    .saturating_sub(1);
                if let (true, Some(per_token)) = (answered.streamed, answered.rest.checked_div(gaps)) {
                    speed.per_token.observe(per_token, now);
                }
            }
            Ended::Slow { streamed, waited } => {
                let first = &mut self.speed(streamed).first;
                // Only where it says more than what is known.
                if first.value(now).is_none_or(|known| known < waited) {
                    first.observe(waited, now);
                }
            }
            Ended::Otherwise => {}
        }
    }

    /// Time to first content, and time per token of a stream.
    pub(super) fn at(&self, now: Moment, streamed: bool) -> (Option<Duration>, Option<Duration>) {
        let speed = if streamed { &self.streamed } else { &self.whole };
        (speed.first.value(now), speed.per_token.value(now))
    }

    fn speed(&mut self, streamed: bool) -> &mut Speed {
        if streamed {
            &mut self.streamed
        } else {
            &mut self.whole
        }
    }
}

impl Part for Speeds {
    type Sum = Self;

    fn version(&self) -> (u64, u32) {
        self.streamed.version().max(self.whole.version())
    }

    fn add_to(&self, sum: &mut Self) {
        self.streamed.add_to(&mut sum.streamed);
        self.whole.add_to(&mut sum.whole);
    }

    fn merge(&mut self, gone: Self) {
        gone.add_to(self);
    }
}

impl Speed {
    fn version(&self) -> (u64, u32) {
        self.first.version().max(self.per_token.version())
    }

    fn add_to(&self, sum: &mut Self) {
        self.first.add_to(&mut sum.first);
        self.per_token.add_to(&mut sum.per_token);
    }
}
