//! Where answers are kept: in this process, or in a server that all replicas share.
//!
//! A store knows keys and bytes, not what they mean. It never fails a call: what it cannot do is a miss and a metric.

mod memory;
mod redis;
mod seal;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use wayleave_core::cache::key::{Key, Scope};
use wayleave_core::snapshot::cache::Store as Spec;

use self::memory::Memory;
use self::redis::Redis;
use crate::metrics::{Fault, Label, Operation, StoreKind, StoreMetrics};

/// A store. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    place: Place,
    metrics: StoreMetrics,
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

impl Store {
    /// Opens the store of a policy, named for metrics and logs, for entries of at most `largest` bytes. Never fails: a
    /// server that cannot be reached is a store that misses. Has to be called inside a Tokio runtime.
    pub(crate) fn open(spec: &Spec, largest: usize, policy: Label, metrics: &StoreMetrics) -> Self {
        let place = match spec {
            Spec::Memory { max_bytes } => Place::Memory(Memory::new(*max_bytes, metrics.memory(policy))),
            Spec::Redis(spec) => match Redis::open(spec, largest, policy.clone(), metrics) {
                Ok(redis) => Place::Redis(redis),
                Err(error) => {
                    tracing::error!(policy = &*policy.0, %error, "the cache has no store: calls go on without");
                    Place::Unusable
                }
            },
        };
        Self {
            place,
            metrics: metrics.clone(),
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

    /// Keeps an entry, in place of an older one. Waits for the server, though never longer than a call may: whoever
    /// serves a call lets a task do it.
    pub(crate) async fn put(&self, key: &Key, entry: Bytes, ttl: Duration) {
        let putting = async {
            match &self.place {
                Place::Memory(memory) => memory.put(key, &entry, ttl),
                Place::Redis(redis) => redis.put(key, &entry, ttl).await,
                Place::Unusable => self
                    .metrics
                    .failed(StoreKind::Redis, Operation::Put, Fault::Unusable),
            }
        };
        self.timed(Operation::Put, putting).await;
    }

    /// Forgets, and says how many entries there were. What is put meanwhile may stay.
    pub(crate) async fn purge(&self, which: &Purge) -> Result<u64, PurgeError> {
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
