//! Answers are judged behind their clients' backs, after those have them: nobody waits for it, and whatever fails here
//! changes no answer and no score.
//!
//! ```text
//! answer served ──hearing──► (turn) ──► other arms' answers ──► the judge ──► scores
//!                    └─ no room, no money: counted, and that is all
//! ```

mod aside;
mod course;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use wayleave_core::evidence::best::Reason;
use wayleave_core::experiment::assign::is_sampled;
use wayleave_core::format::WireFormat;
use wayleave_core::judge::budget::{Budget, Refused, Reservation};
use wayleave_core::judge::case::MOST_BODY;
use wayleave_core::judge::judgements::{Judged, Judgements};
use wayleave_core::judge::prompt::MOST_ANSWER;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::plan::Lane;
use wayleave_core::table::ActiveJudge;

use self::course::Answer;
pub(crate) use self::course::Hearing;
use crate::attempt::Attempt;
use crate::clock::Clock;
use crate::context::CallContext;
use crate::engine::Core;
use crate::evidence::Name;
use crate::learned::{Learned, Shared};

/// Answers that wait to be judged, or are, at most. Each holds its request.
const ROOM: usize = 128;
/// Those that are judged at once.
const AT_ONCE: usize = 8;
/// Bytes of an answer that are kept for the judge: what it is shown at most, of any script.
pub(crate) const MOST_TRANSCRIPT: usize = MOST_ANSWER * 4;

/// Judges, and what they may spend.
#[derive(Debug)]
pub(crate) struct Judging {
    clock: Clock,
    budgets: Arc<Shared<Budget>>,
    judgements: Arc<Shared<Judgements>>,
    room: Arc<Semaphore>,
    turns: Semaphore,
}

impl Judging {
    pub(crate) fn new(clock: Clock, learned: &mut Learned) -> Self {
        Self {
            clock,
            budgets: learned.table("budgets"),
            judgements: learned.table("judgements"),
            room: Arc::new(Semaphore::new(ROOM)),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// Whether the answer of this lane is going to be judged, if it is served. Only what is said is.
    pub(crate) fn wants(call: &CallContext, lane: &Lane) -> bool {
        let Some(judge) = &lane.judge else { return false };
        let is_said = match call.intake.format {
            WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => false,
            WireFormat::OpenAIChat
            | WireFormat::OpenAIResponses
            | WireFormat::OpenAICompletions
            | WireFormat::AnthropicMessages
            | WireFormat::GeminiGenerate
            | WireFormat::BedrockConverse => true,
        };
        if !is_said || call.intake.body().len() > MOST_BODY {
            return false;
        }
        let open = match (&call.routed.rule.experiment, lane.arm) {
            (Some(experiment), Some(_)) => call.core.experiments.is_open(experiment),
            (Some(_), None) | (None, _) => true,
        };
        let share = f64::from(judge.spec.sample.millionths()) / 1e6;
        open && (lane.standing == Some(Reason::Exploring) || is_sampled(&judge.name, &call.id, share))
    }

    /// The answer that an attempt ended with, if it is to be judged. Before the attempt is settled.
    pub(crate) fn hearing(attempt: &Attempt, outcome: &Outcome) -> Option<Hearing> {
        let judge = attempt.lane.judge.as_ref().filter(|_| attempt.is_heard())?;
        let served = attempt.served_model();
        // Models that clients name freely, or that a provider chooses: none judges itself.
        let own = served.as_deref() == Some(&*judge.spec.model) || attempt.lane.model == judge.spec.model;
        if outcome.class != Class::Ok || own {
            return None;
        }
        Some(Hearing {
            call: Arc::clone(&attempt.call),
            judge: Arc::clone(judge),
            answer: Answer {
                name: Name::new(&attempt.lane.target.provider, &attempt.lane.model),
                text: attempt.tally()?.text.clone(),
                tried: attempt.tried(),
            },
        })
    }

    /// Judges an answer when it is its turn. Comes back at once.
    pub(crate) fn judge(&self, hearing: Hearing) {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            return self.note(&hearing.call, &hearing.judge, Judged::Dropped);
        };
        let core = Arc::clone(&hearing.call.core);
        core.metrics.experiments().behind(1);
        core.tasks.clone().spawn(async move {
            wait_and_hold(&core, hearing).await;
            core.metrics.experiments().behind(-1);
            drop(room);
        });
    }

    /// Takes down what became of one.
    pub(crate) fn note(&self, call: &CallContext, judge: &ActiveJudge, judged: Judged) {
        self.judgements
            .observe(&judge.name, |judgements| judgements.observe(judged));
        let metrics = call.core.metrics.experiments();
        metrics.judged(call.route_label(), judged);
    }

    /// Sets money aside.
    pub(crate) fn reserve(&self, judge: &ActiveJudge, most: Option<Ticks>) -> Result<Reservation, Refused> {
        let now = self.clock.date(Instant::now());
        let all = self.budgets.sum(&judge.name).on(now);
        self.budgets.observe(&judge.name, |budget| {
            let others = all.get().saturating_sub(budget.claimed(now).get()).max(0);
            let cap = judge.spec.max_cost_per_day.get().saturating_sub(others);
            budget.reserve(most, Ticks::new(cap), now)
        })
    }

    /// The call that it was set aside for is over.
    pub(crate) fn settle(&self, judge: &ActiveJudge, reservation: Reservation, cost: Option<Ticks>) {
        self.budgets
            .observe(&judge.name, |budget| budget.settle(reservation, cost));
    }

    /// What all replicas have spent today, and what became of the judgements.
    pub(crate) fn account(&self, judge: &ActiveJudge) -> (Ticks, BTreeMap<Judged, u64>) {
        let now = self.clock.date(Instant::now());
        let spent = self.budgets.sum(&judge.name).on(now);
        (spent, self.judgements.sum(&judge.name))
    }
}

/// One at a time of those that wait, unless the gateway stops before.
async fn wait_and_hold(core: &Core, hearing: Hearing) {
    let turn = tokio::select! {
        turn = core.judging.turns.acquire() => turn,
        () = core.hurry.cancelled() => {
            return core.judging.note(&hearing.call, &hearing.judge, Judged::Dropped);
        }
    };
    hearing.hold().await;
    drop(turn);
}
