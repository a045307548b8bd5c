//! Where answers are kept: in this process, or in a server that all replicas share.
//!
//! A store knows keys and bytes, not what they mean. It never fails a call: what it cannot do is a miss and a metric.

mod memory;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wayleave_core::cache::key::{Key, Scope};
use wayleave_core::snapshot::cache::Store as Spec;

use self::memory::Memory;
use crate::metrics::{Label, Operation, StoreKind, StoreMetrics};

/// A store. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    place: Place,
    metrics: StoreMetrics,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Memory),
    /// A stand-in.
    Redis,
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
pub(crate) enum Purge {
    /// All of a route, as `NAMESPACE/NAME`.
    Route(Arc<str>),
    /// What one client has on a route.
    Scope(Scope),
    /// One answer.
    Key(Key),
}

/// Why not everything is forgotten. For people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PurgeError {
    /// The work was stopped: the process ends.
    #[error("the purge was stopped")]
    Stopped,
}

impl Store {
    /// Opens the store of a policy, named for its metrics. Never fails: a server that cannot be reached is a store that
    /// misses.
    pub(crate) fn open(spec: &Spec, policy: Label, metrics: &StoreMetrics) -> Self {
        let place = match spec {
            Spec::Memory { max_bytes } => Place::Memory(Memory::new(*max_bytes, metrics.memory(policy))),
            Spec::Redis(_) => Place::Redis,
        };
        Self {
            place,
            metrics: metrics.clone(),
        }
    }

    pub(crate) async fn get(&self, key: &Key) -> Lookup {
        self.timed(Operation::Get, async {
            match &self.place {
                Place::Memory(memory) => memory.get(key),
                Place::Redis => Lookup::Unavailable,
            }
        })
        .await
    }

    /// Keeps an entry, in place of an older one.
    pub(crate) async fn put(&self, key: &Key, entry: Bytes, ttl: Duration) {
        self.timed(Operation::Put, async {
            match &self.place {
                Place::Memory(memory) => memory.put(key, &entry, ttl),
                Place::Redis => {}
            }
        })
        .await;
    }

    /// Forgets, and says how many entries there were.
    pub(crate) async fn purge(&self, which: &Purge) -> Result<u64, PurgeError> {
        self.timed(Operation::Purge, async {
            match &self.place {
                Place::Memory(memory) => memory.purge(which).await,
                Place::Redis => Ok(0),
            }
        })
        .await
    }

    async fn timed<T>(&self, operation: Operation, work: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let done = work.await;
        let kind = match self.place {
            Place::Memory(_) => StoreKind::Memory,
            Place::Redis => StoreKind::Redis,
        };
        self.metrics.took(kind, operation, start.elapsed().as_secs_f64());
        done
    }
}

impl Purge {
    fn takes(&self, key: &Key) -> bool {
        match self {
            Self::Route(route) => key.scope.route == *route,
            Self::Scope(scope) => key.scope == *scope,
            Self::Key(one) => key == one,
        }
    }
}
