//! The engine's clocks: one that only goes forward, and the date that belongs to it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use wayleave_core::circuit::Moment;

/// Both clocks. The date follows the monotonic clock, so that tests with paused time see one time only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    date: Timestamp,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            date: Timestamp::now(),
        }
    }

    pub(crate) fn moment(&self) -> Moment {
        let start = self.date.duration_since(Timestamp::UNIX_EPOCH);
        let start = Duration::try_from(start).unwrap_or_default();
        Moment(start.saturating_add(self.start.elapsed()))
    }

    /// The date of an instant of this run.
    pub(crate) fn date(&self, at: Instant) -> Timestamp {
        let since = at.saturating_duration_since(self.start);
        self.date.saturating_add(since).unwrap_or(self.date)
    }
}
