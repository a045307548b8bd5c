//! Load on a server: a closed loop (each connection sends its next call when the last one is answered) or an open loop
//! (calls start at fixed times, whether or not the server keeps up).

pub mod closed;
pub mod open;
pub mod timer;

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::http::call::{Fault, Timing};

/// How long after the end of a load its last calls may take.
pub const GRACE: Duration = Duration::from_secs(5);

/// The shape of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each connection has one call at a time.
    Closed {
        /// How many connections.
        connections: u32,
    },
    /// Calls start at fixed times.
    Open {
        /// How many each second.
        per_second: u32,
    },
}

/// What carries one call at a time; a connection, or a stand-in for it in tests.
pub trait Lane: Send + 'static {
    /// Does one call; its times count from `start`.
    fn call(&mut self, start: Instant) -> impl Future<Output = Result<Timing, Fault>> + Send;
}

/// What a load has measured. Bad calls have no times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The time that each good call took.
    pub totals: Vec<Duration>,
    /// The time until its first real content, for each good stream.
    pub firsts: Vec<Duration>,
    /// Calls that were not answered as expected.
    pub bad: u32,
    /// What was wrong with the first bad call.
    pub fault: Option<Fault>,
    /// From the start of the load to the end of its last call.
    pub elapsed: Duration,
}

impl Tally {
    /// Counts one call.
    pub fn add(&mut self, outcome: Result<Timing, Fault>) {
        match outcome {
            Ok(timing) => {
                self.totals.push(timing.total);
                self.firsts.extend(timing.first);
            }
            Err(fault) => {
                self.bad += 1;
                self.fault = self.fault.or(Some(fault));
            }
        }
    }

    /// Adds what another lane of the same load has measured.
    pub fn merge(&mut self, other: Self) {
        self.totals.extend(other.totals);
        self.firsts.extend(other.firsts);
        self.bad += other.bad;
        self.fault = self.fault.or(other.fault);
        self.elapsed = self.elapsed.max(other.elapsed);
    }
}

/// Puts a load on a server for some time. `lanes` are used and come back, so that a warm-up can hand its connections to
/// the measurement; `new` makes those that are missing.
///
/// # Errors
/// When the timer of the open loop cannot be made.
pub async fn run<L: Lane>(
    shape: Shape,
    time: Duration,
    lanes: &mut Vec<L>,
    new: impl Fn() -> L,
) -> std::io::Result<Tally> {
    match shape {
        Shape::Closed { connections } => Ok(closed::run(connections, time, lanes, new).await),
        Shape::Open { per_second } => {
            let mut timer = timer::Timer::new()?;
            let schedule = open::Schedule { per_second, time };
            Ok(open::run(schedule, lanes, new, async |due| timer.wait(due).await).await)
        }
    }
}
