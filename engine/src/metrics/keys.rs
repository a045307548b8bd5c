//! The health of credentials, as it is when Prometheus asks.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Label;

/// A credential and how it fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeySample {
    /// The provider key, `NAMESPACE/NAME`.
    pub(crate) provider: Label,
    /// `SECRET/ENTRY`.
    pub(crate) key: Label,
    /// It may be used now.
    pub(crate) up: bool,
    /// Models that it may not be used for now.
    pub(crate) resting: usize,
}

/// The metrics of credentials.
#[derive(Debug, Default)]
pub(crate) struct KeyMetrics {
    up: Family<KeyLabels, Gauge>,
    resting: Family<KeyLabels, Gauge>,
    /// Those that are shown.
    shown: Mutex<BTreeSet<KeyLabels>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct KeyLabels {
    provider: Label,
    key: Label,
}

impl KeyMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "key_up",
            "Whether calls may use the key now (1), or not (0): it is refused, at its limits, or not there",
            self.up.clone(),
        );
        own.register(
            "key_models_resting",
            "Models that the key is not used for now: they fail, or are at the provider's limits",
            self.resting.clone(),
        );
    }

    /// Shows these, and no longer those that are not among them.
    pub(crate) fn show(&self, samples: Vec<KeySample>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *shown);
        for sample in samples {
            let labels = KeyLabels {
                provider: sample.provider,
                key: sample.key,
            };
            let resting = i64::try_from(sample.resting).unwrap_or(i64::MAX);
            self.up.get_or_create(&labels).set(i64::from(sample.up));
            self.resting.get_or_create(&labels).set(resting);
            before.remove(&labels);
            shown.insert(labels);
        }
        for gone in before {
            self.up.remove(&gone);
            self.resting.remove(&gone);
        }
    }
}
