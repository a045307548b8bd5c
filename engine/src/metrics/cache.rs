//! What the caches of routes count.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use wayleave_core::cache::{NotKept, Passed, Status};
use wayleave_core::money::Ticks;

use super::Label;

/// Why no kept answer served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// There is none.
    Absent,
    /// The store cannot say.
    Unavailable,
    /// There is one that is too old.
    Stale,
    /// There is something else, or one of another version.
    Unreadable,
    /// There is none to a similar request.
    Dissimilar,
    /// There is no embedding to compare with.
    NoEmbedding,
    /// A new one was wanted.
    Refresh,
}

impl Missed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Unavailable => "unavailable",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
            Self::Dissimilar => "dissimilar",
            Self::NoEmbedding => "no_embedding",
            Self::Refresh => "refresh",
        }
    }
}

/// The metrics of the caches of all routes.
#[derive(Debug, Default)]
pub(crate) struct CacheMetrics {
    hits: Family<KindLabels, Counter>,
    misses: Family<ReasonLabels, Counter>,
    passed: Family<ReasonLabels, Counter>,
    not_kept: Family<ReasonLabels, Counter>,
    saved: Family<RouteLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Label,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    route: Label,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    route: Label,
    reason: &'static str,
}

impl CacheMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "cache_hits",
            "Calls that another call's answer served, by kind",
            self.hits.clone(),
        );
        own.register(
            "cache_misses",
            "Lookups that found nothing, by reason",
            self.misses.clone(),
        );
        own.register(
            "cache_bypasses",
            "Calls of routes with a cache that did not go through it, by reason",
            self.passed.clone(),
        );
        own.register(
            "cache_not_kept",
            "Answers that were not kept, by reason",
            self.not_kept.clone(),
        );
        own.register(
            "cache_saved_ticks",
            "What the answers served from caches cost when they were made, in 1e-10 USD",
            self.saved.clone(),
        );
    }

    pub(crate) fn hit(&self, route: &Label, kind: Status, saved: Option<Ticks>) {
        let labels = KindLabels {
            route: route.clone(),
            kind: kind.as_str(),
        };
        self.hits.get_or_create(&labels).inc();
        if let Some(saved) = saved.and_then(|saved| u64::try_from(saved.get()).ok()) {
            let labels = RouteLabels { route: route.clone() };
            self.saved.get_or_create(&labels).inc_by(saved);
        }
    }

    pub(crate) fn missed(&self, route: &Label, why: Missed) {
        self.misses.get_or_create(&reason(route, why.as_str())).inc();
    }

    pub(crate) fn passed(&self, route: &Label, why: Passed) {
        self.passed.get_or_create(&reason(route, why.as_str())).inc();
    }

    pub(crate) fn not_kept(&self, route: &Label, why: NotKept) {
        self.not_kept.get_or_create(&reason(route, why.as_str())).inc();
    }
}

fn reason(route: &Label, reason: &'static str) -> ReasonLabels {
    ReasonLabels {
        route: route.clone(),
        reason,
    }
}
