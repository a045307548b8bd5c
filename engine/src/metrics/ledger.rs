//! What the books count of themselves.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::ledger::{Lost, Reason, SinkName};

/// The metrics of the ledger's spool and its sinks.
#[derive(Debug, Default)]
pub(crate) struct LedgerMetrics {
    dropped: Family<LostLabels, Counter>,
    unacknowledged: Counter,
    spool_bytes: Gauge,
    lag: Family<SinkLabels, Gauge>,
    errors: Family<SinkErrorLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LostLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SinkLabels {
    sink: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SinkErrorLabels {
    sink: &'static str,
    reason: &'static str,
}

impl LedgerMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "ledger_dropped",
            "Records that went nowhere, by reason",
            self.dropped.clone(),
        );
        own.register(
            "ledger_unacknowledged",
            "Calls that went on before their record was written",
            self.unacknowledged.clone(),
        );
        own.register(
            "ledger_spool_bytes",
            "Bytes of the records in the spool",
            self.spool_bytes.clone(),
        );
        own.register(
            "ledger_sink_lag_records",
            "Records in the spool that a sink has not taken",
            self.lag.clone(),
        );
        own.register(
            "ledger_sink_errors",
            "Failures to hand records to a sink, by reason",
            self.errors.clone(),
        );
    }

    pub(crate) fn dropped(&self, why: Lost, records: u64) {
        let labels = LostLabels { reason: why.as_str() };
        self.dropped.get_or_create(&labels).inc_by(records);
    }

    pub(crate) fn unacknowledged(&self) {
        self.unacknowledged.inc();
    }

    pub(crate) fn spool_bytes(&self, bytes: u64) {
        self.spool_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(crate) fn lag(&self, sink: SinkName, records: u64) {
        let labels = SinkLabels { sink: sink.as_str() };
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        self.lag.get_or_create(&labels).set(records);
    }

    pub(crate) fn sink_failed(&self, sink: SinkName, reason: Reason) {
        let labels = SinkErrorLabels {
            sink: sink.as_str(),
            reason: reason.as_str(),
        };
        self.errors.get_or_create(&labels).inc();
    }
}
