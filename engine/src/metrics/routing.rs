//! What the plans of calls count.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use wayleave_core::evidence::best::Reason;
use wayleave_core::plan::Why;
use wayleave_core::snapshot::ObjectName;

use super::{Label, ModelLabels};

/// Why a call goes to its first target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Its step has no other that may be tried.
    Only,
    /// Drawn by weight.
    Weighted,
    /// Calls of the same value go there.
    Sticky,
    /// By expected cost.
    Cheapest,
    /// By how fast it has answered.
    Fastest,
    /// By calls in flight.
    LeastBusy,
    /// It is the best, or this is how that is found out.
    Best(Reason),
    /// It is the arm of an experiment.
    Arm,
    /// It starts the race.
    Race,
    /// All targets are out, so all are tried.
    LastResort,
}

impl Chosen {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Only => "only",
            Self::Weighted => "weighted",
            Self::Sticky => "sticky",
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
            Self::LeastBusy => "least_busy",
            Self::Best(Reason::Exploring) => "best_exploring",
            Self::Best(Reason::Proven) => "best_proven",
            Self::Best(Reason::Unproven | Reason::Declared) => "best_unknown",
            Self::Best(Reason::BelowMinimum) => "best_below_minimum",
            Self::Arm => "arm",
            Self::Race => "race",
            Self::LastResort => "last_resort",
        }
    }
}

/// The metrics of routing.
#[derive(Debug, Default)]
pub(crate) struct RoutingMetrics {
    picks: Family<PickLabels, Counter>,
    passed_over: Family<PassedLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PickLabels {
    route: Label,
    provider: Label,
    model: Label,
    why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassedLabels {
    route: Label,
    provider: Label,
    why: &'static str,
}

impl RoutingMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "picks",
            "Calls by the target that they were sent to first, and why there",
            self.picks.clone(),
        );
        own.register(
            "passed_over",
            "Targets that were not tried for a call, by reason",
            self.passed_over.clone(),
        );
    }

    pub(crate) fn picked(&self, route: Label, names: ModelLabels, why: Chosen) {
        let labels = PickLabels {
            route,
            provider: names.provider,
            model: names.model,
            why: why.as_str(),
        };
        self.picks.get_or_create(&labels).inc();
    }

    /// Without the model: where the client names it, nothing bounds it.
    pub(crate) fn passed_over(&self, route: &Label, provider: &ObjectName, why: &Why) {
        let why = match why {
            Why::Unusable(_) => "unusable",
            Why::Unfit(_) => "unfit",
            Why::TooDear(_) => "too_dear",
            Why::Out => "out",
        };
        let labels = PassedLabels {
            route: route.clone(),
            provider: Label(provider.to_string().into()),
            why,
        };
        self.passed_over.get_or_create(&labels).inc();
    }
}
