//! Runs the plan of one call, in a task of its own, until the client has its answer or has left.

use std::sync::Arc;

use tokio::sync::oneshot;
use wayleave_core::format::WireFormat;
use wayleave_core::gate::Gate;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::plan::{KeyChoice, Lane, Plan, PlannedStep, TooDear};
use wayleave_core::refusal::Refusal;
use wayleave_core::snapshot::Accept;
use wayleave_core::walk::{Attempt as Planned, Move, Role, Walk};

use crate::attempt::Attempt;
use crate::cache::enter::{self as cache, Company, Entered};
use crate::cache::keeper::Keeper;
use crate::cache::replay::{self, Followed};
use crate::call::Answer;
use crate::client::Client;
use crate::context::CallContext;
use crate::deliver::{self, Served};
use crate::engine::Flight;
use crate::failure::{Failure, Failures};
use crate::planning::{count_first, count_passed_over, plan_call};
use crate::race::{self, Raced};
use crate::task;

/// How far one move of the walk got.
enum Step {
    /// It failed: on with the walk.
    Next(Move),
    /// An answer is fit to be served.
    Serve(Box<Served>),
    /// The client left, and all is settled.
    Left,
}

/// Runs a call to its end. Whatever happens, every attempt is settled and the call is written.
pub(crate) async fn execute(call: Arc<CallContext>, flight: Flight, answer: oneshot::Sender<Answer>) {
    let client = Client::new(&call, answer);
    carry_out(&call, flight, client).await;
    call.flush().await;
}

async fn carry_out(call: &Arc<CallContext>, flight: Flight, client: Client) {
    let (flight, mut client, keeper) = match through_cache(call, flight, client).await {
        Through::Ask {
            flight,
            client,
            keeper,
        } => (flight, client, keeper),
        Through::Done => return,
    };
    client.share(keeper.as_deref());
    if task::classify(call, &mut client).await.is_err() {
        return deliver::left(call);
    }
    // Only now: what is known of targets may have changed while the cache was asked.
    let plan = plan_call(call);
    count_passed_over(call, &plan);
    if let Some(TooDear { expected, limit }) = plan.too_dear() {
        return deliver::refuse(call, Refusal::TooDear { expected, limit }, client).await;
    }
    if call.intake.format == WireFormat::AnthropicTokens && !is_counted_elsewhere(call, &plan) {
        return deliver::count_here(call, client).await;
    }
    count_first(call, &plan);
    let mut walk = Walk::new(&plan);
    let mut failures = Failures::new(&plan);
    let mut next = walk.first();
    loop {
        let step = match next {
            Move::Attempt(planned) => {
                attempt(call, &plan, planned, &mut walk, &mut failures, &mut client).await
            }
            Move::Race { step } => race(call, &plan, step, &mut walk, &mut failures, &mut client).await,
            Move::Stop => return deliver::fail(call, failures, client).await,
        };
        match step {
            Step::Next(after) => next = after,
            Step::Serve(served) => return deliver::serve(*served, flight, client, keeper).await,
            Step::Left => return deliver::left(call),
        }
    }
}

/// How far the cache of its route took a call.
enum Through {
    /// Its provider is to be asked.
    Ask {
        flight: Flight,
        client: Client,
        keeper: Option<Box<Keeper>>,
    },
    /// It is over.
    Done,
}

/// Takes a call through the cache of its route. Whom others have failed twice goes alone.
async fn through_cache(call: &Arc<CallContext>, mut flight: Flight, mut client: Client) -> Through {
    for company in [Company::Welcome, Company::Welcome, Company::Alone] {
        match cache::enter(call, &mut client, company).await {
            Entered::Ask(keeper) => {
                return Through::Ask {
                    flight,
                    client,
                    keeper,
                };
            }
            Entered::Follow(follower) => match replay::follow(call, follower, flight, client).await {
                Followed::Done => return Through::Done,
                Followed::TakeOver(own_flight, own_client) => (flight, client) = (own_flight, own_client),
            },
            Entered::Kept(kept) => {
                replay::serve(call, kept, flight, client).await;
                return Through::Done;
            }
            Entered::NotCached => {
                deliver::refuse(call, Refusal::NotCached, client).await;
                return Through::Done;
            }
            Entered::Left => {
                deliver::left(call);
                return Through::Done;
            }
        }
    }
    Through::Done
}

/// Whether a provider of the plan counts tokens itself.
fn is_counted_elsewhere(call: &CallContext, plan: &Plan) -> bool {
    let framing = call.intake.framing;
    plan.steps.iter().flat_map(PlannedStep::lanes).any(|lane| {
        lane.endpoint
            .upstream(call.intake.format, framing, &lane.model)
            .is_some()
    })
}

async fn attempt(
    call: &Arc<CallContext>,
    plan: &Plan,
    planned: Planned,
    walk: &mut Walk<'_>,
    failures: &mut Failures,
    client: &mut Client,
) -> Step {
    if !planned.wait.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(planned.wait) => {}
            () = client.left() => return Step::Left,
        }
    }
    let lane = plan
        .steps
        .get(planned.step)
        .and_then(|step| step.lanes().get(planned.lane));
    let Some(lane) = lane else {
        return Step::Next(Move::Stop);
    };
    let mut attempt = Attempt::new(call, lane, planned.key, 0);
    let gate = gate(call, Accept::default());
    let judged = tokio::select! {
        judged = attempt.run(&gate) => judged,
        () = client.left() => {
            settle_left(attempt, planned.role);
            return Step::Left;
        }
    };
    let Err(outcome) = judged else {
        return Step::Serve(Box::new(Served {
            attempt,
            role: planned.role,
        }));
    };
    let next = walk.after(&outcome, call.left(), fastrand::u32(0..=1000));
    if next == Move::Stop && outcome.class == Class::Empty && attempt.is_well_formed() {
        // Nobody else is to be asked: what the provider said, little as it is, is the answer.
        return Step::Serve(Box::new(Served {
            attempt,
            role: planned.role,
        }));
    }
    failures.push(Failure::of(&attempt, &outcome));
    let again =
        matches!(&next, Move::Attempt(next) if (next.step, next.lane) == (planned.step, planned.lane));
    if again {
        attempt.settle(&outcome, planned.role);
    } else {
        deliver::settle(attempt, &outcome, planned.role);
    }
    Step::Next(next)
}

async fn race(
    call: &Arc<CallContext>,
    plan: &Plan,
    step: usize,
    walk: &mut Walk<'_>,
    failures: &mut Failures,
    client: &mut Client,
) -> Step {
    let Some(PlannedStep::Race { lanes, terms }) = plan.steps.get(step) else {
        return Step::Next(Move::Stop);
    };
    match race::run(call, lanes, *terms, client).await {
        Raced::Won(attempt) => Step::Serve(Box::new(Served {
            attempt: *attempt,
            role: Role::RaceWinner,
        })),
        Raced::Left => Step::Left,
        Raced::Lost(lost) => {
            let telling = failures.extend(lost);
            Step::Next(walk.after_race(telling, call.left()))
        }
    }
}

/// The conditions under which an answer of this call may be served.
pub(crate) fn gate(call: &CallContext, accept: Accept) -> Gate<'_> {
    let slow = call.routed.rule.slow_stream.filter(|_| call.intake.stream());
    Gate {
        accept,
        slow,
        schema: call.intake.json_schema.as_ref(),
    }
}

/// Ends an attempt whose client left.
pub(crate) fn settle_left(attempt: Attempt, role: Role) {
    let outcome = attempt.outcome(Class::ClientLeft, "the client left".to_owned());
    attempt.settle(&outcome, role);
}

/// The credential that follows in a lane, after an end that another one might mend.
pub(crate) fn next_key(lane: &Lane, key: KeyChoice, outcome: &Outcome) -> Option<KeyChoice> {
    if !matches!(outcome.class, Class::AuthFailed | Class::RateLimited) {
        return None;
    }
    let place = lane.keys.iter().position(|each| *each == key)?;
    lane.keys.get(place + 1).copied()
}
