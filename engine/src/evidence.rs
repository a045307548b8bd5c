//! What calls have shown of each target: how fast it answers, how much it says, how many calls it has now, and which
//! conversations its prompt cache holds. Plans are made by it.

mod speed;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use wayleave_core::cache::key::Digest;
use wayleave_core::evidence::Length;
use wayleave_core::plan::{Known, Output};
use wayleave_core::route::Routed;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::task::Classified;
use wayleave_core::usage::Usage;

use self::speed::Track;
pub(crate) use self::speed::{Answered, Ended};
pub(crate) use self::view::View;
use crate::clock::Clock;

/// Targets, and kinds of calls, kept at most. Models that clients name freely must not grow it without end.
const MOST: usize = 20_000;
/// Conversations that providers have in their prompt caches, kept at most.
const MOST_WARM: u64 = 50_000;
/// How long a provider keeps a prompt: Anthropic five minutes from its last use, OpenAI five to ten.
const WARM_FOR: Duration = Duration::from_secs(300);
/// Answers of a target from which on its own mean length counts, and not that of all targets.
const ENOUGH: u64 = 5;

/// A model at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    provider: ObjectName,
    model: Arc<str>,
}

/// Calls that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    route: ObjectName,
    /// The rule's place in the route.
    rule: usize,
    /// What they ask for, where their rule tells that.
    class: Option<Arc<str>>,
}

/// How long the answers to one kind of calls are.
#[derive(Debug, Default)]
struct Lengths {
    all: Length,
    by_target: HashMap<Name, Length>,
}

/// All of it. Locked for moments only.
#[derive(Debug)]
pub(crate) struct Evidence {
    clock: Clock,
    tracks: Mutex<HashMap<Name, Track>>,
    lengths: Mutex<HashMap<Kind, Lengths>>,
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
}

impl Lengths {
    fn of(&self, name: &Name) -> Output {
        let own = self
            .by_target
            .get(name)
            .filter(|own| own.count() >= ENOUGH)
            .and_then(Length::expected);
        let all = self.all.expected();
        own.map_or_else(|| all.map_or(Output::Unknown, Output::Alike), Output::Measured)
    }
}

impl Kind {
    pub(crate) fn of(routed: &Routed, task: Option<&Classified>) -> Self {
        Self {
            route: routed.route.name.clone(),
            rule: routed.rule.index,
            class: task.map(|task| Arc::clone(&task.class)),
        }
    }
}

impl Evidence {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            tracks: Mutex::default(),
            lengths: Mutex::default(),
            warm: Cache::builder()
                .max_capacity(MOST_WARM)
                .time_to_live(WARM_FOR)
                .build(),
        }
    }

    /// An attempt begins.
    pub(crate) fn begin(&self, name: &Name) {
        let mut tracks = lock(&self.tracks);
        if tracks.len() >= MOST && !tracks.contains_key(name) {
            tracks.retain(|_, track| track.is_busy());
        }
        tracks.entry(name.clone()).or_default().begin();
    }

    /// An attempt ended.
    pub(crate) fn end(&self, name: &Name, ended: Ended) {
        let now = self.clock.moment();
        if let Some(track) = lock(&self.tracks).get_mut(name) {
            track.end(ended, now);
        }
    }

    /// An answer was this long.
    pub(crate) fn answered(&self, kind: Kind, name: &Name, conversation: Option<Digest>, usage: &Usage) {
        if usage.output > 0 {
            self.measure(kind, name, usage.output);
        }
        let cached = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
        if let Some(conversation) = conversation.filter(|_| cached > 0) {
            self.warm.insert((conversation, name.clone()), cached);
        }
    }

    fn measure(&self, kind: Kind, name: &Name, output: u64) {
        let mut lengths = lock(&self.lengths);
        if lengths.len() >= MOST && !lengths.contains_key(&kind) {
            lengths.clear();
        }
        let lengths = lengths.entry(kind).or_default();
        lengths.all.observe(output);
        if lengths.by_target.len() >= MOST && !lengths.by_target.contains_key(name) {
            lengths.by_target.clear();
        }
        lengths.by_target.entry(name.clone()).or_default().observe(output);
    }

    fn known(&self, kind: &Kind, name: &Name, streamed: bool, conversation: Option<Digest>) -> Known {
        let now = self.clock.moment();
        let (first_content, per_token, in_flight) = lock(&self.tracks)
            .get(name)
            .map(|track| track.at(now, streamed))
            .unwrap_or_default();
        let output = lock(&self.lengths)
            .get(kind)
            .map(|lengths| lengths.of(name))
            .unwrap_or_default();
        let cached = conversation.and_then(|conversation| self.warm.get(&(conversation, name.clone())));
        Known {
            output,
            first_content,
            per_token,
            in_flight,
            cached: cached.unwrap_or_default(),
        }
    }
}

/// A panic elsewhere leaves values that are still means.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
