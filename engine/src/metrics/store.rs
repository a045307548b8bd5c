//! What the stores of the cache count.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Buckets, Histograms, Label};

/// Seconds, from a look into memory to the longest that a store is waited for.
const SECONDS: [f64; 12] = [
    0.000_01, 0.000_025, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05, 0.1,
];

/// The metrics of all stores. Cheap to clone: all clones count together.
#[derive(Clone, Debug)]
pub(crate) struct StoreMetrics {
    seconds: Histograms<OperationLabels>,
    errors: Family<ErrorLabels, Counter>,
    bytes: Family<PolicyLabels, Gauge>,
    entries: Family<PolicyLabels, Gauge>,
    evictions: Family<PolicyLabels, Counter>,
    shared: Family<PolicyLabels, Gauge>,
}

/// Where a store keeps its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Memory,
    Redis,
}

/// What a store is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    Put,
    Purge,
    /// Look for similar requests.
    Search,
    /// Add and remove what similar requests are found by.
    Index,
    /// In the background: no call waits for it.
    Connect,
}

/// Why it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It took too long.
    Timeout,
    /// There is no connection, or it broke.
    Connection,
    /// The server says that the credentials are wrong.
    Credentials,
    /// The server says no, for another reason.
    Refused,
    /// It is not connected: it was not yet, or failed and is left alone for a while.
    Down,
    /// It cannot be used as the policy describes it.
    Unusable,
    /// The entry has more bytes than any that was put.
    Oversized,
    /// The entry cannot be decrypted.
    Sealed,
}

/// The numbers of one store in memory.
#[derive(Clone, Debug)]
pub(crate) struct MemoryGauges {
    pub(crate) bytes: Gauge,
    pub(crate) entries: Gauge,
    pub(crate) evictions: Counter,
}

impl StoreMetrics {
    pub(super) fn new() -> Self {
        Self {
            seconds: Family::new_with_constructor(Buckets(&SECONDS)),
            errors: Family::default(),
            bytes: Family::default(),
            entries: Family::default(),
            evictions: Family::default(),
            shared: Family::default(),
        }
    }

    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "cache_store_seconds",
            "What was asked of stores of the cache, until it was done or given up",
            self.seconds.clone(),
        );
        own.register(
            "cache_store_errors",
            "What stores of the cache did not do, by reason",
            self.errors.clone(),
        );
        own.register(
            "cache_bytes",
            "Bytes of the entries in memory, with what it takes to keep them",
            self.bytes.clone(),
        );
        own.register("cache_entries", "Entries in memory", self.entries.clone());
        own.register(
            "cache_evictions",
            "Entries in memory that made room for others",
            self.evictions.clone(),
        );
        own.register(
            "cache_semantic_shared",
            "Whether similar requests of all data planes are found in the store (1), or only those of this one (0)",
            self.shared.clone(),
        );
    }

    pub(crate) fn took(&self, kind: StoreKind, operation: Operation, seconds: f64) {
        let labels = OperationLabels {
            store: kind.as_str(),
            operation: operation.as_str(),
        };
        self.seconds.get_or_create(&labels).observe(seconds);
    }

    pub(crate) fn failed(&self, kind: StoreKind, operation: Operation, reason: Fault) {
        let labels = ErrorLabels {
            store: kind.as_str(),
            operation: operation.as_str(),
            reason: reason.as_str(),
        };
        self.errors.get_or_create(&labels).inc();
    }

    /// Whether similar requests of all data planes are found.
    pub(crate) fn shared(&self, policy: &Label, shared: bool) {
        let policy = policy.clone();
        let gauge = self.shared.get_or_create_owned(&PolicyLabels { policy });
        gauge.set(i64::from(shared));
    }

    /// The store of the policy is gone.
    pub(crate) fn gone(&self, policy: &Label) {
        let policy = policy.clone();
        self.shared.remove(&PolicyLabels { policy });
    }

    /// Those of the store in memory of a policy.
    pub(crate) fn memory(&self, policy: Label) -> MemoryGauges {
        let labels = PolicyLabels { policy };
        MemoryGauges {
            bytes: self.bytes.get_or_create_owned(&labels),
            entries: self.entries.get_or_create_owned(&labels),
            evictions: self.evictions.get_or_create_owned(&labels),
        }
    }
}

impl StoreKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
        }
    }
}

impl Operation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
            Self::Purge => "purge",
            Self::Search => "search",
            Self::Index => "index",
            Self::Connect => "connect",
        }
    }
}

impl Fault {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Credentials => "credentials",
            Self::Refused => "refused",
            Self::Down => "down",
            Self::Unusable => "unusable",
            Self::Oversized => "oversized",
            Self::Sealed => "sealed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    store: &'static str,
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    store: &'static str,
    operation: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PolicyLabels {
    policy: Label,
}
