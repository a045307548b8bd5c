//! What is said of an object: its verdict, and how far it has come on the data planes. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use wayleave_api::condition::{ConditionType, Reason, Status, TargetStatus};
use wayleave_core::notice::Notice;

use super::experiments::differ_in_figures_only;
use crate::compile::verdict::{ConditionState, Target, Verdict};
use crate::config::fleet::Tally;
use crate::object::Kind;

/// The longest message of a condition; an API server takes 32768 characters.
const MOST_CHARACTERS: usize = 4_096;

/// How long to wait for acknowledgements, or for what an object refers to, before saying that they are missing.
const SETTLING: Duration = Duration::from_millis(500);
/// How long a data plane may be gone before an object is no longer called programmed: longer than one takes to find the
/// next leader.
const RECONNECTING: Duration = Duration::from_secs(15);
/// How long news of no consequence are collected, such as how many data planes there are.
const COLLECTING: Duration = Duration::from_secs(2);
/// How long figures of experiments are, which change with every call: whoever watches an object gets each.
const COUNTING: Duration = Duration::from_secs(30);

/// How far this generation has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Programming {
    /// It was sent.
    Sent(Tally),
    /// It is broken; an earlier one stays in force.
    LastGood(Tally),
    /// It is broken, and there is no earlier one.
    Broken,
}

/// The status of an object at this generation.
pub fn status(
    verdict: &Verdict,
    programming: &Programming,
    generation: i64,
    earlier: Option<&Status>,
    now: Timestamp,
) -> Status {
    let programmed = programmed(programming, verdict);
    let accepted = Said::from(&verdict.accepted);
    let resolved = Said::from(&verdict.resolved_refs);
    let ready = ready(&accepted, &resolved, &programmed);
    let stalled = [&accepted, &programmed]
        .into_iter()
        .find(|said| needs_somebody(said));
    let stalled = stalled.map(|said| Said {
        truth: Truth::True,
        ..said.clone()
    });
    let all = [
        (ConditionType::Accepted, Some(accepted)),
        (ConditionType::ResolvedRefs, Some(resolved)),
        (ConditionType::Programmed, Some(programmed)),
        (ConditionType::Ready, Some(ready)),
        (ConditionType::Stalled, stalled),
    ];
    let conditions = all.into_iter().filter_map(|(kind, said)| {
        let earlier = earlier.and_then(|status| condition(status, kind));
        said.map(|said| said.into_condition(kind, generation, earlier, now))
    });
    Status {
        observed_generation: Some(generation),
        conditions: conditions.collect(),
        targets: verdict.targets.iter().map(target).collect(),
        experiments: Vec::new(),
    }
}

fn target(target: &Target) -> TargetStatus {
    TargetStatus {
        kind: target.kind,
        name: target.name.clone(),
        accepted: target.reason == Reason::Accepted,
        reason: target.reason.as_str().to_owned(),
        message: clipped(&target.message),
    }
}

fn clipped(message: &str) -> String {
    message.chars().take(MOST_CHARACTERS).collect()
}

/// One condition of a status.
pub fn condition(status: &Status, kind: ConditionType) -> Option<&Condition> {
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == kind.as_str())
}

/// Whether two statuses say the same, whenever they began to.
pub fn says_the_same(one: &Status, other: &Status) -> bool {
    one.experiments == other.experiments && says_the_same_but_experiments(one, other)
}

fn says_the_same_but_experiments(one: &Status, other: &Status) -> bool {
    one.observed_generation == other.observed_generation
        && one.targets == other.targets
        && one.conditions.len() == other.conditions.len()
        && one.conditions.iter().zip(&other.conditions).all(|(a, b)| {
            (&a.type_, &a.status, &a.reason, &a.message, a.observed_generation)
                == (&b.type_, &b.status, &b.reason, &b.message, b.observed_generation)
        })
}

/// How long `new` has to hold before it is written in the place of `old`.
pub fn patience(old: Option<&Status>, new: &Status) -> Duration {
    let truth = |status: &Status| condition(status, ConditionType::Ready).map(|ready| ready.status.clone());
    let reason = |status: &Status| {
        condition(status, ConditionType::Programmed).map(|programmed| programmed.reason.clone())
    };
    let pending = [Reason::Pending, Reason::NoDataPlanes]
        .into_iter()
        .any(|pending| reason(new).as_deref() == Some(pending.as_str()));
    let resolved = |status: &Status| {
        condition(status, ConditionType::ResolvedRefs).is_none_or(|resolved| resolved.status == "True")
    };
    let Some(old) = old.filter(|old| old.observed_generation == new.observed_generation) else {
        // Who applies many objects at once need not apply those first that others refer to.
        let may_pass = pending || !resolved(new);
        return if may_pass { SETTLING } else { Duration::ZERO };
    };
    let was_programmed = condition(old, ConditionType::Programmed)
        .is_some_and(|programmed| programmed.status == Truth::True.as_str());
    if pending && was_programmed {
        RECONNECTING
    } else if says_the_same_but_experiments(old, new)
        && old.experiments != new.experiments
        && differ_in_figures_only(&old.experiments, &new.experiments)
    {
        COUNTING
    } else if truth(old) == truth(new) && states(old) == states(new) {
        COLLECTING
    } else {
        Duration::ZERO
    }
}

/// Each condition without its message.
fn states(status: &Status) -> Vec<(&str, &str, &str)> {
    let conditions = status.conditions.iter();
    conditions
        .map(|condition| (&*condition.type_, &*condition.status, &*condition.reason))
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// A condition without what an API server wants beside.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    truth: Truth,
    reason: Reason,
    message: String,
}

impl From<&ConditionState> for Said {
    fn from(state: &ConditionState) -> Self {
        let truth = if state.status { Truth::True } else { Truth::False };
        Self {
            truth,
            reason: state.reason,
            message: state.message.clone(),
        }
    }
}

impl Said {
    fn new(truth: Truth, reason: Reason, message: String) -> Self {
        Self {
            truth,
            reason,
            message,
        }
    }

    fn into_condition(
        self,
        kind: ConditionType,
        generation: i64,
        earlier: Option<&Condition>,
        now: Timestamp,
    ) -> Condition {
        let truth = self.truth.as_str();
        let since = earlier
            .filter(|earlier| earlier.status == truth)
            .map(|earlier| earlier.last_transition_time.clone());
        // An API server keeps whole seconds.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Condition {
            type_: kind.as_str().to_owned(),
            status: truth.to_owned(),
            reason: self.reason.as_str().to_owned(),
            message: clipped(&self.message),
            observed_generation: Some(generation),
            last_transition_time: since.unwrap_or(Time(now)),
        }
    }
}

fn programmed(programming: &Programming, verdict: &Verdict) -> Said {
    match programming {
        Programming::Sent(tally) => sent(tally),
        Programming::LastGood(tally) => Said::new(
            Truth::False,
            Reason::LastGoodInForce,
            format!(
                "this generation is broken; the last good one stays in force on {}",
                shown(tally)
            ),
        ),
        Programming::Broken => {
            let mut message = match verdict.object.kind {
                Kind::CachePolicy => "this generation is broken: its routes are served without a cache",
                Kind::ProviderKey | Kind::LLMRoute | Kind::Secret | Kind::ConfigMap | Kind::Namespace => {
                    "this generation is broken: calls that need it are answered with the reason"
                }
            }
            .to_owned();
            // What it refers to is another matter: that is gone everywhere.
            if verdict.is_at_fault() {
                message.push_str(", but data planes that had an earlier one keep it");
            }
            Said::new(Truth::False, Reason::NotInForce, message)
        }
    }
}

fn sent(tally: &Tally) -> Said {
    if let Some((node, reason)) = &tally.rejected {
        let message = format!("{}; data plane {node} does not take it: {reason}", shown(tally));
        return Said::new(Truth::False, Reason::Rejected, message);
    }
    if tally.planes == 0 {
        let message = "no data plane is connected to the operator".to_owned();
        return Said::new(Truth::Unknown, Reason::NoDataPlanes, message);
    }
    if tally.acknowledged < tally.planes {
        return Said::new(Truth::Unknown, Reason::Pending, shown(tally));
    }
    match &tally.notice {
        None => Said::new(Truth::True, Reason::Programmed, shown(tally)),
        Some((node, notice)) => {
            let (reason, what) = noticed(*notice);
            let message = format!("{}; data plane {node}: {what}", shown(tally));
            Said::new(Truth::True, reason, message)
        }
    }
}

/// What cannot be had of an object that is in force.
fn noticed(notice: Notice) -> (Reason, &'static str) {
    match notice {
        Notice::NoVectorSearch => (
            Reason::NoVectorSearch,
            "the store has neither vector sets, as Redis 8.2 has them, nor the search module of Valkey or Redis for all \
             of its nodes: answers to similar requests are found only where they were made, on each data plane its own",
        ),
    }
}

fn shown(tally: &Tally) -> String {
    let plural = if tally.planes == 1 { "" } else { "s" };
    format!("{}/{} data plane{plural}", tally.acknowledged, tally.planes)
}

/// True when all are, else what the first that is not says.
fn ready(accepted: &Said, resolved: &Said, programmed: &Said) -> Said {
    let all = [accepted, resolved, programmed];
    let worst = [Truth::False, Truth::Unknown]
        .into_iter()
        .find_map(|truth| all.into_iter().find(|said| said.truth == truth));
    match worst {
        Some(said) => said.clone(),
        None => Said {
            reason: Reason::Ready,
            ..programmed.clone()
        },
    }
}

/// Whether nothing but a change of the object helps.
fn needs_somebody(said: &Said) -> bool {
    said.truth == Truth::False
        && matches!(
            said.reason,
            Reason::Invalid | Reason::NotSupported | Reason::Conflicted | Reason::Rejected
        )
}

#[cfg(test)]
mod tests;
