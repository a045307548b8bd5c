//! The operator's metrics, all labels bounded.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::config::session::{Message, News};
use crate::object::Kind;

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    compile: Histogram,
    objects: Family<ObjectLabels, Gauge>,
    messages: Counter,
    resources: Counter,
    answers: Family<AnswerLabels, Counter>,
    data_planes: Family<DataPlaneLabels, Gauge>,
    leading: Gauge,
    writes: Family<WriteLabels, Counter>,
    watch_errors: Family<KindLabels, Counter>,
    certificate_end: Gauge<f64, AtomicU64>,
}

/// What became of a status or event that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was.
    Done,
    /// The API server refused, or could not be reached; it is tried again.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObjectLabels {
    kind: &'static str,
    ready: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DataPlaneLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WriteLabels {
    result: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::default()),
            // 1 ms to 4 s.
            compile: Histogram::new(exponential_buckets(0.001, 2.0, 13)),
            objects: Family::default(),
            messages: Counter::default(),
            resources: Counter::default(),
            answers: Family::default(),
            data_planes: Family::default(),
            leading: Gauge::default(),
            writes: Family::default(),
            watch_errors: Family::default(),
            certificate_end: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) {
        let mut registry = self.lock();
        let own = registry.sub_registry_with_prefix("wayleave_operator");
        own.register("compile_seconds", "Compiling all objects", self.compile.clone());
        own.register(
            "objects",
            "Objects, by kind and by what their Ready says",
            self.objects.clone(),
        );
        own.register("messages_sent", "Messages to data planes", self.messages.clone());
        own.register(
            "resources_sent",
            "Resources in these messages",
            self.resources.clone(),
        );
        own.register(
            "resources_answered",
            "Answers of data planes, by resource",
            self.answers.clone(),
        );
        own.register(
            "data_planes",
            "Connected data planes, by state",
            self.data_planes.clone(),
        );
        own.register("leading", "1 while this operator leads", self.leading.clone());
        own.register("status_writes", "Writes of statuses", self.writes.clone());
        own.register(
            "watch_errors",
            "Watches that broke, by kind",
            self.watch_errors.clone(),
        );
        own.register(
            "certificate_end_timestamp_seconds",
            "When the certificate of the config service ends",
            self.certificate_end.clone(),
        );
    }

    /// In the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.lock());
        text
    }

    /// All objects were compiled in so many seconds.
    pub fn compiled(&self, seconds: f64) {
        self.compile.observe(seconds);
    }

    /// So many objects of a kind are ready, and so many are not.
    pub fn objects(&self, kind: Kind, ready: usize, not_ready: usize) {
        for (label, count) in [("true", ready), ("false", not_ready)] {
            let labels = ObjectLabels {
                kind: kind.as_str(),
                ready: label,
            };
            self.objects
                .get_or_create(&labels)
                .set(count.try_into().unwrap_or(i64::MAX));
        }
    }

    /// A message is on its way.
    pub fn sent(&self, message: &Message) {
        self.messages.inc();
        self.resources
            .inc_by((message.resources.len() + message.removed.len()) as u64);
    }

    /// An answer has come.
    pub fn heard(&self, news: &News) {
        for (result, count) in [("taken", news.taken.len()), ("rejected", news.rejected.len())] {
            self.answers
                .get_or_create(&AnswerLabels { result })
                .inc_by(count as u64);
        }
    }

    /// So many data planes are connected, and so many of them serve.
    pub fn fleet(&self, connected: usize, serving: usize) {
        for (state, count) in [
            ("serving", serving),
            ("starting", connected.saturating_sub(serving)),
        ] {
            self.data_planes
                .get_or_create(&DataPlaneLabels { state })
                .set(count.try_into().unwrap_or(i64::MAX));
        }
    }

    /// Whether this operator leads.
    pub fn leading(&self, leading: bool) {
        self.leading.set(i64::from(leading));
    }

    /// A status was written, or not.
    pub fn wrote(&self, result: Written) {
        let result = match result {
            Written::Done => "done",
            Written::Failed => "failed",
        };
        self.writes.get_or_create(&WriteLabels { result }).inc();
    }

    /// A watch broke; it is begun again.
    pub fn watch_failed(&self, kind: Kind) {
        self.watch_errors
            .get_or_create(&KindLabels { kind: kind.as_str() })
            .inc();
    }

    /// When the certificate of the config service ends, in seconds since 1970.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
    pub fn certificate_ends(&self, end: i64) {
        self.certificate_end.set(end as f64);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_lower_case_words() {
        let metrics = Metrics::default();
        metrics.wrote(Written::Done);
        metrics.wrote(Written::Failed);
        metrics.fleet(3, 2);
        metrics.heard(&News::default());
        metrics.objects(Kind::LLMRoute, 4, 1);
        metrics.certificate_ends(1_790_000_000);
        let text = metrics.text();
        for line in [
            "status_writes_total{result=\"done\"} 1",
            "status_writes_total{result=\"failed\"} 1",
            "data_planes{state=\"serving\"} 2",
            "data_planes{state=\"starting\"} 1",
            "resources_answered_total{result=\"rejected\"} 0",
            "objects{kind=\"LLMRoute\",ready=\"true\"} 4",
            "certificate_end_timestamp_seconds 1790000000.0",
        ] {
            assert!(
                text.contains(&format!("\nwayleave_operator_{line}\n")),
                "{line} in {text}"
            );
        }
    }
}
