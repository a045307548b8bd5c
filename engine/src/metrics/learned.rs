//! What is counted of what is learned.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of what is learned. Cheap to clone: all clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct LearnedMetrics {
    names: Family<TableLabels, Gauge>,
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
    }

    /// A table has that many names.
    pub(crate) fn names(&self, table: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.names.get_or_create(&TableLabels { table }).set(count);
    }
}
