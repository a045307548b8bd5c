//! The health of one credential, or of one model behind it, as a value. Time is told, never asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::{Class, Outcome};

/// A point on the engine's clock, which only goes forward: time since 1970, as the date was when the engine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub Duration);

impl Moment {
    /// Later by `wait`.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// How long until `later`; zero if it is past.
    pub fn until(self, later: Self) -> Duration {
        later.0.saturating_sub(self.0)
    }
}

/// Failures in a row that open a circuit.
const FAILURES_TO_OPEN: u32 = 5;
/// How long a circuit stays open the first time; doubles each time a probe fails.
const FIRST_COOLDOWN: Duration = Duration::from_secs(5);
/// The longest that failures keep a circuit open.
const LONGEST_COOLDOWN: Duration = Duration::from_secs(60);
/// How long a refused credential is left alone: a new one comes through a configuration change.
const AUTH_COOLDOWN: Duration = Duration::from_secs(60);
/// How long a rate-limited one is left alone where the provider does not say.
const RATE_COOLDOWN: Duration = Duration::from_secs(5);
/// A probe that has not reported by then is taken for lost.
const PROBE_PATIENCE: Duration = Duration::from_secs(60);

/// A circuit breaker, half-open with one probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    state: State,
    /// How long failures keep it open next time.
    cooldown: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Moment },
    HalfOpen { since: Moment },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Circuit {
    /// Whether a call may pass. One whose cooldown is over takes a single probe.
    pub fn admits(&self, now: Moment) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } => now >= until,
            State::HalfOpen { since } => now >= since.after(PROBE_PATIENCE),
        }
    }

    /// A call passes.
    pub fn begin(&mut self, now: Moment) {
        if !matches!(self.state, State::Closed { .. }) {
            self.state = State::HalfOpen { since: now };
        }
    }

    /// How the call ended. An end that says nothing of the provider (the client left, another lane won) feeds nothing
    /// but returns the probe.
    pub fn observe(&mut self, outcome: &Outcome, now: Moment) {
        match Effect::of(outcome.class) {
            Effect::Alive => *self = Self::default(),
            Effect::Nothing => {
                if matches!(self.state, State::HalfOpen { .. }) {
                    self.state = State::Open { until: now };
                }
            }
            Effect::LeaveAlone(default) => match outcome.retry_after.unwrap_or(default) {
                Duration::ZERO => *self = Self::default(),
                wait => {
                    self.state = State::Open {
                        until: now.after(wait),
                    }
                }
            },
            Effect::Failure => self.fail(now),
        }
    }

    fn fail(&mut self, now: Moment) {
        let failures = match self.state {
            State::Closed { failures } => failures.saturating_add(1),
            State::HalfOpen { .. } => FAILURES_TO_OPEN,
            // It was under way when the circuit opened, and tells nothing new.
            State::Open { .. } => return,
        };
        if failures < FAILURES_TO_OPEN {
            self.state = State::Closed { failures };
            return;
        }
        let cooldown = self.cooldown.max(FIRST_COOLDOWN);
        self.state = State::Open {
            until: now.after(cooldown),
        };
        self.cooldown = cooldown.saturating_mul(2).min(LONGEST_COOLDOWN);
    }
}

/// What an end says of the provider.
enum Effect {
    Alive,
    Nothing,
    LeaveAlone(Duration),
    Failure,
}

impl Effect {
    const fn of(class: Class) -> Self {
        match class {
            Class::Ok
            | Class::Caller
            | Class::ContextLength
            | Class::ContentFilter
            | Class::Refused
            | Class::NotJson => Self::Alive,
            Class::AuthFailed => Self::LeaveAlone(AUTH_COOLDOWN),
            Class::RateLimited => Self::LeaveAlone(RATE_COOLDOWN),
            Class::ServerError
            | Class::Network
            | Class::Timeout
            | Class::Empty
            | Class::Malformed
            | Class::Cut => Self::Failure,
            Class::SlowStream
            | Class::ClientLeft
            | Class::LostRace
            | Class::Unsupported
            | Class::Unusable => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn ended(class: Class) -> Outcome {
        Outcome {
            class,
            status: None,
            retry_after: None,
            message: String::new(),
        }
    }

    fn opened() -> Circuit {
        let mut circuit = Circuit::default();
        for _ in 0..FAILURES_TO_OPEN {
            assert!(circuit.admits(at(0)));
            circuit.begin(at(0));
            circuit.observe(&ended(Class::ServerError), at(0));
        }
        circuit
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let mut circuit = Circuit::default();
        for _ in 0..20 {
            circuit.observe(&ended(Class::ServerError), at(0));
            circuit.observe(&ended(Class::Caller), at(0));
        }
        assert!(circuit.admits(at(0)));
        assert!(!opened().admits(at(4)));
        assert!(opened().admits(at(5)));
    }

    #[test]
    fn what_was_under_way_when_it_opened_does_not_keep_it_open_longer() {
        let mut circuit = opened();
        for _ in 0..50 {
            circuit.observe(&ended(Class::ServerError), at(1));
        }
        assert_eq!(circuit, opened());
    }

    #[test]
    fn half_open_takes_one_probe() {
        let mut circuit = opened();
        circuit.begin(at(5));
        assert!(!circuit.admits(at(5)));
        circuit.observe(&ended(Class::Ok), at(6));
        assert!(circuit.admits(at(6)));
    }

    #[test]
    fn a_failed_probe_doubles_the_cooldown() {
        let mut circuit = opened();
        circuit.begin(at(5));
        circuit.observe(&ended(Class::Timeout), at(5));
        assert!(!circuit.admits(at(14)));
        assert!(circuit.admits(at(15)));
    }

    #[test]
    fn a_cancelled_loser_feeds_nothing_and_returns_the_probe() {
        let mut circuit = Circuit::default();
        for _ in 0..20 {
            circuit.observe(&ended(Class::LostRace), at(0));
        }
        assert_eq!(circuit, Circuit::default());
        let mut probing = opened();
        probing.begin(at(5));
        probing.observe(&ended(Class::ClientLeft), at(6));
        assert!(probing.admits(at(6)));
    }

    #[test]
    fn a_lost_probe_does_not_close_the_door_for_ever() {
        let mut circuit = opened();
        circuit.begin(at(5));
        assert!(!circuit.admits(at(64)));
        assert!(circuit.admits(at(65)));
    }

    #[test]
    fn a_rate_limit_is_kept_to_the_second() {
        let mut circuit = Circuit::default();
        let asked = Outcome {
            retry_after: Some(Duration::from_secs(17)),
            ..ended(Class::RateLimited)
        };
        circuit.observe(&asked, at(3));
        assert!(!circuit.admits(at(19)));
        assert!(circuit.admits(at(20)));
        let at_once = Outcome {
            retry_after: Some(Duration::ZERO),
            ..ended(Class::RateLimited)
        };
        circuit.observe(&at_once, at(20));
        assert_eq!(circuit, Circuit::default());
    }
}
