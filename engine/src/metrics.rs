//! What Prometheus reads. Every label is bounded: classes, roles and kinds by enums, names by the configuration.

mod attempt;
mod buckets;
mod cache;
mod experiment;
mod keys;
mod labels;
mod learned;
mod ledger;
mod routing;
mod store;
mod task;

use std::sync::Arc;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::task::Classified;
use wayleave_core::walk::Role;

use self::attempt::AttemptMetrics;
pub(crate) use self::attempt::AttemptSample;
use self::buckets::{Buckets, Histograms, SECONDS};
pub(crate) use self::cache::{CacheMetrics, Missed};
use self::experiment::ExperimentMetrics;
use self::keys::KeyMetrics;
pub(crate) use self::keys::KeySample;
use self::labels::{
    CallCostLabels, CallLabels, ClassLabel, FeedbackLabels, LaneLabels, LaneResult, RoleLabel, StreamLabels,
};
pub(crate) use self::labels::{Label, ModelLabels};
pub(crate) use self::learned::LearnedMetrics;
use self::ledger::LedgerMetrics;
pub(crate) use self::routing::Chosen;
use self::routing::RoutingMetrics;
pub(crate) use self::store::{Fault, MemoryGauges, Operation, StoreKind, StoreMetrics};
use self::task::TaskMetrics;

/// All metrics of an engine.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_duration: Histograms<StreamLabels>,
    first_content: Histograms<StreamLabels>,
    lanes: Family<LaneLabels, Counter>,
    call_cost: Family<CallCostLabels, Counter>,
    in_flight: Gauge,
    attempts: AttemptMetrics,
    ledger_errors: Counter,
    configurations: Counter,
    store: StoreMetrics,
    cache: CacheMetrics,
    learned: LearnedMetrics,
    experiments: ExperimentMetrics,
    feedback: Family<FeedbackLabels, Counter>,
    ledger: LedgerMetrics,
    routing: RoutingMetrics,
    keys: KeyMetrics,
    tasks: TaskMetrics,
}

/// A finished call, as metrics see it.
#[derive(Clone, Debug)]
pub(crate) struct CallSample {
    pub(crate) route: Label,
    pub(crate) operation: &'static str,
    pub(crate) stream: bool,
    pub(crate) class: Class,
    pub(crate) seconds: f64,
    pub(crate) first_content: Option<f64>,
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::default(),
            calls: Family::default(),
            call_duration: Family::new_with_constructor(Buckets(&SECONDS)),
            first_content: Family::new_with_constructor(Buckets(&SECONDS)),
            lanes: Family::default(),
            call_cost: Family::default(),
            in_flight: Gauge::default(),
            attempts: AttemptMetrics::default(),
            ledger_errors: Counter::default(),
            configurations: Counter::default(),
            store: StoreMetrics::new(),
            cache: CacheMetrics::default(),
            learned: LearnedMetrics::default(),
            experiments: ExperimentMetrics::default(),
            feedback: Family::default(),
            ledger: LedgerMetrics::default(),
            routing: RoutingMetrics::default(),
            keys: KeyMetrics::default(),
            tasks: TaskMetrics::default(),
        };
        metrics.register();
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let own = self.registry.sub_registry_with_prefix("wayleave");
        own.register("calls", "Calls of clients, by how they ended", self.calls.clone());
        own.register(
            "call_duration_seconds",
            "Until the client had it all",
            self.call_duration.clone(),
        );
        own.register(
            "time_to_first_content_seconds",
            "Until the first content went to the client",
            self.first_content.clone(),
        );
        own.register("race_lanes", "Lanes of races", self.lanes.clone());
        own.register(
            "call_cost_ticks",
            "Cost of all attempts in 1e-10 USD, by the route of their call",
            self.call_cost.clone(),
        );
        own.register("in_flight", "Calls in flight", self.in_flight.clone());
        own.register(
            "ledger_write_errors",
            "Failed writes of the ledger's file or spool",
            self.ledger_errors.clone(),
        );
        own.register(
            "configurations",
            "Configurations put in force",
            self.configurations.clone(),
        );
        own.register(
            "feedback",
            "Feedback of clients, by whether it counts as evidence",
            self.feedback.clone(),
        );
        self.register_parts();
    }

    /// Those that have modules of their own.
    fn register_parts(&mut self) {
        self.attempts.register_gen_ai(&mut self.registry);
        let own = self.registry.sub_registry_with_prefix("wayleave");
        self.attempts.register(own);
        self.store.register(own);
        self.cache.register(own);
        self.learned.register(own);
        self.experiments.register(own);
        self.ledger.register(own);
        self.routing.register(own);
        self.keys.register(own);
        self.tasks.register(own);
    }

    pub(crate) fn attempt(&self, sample: &AttemptSample<'_>) {
        self.attempts.add(sample);
    }

    pub(crate) fn call(&self, sample: &CallSample) {
        let labels = CallLabels {
            route: sample.route.clone(),
            operation: sample.operation,
            class: ClassLabel(sample.class),
        };
        self.calls.get_or_create(&labels).inc();
        let stream = StreamLabels {
            route: sample.route.clone(),
            operation: sample.operation,
            stream: sample.stream,
        };
        self.call_duration.get_or_create(&stream).observe(sample.seconds);
        if let Some(seconds) = sample.first_content {
            self.first_content.get_or_create(&stream).observe(seconds);
        }
    }

    /// What an attempt of a call cost; `None`: nobody knows.
    pub(crate) fn spent(&self, route: Label, role: Role, cost: Option<Ticks>) {
        if let Some(ticks) = cost.and_then(|cost| u64::try_from(cost.get()).ok()) {
            let labels = CallCostLabels {
                route,
                role: RoleLabel(role),
            };
            self.call_cost.get_or_create(&labels).inc_by(ticks);
        }
    }

    pub(crate) fn lane(&self, route: &Label, result: LaneEnd) {
        let labels = LaneLabels {
            route: route.clone(),
            result: LaneResult(result),
        };
        self.lanes.get_or_create(&labels).inc();
    }

    pub(crate) fn in_flight(&self, change: i64) {
        self.in_flight.inc_by(change);
    }

    pub(crate) fn ledger_failed(&self) {
        self.ledger_errors.inc();
    }

    pub(crate) fn configured(&self) {
        self.configurations.inc();
    }

    /// Those of the ledger.
    pub(crate) fn ledger(&self) -> &LedgerMetrics {
        &self.ledger
    }

    /// Those of experiments and judges.
    pub(crate) fn experiments(&self) -> &ExperimentMetrics {
        &self.experiments
    }

    pub(crate) fn feedback(&self, counted: bool) {
        self.feedback.get_or_create(&FeedbackLabels { counted }).inc();
    }

    /// Those of what is learned.
    pub(crate) fn learned(&self) -> &LearnedMetrics {
        &self.learned
    }

    /// Those of the plans of calls.
    pub(crate) fn routing(&self) -> &RoutingMetrics {
        &self.routing
    }

    /// Those of credentials.
    pub(crate) fn keys(&self) -> &KeyMetrics {
        &self.keys
    }

    /// Those of the caches of routes.
    pub(crate) fn cache(&self) -> &CacheMetrics {
        &self.cache
    }

    /// It is known what a call asks for.
    pub(crate) fn task(&self, route: Label, task: &Classified) {
        self.tasks.classified(route, task);
    }

    /// Those of the stores of the cache.
    pub(crate) fn store(&self) -> &StoreMetrics {
        &self.store
    }

    /// All of it as OpenMetrics text, without the mark of its end.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match encode_registry(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing to a string does not fail.
            Err(_) => String::new(),
        }
    }
}

/// How a lane of a race ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LaneEnd {
    Won,
    Lost,
    Failed,
}

#[cfg(test)]
mod tests;
