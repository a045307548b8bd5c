//! The open loop: calls start at fixed times, and their latency counts from the time at which they were due. A server
//! that stalls is charged for every call that it delays.

use std::pin::pin;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::{GRACE, Lane, Tally};
use crate::http::call::{Fault, Timing};

/// Calls in flight at most.
const MAX_IN_FLIGHT: usize = 256;

/// When calls are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Calls each second.
    pub per_second: u32,
    /// For how long.
    pub time: Duration,
}

impl Schedule {
    /// When each call is due, counted from the start; computed from its number, so that it does not drift.
    pub fn due(self) -> impl Iterator<Item = Duration> {
        let second = Duration::from_secs(1);
        (0..)
            .map(move |number: u32| second * number / self.per_second.max(1))
            .take_while(move |due| *due < self.time)
    }
}

type Ended<L> = Result<(L, Result<Timing, Fault>), JoinError>;

/// Runs the schedule; `wait` returns at the instant it is given, or as soon after as it can.
pub async fn run<L: Lane>(
    schedule: Schedule,
    lanes: &mut Vec<L>,
    new: impl Fn() -> L,
    mut wait: impl AsyncFnMut(Instant),
) -> Tally {
    let begin = Instant::now();
    let mut tally = Tally::default();
    let mut calls = JoinSet::new();
    let settle = |ended: Ended<L>, tally: &mut Tally, lanes: &mut Vec<L>| {
        if let Ok((lane, outcome)) = ended {
            lanes.push(lane);
            tally.add(outcome);
            tally.elapsed = begin.elapsed();
        }
    };
    for due in schedule.due() {
        let due = begin + due;
        let mut waiting = pin!(wait(due));
        loop {
            tokio::select! {
                biased;
                () = &mut waiting => break,
                Some(ended) = calls.join_next() => settle(ended, &mut tally, lanes),
            }
        }
        if calls.len() >= MAX_IN_FLIGHT {
            tally.add(Err(Fault::Overrun));
            continue;
        }
        let mut lane = lanes.pop().unwrap_or_else(&new);
        calls.spawn(async move {
            let outcome = lane.call(due).await;
            (lane, outcome)
        });
    }
    let limit = begin + schedule.time + GRACE;
    while let Ok(Some(ended)) = timeout_at(limit, calls.join_next()).await {
        settle(ended, &mut tally, lanes);
    }
    for _ in 0..calls.len() {
        tally.add(Err(Fault::TimedOut));
    }
    tally.elapsed = tally.elapsed.max(schedule.time);
    tally
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Mutex;
    use tokio::time::{sleep, sleep_until};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A server with one worker: calls queue for it. The call with the number `stall` takes `stalls`, others 1 ms.
    #[derive(Clone)]
    struct Server {
        worker: Arc<Mutex<u32>>,
        open: Arc<AtomicU32>,
        stall: u32,
        stalls: Duration,
    }

    impl Server {
        fn new(stall: u32, stalls: Duration) -> Self {
            Self {
                worker: Arc::default(),
                open: Arc::default(),
                stall,
                stalls,
            }
        }

        fn connect(&self) -> Self {
            self.open.fetch_add(1, Ordering::Relaxed);
            self.clone()
        }
    }

    impl Lane for Server {
        async fn call(&mut self, start: Instant) -> Result<Timing, Fault> {
            let mut number = self.worker.lock().await;
            sleep(if *number == self.stall { self.stalls } else { MS }).await;
            *number += 1;
            Ok(Timing {
                first: None,
                total: start.elapsed(),
            })
        }
    }

    async fn load(server: &Server, per_second: u32, time: Duration) -> Tally {
        let schedule = Schedule { per_second, time };
        run(
            schedule,
            &mut Vec::new(),
            || server.connect(),
            async |due| sleep_until(due).await,
        )
        .await
    }

    #[test]
    fn the_schedule_does_not_drift() {
        let due: Vec<_> = Schedule {
            per_second: 3,
            time: Duration::from_secs(2),
        }
        .due()
        .collect();
        assert_eq!(due.len(), 6);
        assert_eq!(due[3], Duration::from_secs(1));
        assert_eq!(due[4], Duration::from_nanos(1_333_333_333));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_start_when_they_are_due() {
        let server = Server::new(u32::MAX, MS);
        let tally = load(&server, 100, Duration::from_secs(1)).await;
        assert_eq!(tally.totals, vec![MS; 100]);
        assert_eq!((tally.bad, tally.elapsed), (0, Duration::from_secs(1)));
        assert_eq!(
            server.open.load(Ordering::Relaxed),
            1,
            "one connection is enough and is used again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_charged_to_every_call_that_it_delays() {
        let server = Server::new(0, 100 * MS);
        let tally = load(&server, 100, 200 * MS).await;
        // Call n is due at 10 n ms and answered at 100 + n ms, until the queue is gone.
        let expected: Vec<_> = (0..20)
            .map(|n: u32| if n <= 11 { (100 - 9 * n) * MS } else { MS })
            .collect();
        assert_eq!(tally.totals, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_without_an_answer_are_bad_and_the_load_ends() {
        let server = Server::new(5, Duration::from_secs(3600));
        let begin = Instant::now();
        let tally = load(&server, 100, 100 * MS).await;
        assert_eq!(
            (tally.totals.len(), tally.bad, tally.fault),
            (5, 5, Some(Fault::TimedOut))
        );
        assert!(begin.elapsed() <= GRACE + 200 * MS);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_in_flight_are_bounded() {
        let server = Server::new(0, Duration::from_secs(3600));
        let tally = load(&server, 1000, Duration::from_secs(1)).await;
        assert_eq!((tally.bad, tally.fault), (1000, Some(Fault::Overrun)));
        assert_eq!(server.open.load(Ordering::Relaxed), 256);
    }
}
