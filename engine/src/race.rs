//! Several lanes at once; the first acceptable answer is served.
//!
//! A lane's future gives its attempt back however it ends, also when it is called off: the attempt is then aborted, or
//! drained where aborting would not stop the bill.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wayleave_core::gate::Gate;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::plan::{KeyChoice, Lane};
use wayleave_core::snapshot::{Accept, Losers};
use wayleave_core::table::RaceTerms;
use wayleave_core::vendor::AbortBilling;
use wayleave_core::walk::Role;

use crate::attempt::{Attempt, Next};
use crate::client::Client;
use crate::context::CallContext;
use crate::executor::{self, gate, settle_left};
use crate::failure::Failure;
use crate::metrics::LaneEnd;

/// The longest that a loser is drained, whatever the call's own deadline.
const LONGEST_DRAIN: Duration = Duration::from_secs(120);

/// How a race ended.
pub(crate) enum Raced {
    /// An acceptable answer. The other lanes are called off.
    Won(Box<Attempt>),
    /// All lanes failed.
    Lost(Vec<Failure>),
    /// The client left. All lanes are called off.
    Left,
}

/// How a lane ended.
enum LaneResult {
    Acceptable(Attempt),
    Failed(Failed),
    CalledOff(Attempt),
}

/// A lane that failed with every credential it could try.
struct Failed {
    attempt: Attempt,
    outcome: Outcome,
    /// Those with the credentials before, settled already.
    earlier: Vec<Failure>,
}

/// Runs a race to its winner.
pub(crate) async fn run(
    call: &Arc<CallContext>,
    lanes: &[Lane],
    terms: RaceTerms,
    client: &mut Client,
) -> Raced {
    let mut race = Race {
        call,
        terms,
        called_off: CancellationToken::new(),
        failures: Vec::new(),
    };
    let mut running = FuturesUnordered::new();
    let mut waiting = lanes.iter().zip(0_u32..).peekable();
    let mut next_start = Instant::now();
    loop {
        let in_time = !call.left().is_zero();
        while in_time && waiting.peek().is_some() && (next_start <= Instant::now() || running.is_empty()) {
            if let Some((lane, number)) = waiting.next() {
                running.push(race.lane(lane, number));
                next_start = Instant::now() + terms.stagger;
            }
        }
        let ended = tokio::select! {
            ended = running.next() => ended,
            () = tokio::time::sleep_until(next_start), if in_time && waiting.peek().is_some() => continue,
            () = client.left() => {
                race.called_off.cancel();
                while let Some(ended) = running.next().await {
                    ended.settle_left();
                }
                return Raced::Left;
            }
        };
        match ended {
            Some(LaneResult::Acceptable(winner)) => {
                race.count(LaneEnd::Won);
                race.called_off.cancel();
                while let Some(loser) = running.next().await {
                    race.lose(loser);
                }
                return Raced::Won(Box::new(winner));
            }
            Some(LaneResult::Failed(failed)) => {
                race.fail(failed);
                // A failed lane makes room at once.
                next_start = Instant::now();
            }
            // Nobody calls lanes off before there is a winner.
            Some(LaneResult::CalledOff(attempt)) => settle_left(attempt, Role::RaceLoser),
            None if !in_time || waiting.peek().is_none() => return Raced::Lost(race.failures),
            None => {}
        }
    }
}

struct Race<'r> {
    call: &'r Arc<CallContext>,
    terms: RaceTerms,
    called_off: CancellationToken,
    failures: Vec<Failure>,
}

impl Race<'_> {
    /// One lane, with one credential after the other where that may mend it.
    fn lane(&self, lane: &Lane, number: u32) -> impl Future<Output = LaneResult> + use<> {
        let call = Arc::clone(self.call);
        let lane = lane.clone();
        let called_off = self.called_off.clone();
        let accept = self.terms.accept;
        async move {
            let gate = gate(&call, accept);
            let mut key = lane.keys.first().copied().unwrap_or(KeyChoice::Keyless);
            let mut earlier = Vec::new();
            loop {
                let mut attempt = Attempt::new(&call, &lane, key, number);
                let judged = tokio::select! {
                    biased;
                    judged = attempt.run(&gate) => judged,
                    () = called_off.cancelled() => return LaneResult::CalledOff(attempt),
                };
                let Err(outcome) = judged else {
                    return LaneResult::Acceptable(attempt);
                };
                let over = called_off.is_cancelled() || call.left().is_zero();
                match executor::next_key(&lane, key, &outcome).filter(|_| !over) {
                    Some(next) => key = next,
                    None => {
                        return LaneResult::Failed(Failed {
                            attempt,
                            outcome,
                            earlier,
                        });
                    }
                }
                earlier.push(Failure::of(&attempt, &outcome));
                attempt.settle(&outcome, Role::RaceLoser);
            }
        }
    }

    fn fail(&mut self, failed: Failed) {
        self.count(LaneEnd::Failed);
        self.failures.extend(failed.earlier);
        self.failures.push(Failure::of(&failed.attempt, &failed.outcome));
        failed.attempt.settle(&failed.outcome, Role::RaceLoser);
    }

    /// A lane that ended after the winner: it failed by itself, or it lost.
    fn lose(&mut self, ended: LaneResult) {
        let attempt = match ended {
            LaneResult::Failed(failed) => return self.fail(failed),
            LaneResult::Acceptable(attempt) | LaneResult::CalledOff(attempt) => attempt,
        };
        self.count(LaneEnd::Lost);
        if drains(self.terms.losers, &attempt) {
            // The book waits for it; the client does not.
            let core = Arc::clone(&self.call.core);
            core.tasks.spawn(drain(attempt));
        } else {
            settle_lost(attempt);
        }
    }

    fn count(&self, end: LaneEnd) {
        self.call.core.metrics.lane(&self.call.route_label(), end);
    }
}

impl LaneResult {
    /// Ends a lane whose client left. One that had failed by then has failed.
    fn settle_left(self) {
        match self {
            Self::Acceptable(attempt) | Self::CalledOff(attempt) => settle_left(attempt, Role::RaceLoser),
            Self::Failed(failed) => {
                failed.attempt.settle(&failed.outcome, Role::RaceLoser);
            }
        }
    }
}

/// Whether reading on costs nothing more than aborting, and tells the usage.
fn drains(losers: Losers, attempt: &Attempt) -> bool {
    let runs_on = match attempt.lane.endpoint.vendor.abort {
        AbortBilling::Stops => false,
        AbortBilling::StopsStreams => !attempt.call.intake.stream(),
        AbortBilling::RunsOn => true,
    };
    match losers {
        Losers::Abort => false,
        Losers::Drain => true,
        Losers::Auto => runs_on,
    }
}

/// Reads a loser to its end, for the usage only.
async fn drain(mut attempt: Attempt) {
    let whole = Gate {
        accept: Accept::default(),
        slow: None,
        schema: None,
    };
    let core = Arc::clone(&attempt.call.core);
    let read = async {
        if attempt.run(&whole).await.is_err() {
            return;
        }
        loop {
            match attempt.next().await {
                Next::Bytes(_) => {}
                Next::End(_) | Next::Broken(_) => return,
            }
        }
    };
    // What is not over by then is estimated.
    tokio::select! {
        _ = tokio::time::timeout(LONGEST_DRAIN, read) => {}
        () = core.hurry.cancelled() => {}
    }
    let call = Arc::clone(&attempt.call);
    settle_lost(attempt);
    call.flush().await;
}

fn settle_lost(attempt: Attempt) {
    let outcome = attempt.outcome(Class::LostRace, "another lane won".to_owned());
    attempt.settle(&outcome, Role::RaceLoser);
}
