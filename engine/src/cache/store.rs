//! Where answers are kept: in this process, or in a server that all replicas share.
//!
//! A store knows keys and bytes, not what they mean. It never fails a call: what it cannot do is a miss and a metric.

mod index;
mod memory;
mod purges;
mod redis;
mod seal;
mod similar;
mod vector;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use wayleave_core::cache::Entry;
use wayleave_core::cache::key::{Key, Scope};
use wayleave_core::notice::Notice;
use wayleave_core::snapshot::cache::{CacheRules, Store as Spec};

pub(crate) use self::index::Item;
use self::index::{Found, Index};
use self::memory::Memory;
pub(crate) use self::purges::Asked;
use self::purges::Purges;
use self::redis::Redis;
pub(crate) use self::redis::server;
#[cfg(test)]
pub(crate) use self::redis::tests::{cluster, process};
pub(crate) use self::vector::Vector;
use crate::metrics::{Fault, Label, Operation, StoreKind, StoreMetrics};

/// A store. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    place: Place,
    ground: Ground,
    metrics: StoreMetrics,
}

/// What all stores of a process stand on. Cheap to clone: all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    /// What similar requests are found by in this process.
    index: Arc<Index>,
    /// What was purged by this process.
    purges: Arc<Purges>,
    /// Told when a store knows more of its server.
    pub(crate) news: watch::Sender<()>,
}

/// What a store is opened by. Where it changes, another store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    spec: Spec,
    /// The most bytes of an entry that is read. Like what follows of no matter to a store in memory.
    largest: usize,
    /// Whether it is searched by similarity.
    similar: bool,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Memory),
    Redis(Redis),
    /// A server that cannot be used as it is described.
    Unusable,
}

/// What a store has under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// This.
    Found(Bytes),
    /// Nothing.
    Missing,
    /// The store cannot say.
    Unavailable,
}

/// What became of something that was to be put into a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is there, unless the store failed or does not say whether it is purged.
    Kept,
    /// It was asked for before a purge that takes it.
    Purged,
}

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purge {
    /// All of a route, as `NAMESPACE/NAME`.
    Route(Arc<str>),
    /// What one client has on a route.
    Scope(Scope),
    /// One answer.
    Key(Key),
}

/// Why not everything is forgotten. For people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurgeError {
    /// Nothing of the route is kept.
    #[error("the route {0} has no cache: there is no such route, or no CachePolicy of it is in force")]
    NoCache(Arc<str>),
    /// The work was stopped: the process ends.
    #[error("the purge was stopped")]
    Stopped,
    /// There is no connection to the server.
    #[error("there is no connection to the store: nothing is removed")]
    Unavailable,
    /// The server failed on the way.
    #[error("the store failed ({reason}) when {removed} entries were removed: try again")]
    Partly {
        /// Entries that are gone.
        removed: u64,
        /// What went wrong, as metrics call it.
        reason: &'static str,
    },
}

impl Setup {
    pub(crate) fn of(rules: &CacheRules) -> Self {
        let (largest, similar) = match rules.store {
            Spec::Memory { .. } => (0, false),
            Spec::Redis(_) => (Entry::longest(rules.max_entry_bytes), rules.semantic.is_some()),
        };
        Self {
            spec: rules.store.clone(),
            largest,
            similar,
        }
    }
}

impl Store {
    /// Opens the store of a policy, named for metrics and logs. Never fails: a server that cannot be reached is a store
    /// that misses. Has to be called inside a Tokio runtime.
    pub(crate) fn open(setup: &Setup, policy: Label, ground: &Ground, metrics: &StoreMetrics) -> Self {
        let place = match &setup.spec {
            Spec::Memory { max_bytes } => Place::Memory(Memory::new(*max_bytes, metrics.memory(policy))),
            Spec::Redis(spec) => match Redis::open(spec, setup, policy.clone(), ground, metrics) {
                Ok(redis) => Place::Redis(redis),
                Err(error) => {
                    tracing::error!(policy = &*policy.0, %error, "the cache has no store: calls go on without");
                    Place::Unusable
                }
            },
        };
        Self {
            place,
            ground: ground.clone(),
            metrics: metrics.clone(),
        }
    }

    /// What cannot be had of what its policy asks for.
    pub(crate) fn notice(&self) -> Option<Notice> {
        match &self.place {
            Place::Redis(redis) if redis.lacks_vectors() => Some(Notice::NoVectorSearch),
            Place::Memory(_) | Place::Redis(_) | Place::Unusable => None,
        }
    }

    pub(crate) async fn get(&self, key: &Key) -> Lookup {
        let looking = async {
            match &self.place {
                Place::Memory(memory) => memory.get(key),
                Place::Redis(redis) => redis.get(key).await,
                Place::Unusable => {
                    self.metrics
                        .failed(StoreKind::Redis, Operation::Get, Fault::Unusable);
                    Lookup::Unavailable
                }
            }
        };
        self.timed(Operation::Get, looking).await
    }

    /// The moment at which an answer is asked for that is to be kept.
    pub(crate) fn ask(&self) -> Asked {
        self.ground.purges.now()
    }

    /// Keeps an entry, in place of an older one, unless a purge has taken its key since it was asked for. Waits for the
    /// server, though never longer than calls may: whoever serves a call lets a task do it.
    pub(crate) async fn put(&self, key: &Key, entry: Bytes, ttl: Duration, asked: Asked) -> Put {
        if self.ground.purges.take(key, asked) {
            return Put::Purged;
        }
        let putting = async {
            match &self.place {
                Place::Memory(memory) => {
                    memory.put(key, &entry, ttl);
                    Ok(())
                }
                Place::Redis(redis) => redis.put(key, &entry, ttl).await,
                Place::Unusable => {
                    self.metrics
                        .failed(StoreKind::Redis, Operation::Put, Fault::Unusable);
                    Err(Fault::Unusable)
                }
            }
        };
        if self.timed(Operation::Put, putting).await.is_err() {
            return Put::Kept;
        }
        // A purge that began meanwhile may have looked there before.
        let put = match self.is_purged(key, asked).await {
            // A server that never says would keep nothing.
            Ok(false) | Err(Fault::Credentials | Fault::Refused) => return Put::Kept,
            Ok(true) => Put::Purged,
            Err(_) => Put::Kept,
        };
        self.remove(key).await;
        put
    }

    /// Whether a purge has taken a key since: of this process, or of another one that has the same server.
    async fn is_purged(&self, key: &Key, asked: Asked) -> Result<bool, Fault> {
        match &self.place {
            _ if self.ground.purges.take(key, asked) => Ok(true),
            Place::Redis(redis) => redis.is_purged(key, asked).await,
            Place::Memory(_) | Place::Unusable => Ok(false),
        }
    }

    async fn remove(&self, key: &Key) {
        match &self.place {
            Place::Memory(memory) => _ = memory.remove(key),
            Place::Redis(redis) => redis.remove(key).await,
            Place::Unusable => {}
        }
    }

    /// Forgets, and says how many entries there were. Nothing is put any more that was asked for before.
    pub(crate) async fn purge(&self, which: &Purge) -> Result<u64, PurgeError> {
        self.ground.purges.note(which);
        self.ground.index.purge(which);
        let purging = async {
            match &self.place {
                Place::Memory(memory) => memory.purge(which).await,
                Place::Redis(redis) => redis.purge(which).await,
                Place::Unusable => Err(PurgeError::Unavailable),
            }
        };
        self.timed(Operation::Purge, purging).await
    }

    async fn timed<T>(&self, operation: Operation, work: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let done = work.await;
        let kind = match self.place {
            Place::Memory(_) => StoreKind::Memory,
            Place::Redis(_) | Place::Unusable => StoreKind::Redis,
        };
        self.metrics.took(kind, operation, start.elapsed().as_secs_f64());
        done
    }
}

impl Purge {
    /// `NAMESPACE/NAME` of the route.
    pub fn route(&self) -> &Arc<str> {
        match self {
            Self::Route(route) => route,
            Self::Scope(scope) => &scope.route,
            Self::Key(key) => &key.scope.route,
        }
    }

    fn takes(&self, key: &Key) -> bool {
        match self {
            Self::Route(route) => key.scope.route == *route,
            Self::Scope(scope) => key.scope == *scope,
            Self::Key(one) => key == one,
        }
    }
}

#[cfg(test)]
mod tests;
