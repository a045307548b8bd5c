//! How fast one target answers, and how many calls it has.

use std::time::Duration;

use wayleave_core::circuit::Moment;
use wayleave_core::evidence::Latency;

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
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Track {
    in_flight: u32,
    streamed: Speed,
    whole: Speed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Speed {
    first: Latency,
    per_token: Latency,
}

impl Track {
    pub(super) const fn is_busy(&self) -> bool {
        self.in_flight > 0
    }

    pub(super) fn begin(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    pub(super) fn end(&mut self, ended: Ended, now: Moment) {
        self.in_flight = self.in_flight.saturating_sub(1);
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

    /// Time to first content, time per token of a stream, and calls in flight.
    pub(super) fn at(&self, now: Moment, streamed: bool) -> (Option<Duration>, Option<Duration>, u32) {
        let speed = if streamed { &self.streamed } else { &self.whole };
        (speed.first.value(now), speed.per_token.value(now), self.in_flight)
    }

    fn speed(&mut self, streamed: bool) -> &mut Speed {
        if streamed {
            &mut self.streamed
        } else {
            &mut self.whole
        }
    }
}
