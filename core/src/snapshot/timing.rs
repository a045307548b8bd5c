//! How long a call may take, and how often a target is tried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Further tries of one target after a server or network error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries after the first.
    pub attempts: u32,
    /// Wait before the first of them; doubles each time, ±20 %.
    pub backoff: Duration,
    /// The longest wait.
    pub max_backoff: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 0,
            backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(5),
        }
    }
}

/// The clocks of a call. Each is a reason to fall back, with a class of its own in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the first content of a stream. A call that is not streamed has all its content at its end, so this
    /// clock runs for it only where the route sets it: see [`Timeouts::first_content_unstreamed`].
    pub first_content: Duration,
    /// Whether the route sets `first_content` itself.
    pub first_content_set: bool,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// For the whole call, all attempts together.
    pub total: Duration,
}

impl Timeouts {
    /// Until the whole content of an answer that is not streamed.
    pub fn first_content_unstreamed(&self) -> Duration {
        if self.first_content_set {
            self.first_content
        } else {
            self.total
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            first_content: Duration::from_secs(15),
            first_content_set: false,
            idle: Duration::from_secs(30),
            total: Duration::from_secs(600),
        }
    }
}

/// When a stream counts as too slow to be served. It is judged before the commit point, so the first `window` of
/// the stream is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowStream {
    /// Characters of output per second.
    pub min_characters_per_second: u32,
    /// Measured over this time from the first content.
    pub window: Duration,
}
