//! The closed loop: a fixed number of lanes, each with one call at a time.

use std::pin::pin;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::{GRACE, Lane, Tally};
use crate::http::call::Fault;

/// A lane rests so long after a bad call: a server that refuses everything must not make the bench spin.
const REST: Duration = Duration::from_millis(10);

/// Runs the loop for `time`; calls that have begun by then are finished.
pub async fn run<L: Lane>(
    connections: u32,
    time: Duration,
    lanes: &mut Vec<L>,
    new: impl Fn() -> L,
) -> Tally {
    let begin = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(worker(lanes.pop().unwrap_or_else(&new), begin, time));
    }
    let mut tally = Tally::default();
    while let Some(ended) = workers.join_next().await {
        if let Ok((lane, part)) = ended {
            lanes.push(lane);
            tally.merge(part);
        }
    }
    tally
}

async fn worker<L: Lane>(mut lane: L, begin: Instant, time: Duration) -> (L, Tally) {
    let mut tally = Tally::default();
    let end = begin + time;
    let mut limit = pin!(sleep_until(end + GRACE));
    loop {
        let start = Instant::now();
        if start >= end {
            break;
        }
        let outcome = tokio::select! {
            biased;
            outcome = lane.call(start) => outcome,
            () = &mut limit => Err(Fault::TimedOut),
        };
        let bad = outcome.is_err();
        tally.add(outcome);
        tally.elapsed = begin.elapsed();
        if bad {
            sleep(REST).await;
        }
    }
    (lane, tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::call::Timing;

    /// Takes the same time for each call; every `bad_each`-th is bad.
    struct Steady {
        takes: Duration,
        calls: u32,
        bad_each: u32,
    }

    impl Lane for Steady {
        async fn call(&mut self, start: Instant) -> Result<Timing, Fault> {
            self.calls += 1;
            sleep(self.takes).await;
            if self.calls.is_multiple_of(self.bad_each) {
                return Err(Fault::Cut);
            }
            Ok(Timing {
                first: None,
                total: start.elapsed(),
            })
        }
    }

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn each_connection_has_one_call_at_a_time() {
        let new = || Steady {
            takes: 10 * MS,
            calls: 0,
            bad_each: u32::MAX,
        };
        let mut lanes = Vec::new();
        let tally = run(3, 100 * MS, &mut lanes, new).await;
        assert_eq!(tally.totals, vec![10 * MS; 30]);
        assert_eq!((tally.bad, tally.elapsed), (0, 100 * MS));
        assert_eq!(
            lanes.iter().map(|lane| lane.calls).collect::<Vec<_>>(),
            [10, 10, 10]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_has_begun_is_finished_and_counted() {
        let new = || Steady {
            takes: 70 * MS,
            calls: 0,
            bad_each: u32::MAX,
        };
        let tally = run(1, 100 * MS, &mut Vec::new(), new).await;
        assert_eq!((tally.totals.len(), tally.elapsed), (2, 140 * MS));
    }

    #[tokio::test(start_paused = true)]
    async fn bad_calls_are_counted_have_no_time_and_do_not_spin() {
        let new = || Steady {
            takes: Duration::ZERO,
            calls: 0,
            bad_each: 1,
        };
        let tally = run(1, 100 * MS, &mut Vec::new(), new).await;
        assert!((5..=10).contains(&tally.bad), "{}", tally.bad);
        assert_eq!((tally.totals.len(), tally.fault), (0, Some(Fault::Cut)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_ends_the_load() {
        let new = || Steady {
            takes: Duration::from_secs(3600),
            calls: 0,
            bad_each: u32::MAX,
        };
        let begin = Instant::now();
        let tally = run(2, 100 * MS, &mut Vec::new(), new).await;
        assert_eq!((tally.bad, tally.fault), (2, Some(Fault::TimedOut)));
        assert!(begin.elapsed() <= GRACE + 200 * MS);
    }
}
