//! The way through a plan: after each attempt, what comes next. Pure: waits and times are told, and given back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::{Class, Outcome};
use crate::plan::{KeyChoice, Lane, Plan, PlannedStep};
use crate::snapshot::Retry;

/// What part an attempt plays in its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The first.
    Primary,
    /// The same target again, perhaps with another credential.
    Retry,
    /// Another target.
    Fallback,
    /// A lane of a race that was served.
    RaceWinner,
    /// A lane of a race that was not.
    RaceLoser,
    /// No request: a kept answer was served.
    CacheHit,
    /// No request: the answer to an equal call in flight was served.
    Coalesced,
    /// The embedding that a lookup by meaning goes by.
    Embedding,
    /// An answer that no client sees: it is made to be judged.
    Shadow,
    /// What scores an answer.
    Judge,
    /// What the class of a call is found by: embeddings, or a model's answer.
    Classifier,
}

impl Role {
    /// As it stands in the ledger and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::RaceWinner => "race-winner",
            Self::RaceLoser => "race-loser",
            Self::CacheHit => "cache-hit",
            Self::Coalesced => "coalesced",
            Self::Embedding => "embedding",
            Self::Shadow => "shadow",
            Self::Judge => "judge",
            Self::Classifier => "classifier",
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Try this.
    Attempt(Attempt),
    /// Run the race of this step.
    Race {
        /// The step's place in the plan.
        step: usize,
    },
    /// Nothing more is to be tried.
    Stop,
}

/// One attempt of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The step's place in the plan.
    pub step: usize,
    /// The lane's place in the step.
    pub lane: usize,
    /// The credential.
    pub key: KeyChoice,
    /// Its part.
    pub role: Role,
    /// How long to wait before it.
    pub wait: Duration,
}

/// The way through one plan.
#[derive(Clone, Debug)]
pub struct Walk<'p> {
    plan: &'p Plan,
    step: usize,
    lane: usize,
    key: usize,
    /// Tries of the present lane that count as retries.
    retries: u32,
}

impl<'p> Walk<'p> {
    /// At the beginning of a plan.
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            step: 0,
            lane: 0,
            key: 0,
            retries: 0,
        }
    }

    /// The first move.
    pub fn first(&self) -> Move {
        self.enter(Role::Primary)
    }

    /// The move after an attempt of a chain. `left` is the time until the call's deadline, `jitter` a random number
    /// in 0..=1000.
    pub fn after(&mut self, outcome: &Outcome, left: Duration, jitter: u32) -> Move {
        if left.is_zero() {
            return Move::Stop;
        }
        match outcome.class {
            Class::AuthFailed | Class::RateLimited if self.has_next_key() => {
                self.key += 1;
                self.again(Duration::ZERO)
            }
            Class::RateLimited if !self.has_elsewhere(outcome.class) => {
                self.retry_rate_limited(outcome, left, jitter)
            }
            Class::ServerError | Class::Network if self.retries < self.plan.rule.retry.attempts => {
                let wait = backoff(self.plan.rule.retry, self.retries, jitter);
                if wait >= left {
                    return self.next_lane(outcome.class);
                }
                self.retries += 1;
                self.again(wait)
            }
            Class::Ok
            | Class::Caller
            | Class::ContextLength
            | Class::ContentFilter
            | Class::AuthFailed
            | Class::RateLimited
            | Class::ServerError
            | Class::Network
            | Class::Timeout
            | Class::SlowStream
            | Class::Empty
            | Class::Malformed
            | Class::Refused
            | Class::NotJson
            | Class::Cut
            | Class::ClientLeft
            | Class::LostRace
            | Class::Unsupported
            | Class::Unusable => self.next_lane(outcome.class),
        }
    }

    /// The move after a race that nobody won. `telling` is the class of its most telling failure.
    pub fn after_race(&mut self, telling: Class, left: Duration) -> Move {
        let goes_on = !left.is_zero() && self.plan.rule.fallback_on.allows(telling);
        if goes_on { self.next_step() } else { Move::Stop }
    }

    /// With nowhere else to go, the limit is waited for: if the provider says for how long, and it is bearable.
    fn retry_rate_limited(&mut self, outcome: &Outcome, left: Duration, jitter: u32) -> Move {
        let retry = self.plan.rule.retry;
        let wait = outcome
            .retry_after
            .unwrap_or_else(|| backoff(retry, self.retries, jitter));
        if self.retries >= retry.attempts || wait > retry.max_backoff || wait >= left {
            return Move::Stop;
        }
        self.retries += 1;
        self.again(wait)
    }

    fn again(&self, wait: Duration) -> Move {
        self.attempt(Role::Retry, wait)
    }

    fn next_lane(&mut self, class: Class) -> Move {
        if !self.plan.rule.fallback_on.allows(class) {
            return Move::Stop;
        }
        if self.lane + 1 < self.step_lanes().len() {
            self.lane += 1;
            self.key = 0;
            self.retries = 0;
            return self.attempt(Role::Fallback, Duration::ZERO);
        }
        self.next_step()
    }

    fn next_step(&mut self) -> Move {
        self.step += 1;
        self.lane = 0;
        self.key = 0;
        self.retries = 0;
        self.enter(Role::Fallback)
    }

    fn enter(&self, role: Role) -> Move {
        match self.plan.steps.get(self.step) {
            Some(PlannedStep::Chain(_)) => self.attempt(role, Duration::ZERO),
            Some(PlannedStep::Race { .. }) => Move::Race { step: self.step },
            None => Move::Stop,
        }
    }

    fn attempt(&self, role: Role, wait: Duration) -> Move {
        let key = self.present().and_then(|lane| lane.keys.get(self.key)).copied();
        match key {
            Some(key) => Move::Attempt(Attempt {
                step: self.step,
                lane: self.lane,
                key,
                role,
                wait,
            }),
            None => Move::Stop,
        }
    }

    fn step_lanes(&self) -> &'p [Lane] {
        self.plan.steps.get(self.step).map_or(&[], PlannedStep::lanes)
    }

    fn present(&self) -> Option<&'p Lane> {
        self.step_lanes().get(self.lane)
    }

    fn has_next_key(&self) -> bool {
        self.present().is_some_and(|lane| self.key + 1 < lane.keys.len())
    }

    /// Whether another target may be tried after this.
    fn has_elsewhere(&self, class: Class) -> bool {
        let next = self.lane + 1 < self.step_lanes().len() || self.step + 1 < self.plan.steps.len();
        next && self.plan.rule.fallback_on.allows(class)
    }
}

/// The wait before retry number `retry` (from 0): doubled each time up to the longest, ±20 %.
fn backoff(policy: Retry, retry: u32, jitter: u32) -> Duration {
    let base = policy
        .backoff
        .saturating_mul(2_u32.saturating_pow(retry))
        .min(policy.max_backoff);
    base.saturating_mul(800 + jitter.min(1000) * 2 / 5) / 1000
}

/// Which of several failures tells the client most: the caller's own fault, then a rate limit, then a refused
/// credential, then a provider's error, then a timeout. Of equals the first.
pub fn most_telling(classes: &[Class]) -> Option<usize> {
    let rank = |class: Class| match class {
        Class::Caller => 0,
        Class::ContextLength | Class::ContentFilter => 1,
        Class::RateLimited => 2,
        Class::AuthFailed => 3,
        Class::ServerError
        | Class::Malformed
        | Class::Empty
        | Class::Refused
        | Class::NotJson
        | Class::Cut => 4,
        Class::Network => 5,
        Class::Timeout | Class::SlowStream => 6,
        Class::Unsupported => 7,
        Class::Unusable => 8,
        Class::LostRace | Class::ClientLeft | Class::Ok => 9,
    };
    (0..classes.len()).min_by_key(|index| classes.get(*index).map(|class| rank(*class)))
}

#[cfg(test)]
mod tests;
