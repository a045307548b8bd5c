//! What is counted of what is learned.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of what is learned. Cheap to clone: all clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct LearnedMetrics {
    names: Family<TableLabels, Gauge>,
    errors: Family<ErrorLabels, Counter>,
    replicas: Gauge,
    taken_over: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    place: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TableLabels {
    table: &'static str,
}

impl LearnedMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "learned_names",
            "Names under which something is known, by what it is",
            self.names.clone(),
        );
        own.register(
            "learned_errors",
            "Times that what is learned could not be kept or read, by reason",
            self.errors.clone(),
        );
        own.register(
            "learned_replicas",
            "Replicas that learn from each other now, this one included; 0: there is no Redis for that",
            self.replicas.clone(),
        );
        own.register(
            "learned_taken_over",
            "Names under which this replica took over what one that is gone had learned",
            self.taken_over.clone(),
        );
    }

    /// It could not be kept in this place, `disk` or `redis`.
    pub(crate) fn failed(&self, place: &'static str, reason: &'static str) {
        self.errors.get_or_create(&ErrorLabels { place, reason }).inc();
    }

    /// So many replicas are there.
    pub(crate) fn replicas(&self, count: usize) {
        self.replicas.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Under so many names what a replica left behind is this one's now.
    pub(crate) fn taken_over(&self, names: usize) {
        self.taken_over.inc_by(names as u64);
    }

    /// A table has that many names.
    pub(crate) fn names(&self, table: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.names.get_or_create(&TableLabels { table }).set(count);
    }
}
