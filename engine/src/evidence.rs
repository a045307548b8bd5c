//! What calls have shown of each target: how fast it answers, how much it says, how many calls it has now, and which
//! conversations its prompt cache holds. Plans are made by it.

mod speed;
mod view;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use wayleave_core::digest::Digest;
use wayleave_core::evidence::{Length, Mean, Scores};
use wayleave_core::plan::{Known, Output};
use wayleave_core::route::Routed;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::task::Classified;
use wayleave_core::usage::Usage;

use self::speed::Speeds;
pub(crate) use self::speed::{Answered, Ended};
pub(crate) use self::view::View;
use crate::clock::Clock;
use crate::learned::{Learned, Shared};

/// Conversations that providers have in their prompt caches, kept at most.
const MOST_WARM: u64 = 50_000;
/// How long a provider keeps a prompt: Anthropic five minutes from its last use, OpenAI five to ten.
const WARM_FOR: Duration = Duration::from_secs(300);
/// Answers of a target from which on its own mean length counts, and not that of all targets.
const ENOUGH: u64 = 5;

/// A model at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Name {
    provider: ObjectName,
    model: Arc<str>,
}

/// Calls that are alike, as the name under which is kept what is learned of them: `ROUTE RULE`, or
/// `ROUTE RULE.CLASS` where their rule tells classes of tasks. It says nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Kind(String);

/// All of it. Locked for moments only.
#[derive(Debug)]
pub(crate) struct Evidence {
    clock: Clock,
    /// Attempts that have begun and not ended. Of this replica, and not kept.
    in_flight: Mutex<HashMap<Name, u32>>,
    /// Of each target.
    speeds: Arc<Shared<Speeds>>,
    /// Of the answers to a kind of calls: of all targets, and of each.
    lengths: Arc<Shared<Length>>,
    /// Of the answers of a target to a kind of calls.
    scores: Arc<Shared<Scores>>,
    /// Tokens of conversations in prompt caches.
    warm: Cache<(Digest, Name), u64>,
}

impl Name {
    pub(crate) fn new(provider: &ObjectName, model: &Arc<str>) -> Self {
        Self {
            provider: provider.clone(),
            model: Arc::clone(model),
        }
    }

    pub(crate) const fn provider(&self) -> &ObjectName {
        &self.provider
    }

    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// The name under which is kept what is learned of it. The model is the last: it may be any text.
    fn key(&self) -> String {
        let Self { provider, model } = self;
        [&*provider.namespace, "/", &*provider.name, " ", &**model].concat()
    }
}

impl Kind {
    pub(crate) fn of(routed: &Routed, task: Option<&Classified>) -> Self {
        let (route, rule) = (&routed.route.name, &routed.rule.mark);
        let class = task.map(|task| &*task.class).unwrap_or_default();
        let dot = if class.is_empty() { "" } else { "." };
        Self([&*route.namespace, "/", &*route.name, " ", &**rule, dot, class].concat())
    }

    /// The name under which is kept what is learned of such calls at a target: `ROUTE RULE PROVIDER MODEL`.
    pub(crate) fn at(&self, name: &Name) -> String {
        [&*self.0, " ", &*name.key()].concat()
    }
}

impl Evidence {
    pub(crate) fn new(clock: Clock, learned: &mut Learned) -> Self {
        Self {
            clock,
            in_flight: Mutex::default(),
            speeds: learned.table("speeds"),
            lengths: learned.table("lengths"),
            scores: learned.table("scores"),
            warm: Cache::builder()
                .max_capacity(MOST_WARM)
                .time_to_live(WARM_FOR)
                .build(),
        }
    }

    /// An attempt begins.
    pub(crate) fn begin(&self, name: &Name) {
        let mut in_flight = lock(&self.in_flight);
        let count = in_flight.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
    }

    /// An attempt ended.
    pub(crate) fn end(&self, name: &Name, ended: Ended) {
        if let Entry::Occupied(mut entry) = lock(&self.in_flight).entry(name.clone()) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
        if ended != Ended::Otherwise {
            let now = self.clock.moment();
            self.speeds.observe(&name.key(), |speeds| speeds.end(ended, now));
        }
    }

    /// An answer was this long.
    pub(crate) fn answered(&self, kind: &Kind, name: &Name, conversation: Option<Digest>, usage: &Usage) {
        if usage.output > 0 {
            self.measure(kind, name, usage.output);
        }
        let cached = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
        if let Some(conversation) = conversation.filter(|_| cached > 0) {
            self.warm.insert((conversation, name.clone()), cached);
        }
    }

    /// An answer of a target to a call of this kind got a score in 0..=1.
    pub(crate) fn scored(&self, kind: &Kind, name: &Name, score: f64) {
        self.scores
            .observe(&kind.at(name), |scores| scores.observe(score));
    }

    fn measure(&self, kind: &Kind, name: &Name, output: u64) {
        for key in [&kind.at(name), &kind.0] {
            self.lengths.observe(key, |length| length.observe(output));
        }
    }

    fn length(&self, kind: &Kind, name: &Name) -> Output {
        let own = self.lengths.sum(&kind.at(name));
        if let (Some(own), ENOUGH..) = (own.expected(), own.count()) {
            return Output::Measured(own);
        }
        let all = self.lengths.sum(&kind.0).expected();
        all.map_or(Output::Unknown, Output::Alike)
    }

    fn known(&self, kind: &Kind, name: &Name, streamed: bool, conversation: Option<Digest>) -> Known {
        let now = self.clock.moment();
        let (first_content, per_token) = self.speeds.sum(&name.key()).at(now, streamed);
        let in_flight = lock(&self.in_flight).get(name).copied();
        let cached = conversation.and_then(|conversation| self.warm.get(&(conversation, name.clone())));
        Known {
            output: self.length(kind, name),
            first_content,
            per_token,
            in_flight: in_flight.unwrap_or_default(),
            cached: cached.unwrap_or_default(),
            scores: Some(self.scores.sum(&kind.at(name))).filter(|scores: &Mean| scores.count() > 0.0),
        }
    }
}

/// A panic elsewhere leaves values that are still means.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
