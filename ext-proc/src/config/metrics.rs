//! What Prometheus reads of the connection to the configuration server.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What was said to a message of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum UpdateResult {
    /// All of it is in force.
    Acked,
    /// Some of it was not taken.
    Rejected,
}

impl EncodeLabelValue for UpdateResult {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        let text = match self {
            Self::Acked => "acked",
            Self::Rejected => "rejected",
        };
        text.encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpdateLabels {
    result: UpdateResult,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    connected: Gauge,
    resources: Gauge,
    updates: Family<UpdateLabels, Counter>,
    last_update: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            connected: Gauge::default(),
            resources: Gauge::default(),
            updates: Family::default(),
            last_update: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let own = self.registry.sub_registry_with_prefix("wayleave_config");
        own.register(
            "connected",
            "Whether a configuration server is connected",
            self.connected.clone(),
        );
        own.register("resources", "Objects in force", self.resources.clone());
        own.register(
            "updates",
            "Messages of the configuration server, by what was said to them",
            self.updates.clone(),
        );
        own.register(
            "last_update_timestamp_seconds",
            "When the configuration server last completed a set",
            self.last_update.clone(),
        );
    }

    pub(super) fn connected(&self, connected: bool) {
        self.connected.set(connected.into());
    }

    pub(super) fn update(&self, result: UpdateResult) {
        self.updates.get_or_create(&UpdateLabels { result }).inc();
    }

    pub(super) fn complete(&self, resources: usize) {
        self.resources.set(i64::try_from(resources).unwrap_or(i64::MAX));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_update
            .set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    }

    /// All of it as OpenMetrics text, without the mark of its end.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        match encode_registry(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing to a string does not fail.
            Err(_) => String::new(),
        }
    }
}
