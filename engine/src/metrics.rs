//! What Prometheus reads. Every label is bounded: classes, roles and kinds by enums, names by the configuration.

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
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::price::CostSource;
use wayleave_core::task::Classified;
use wayleave_core::usage::Usage;
use wayleave_core::walk::Role;

pub(crate) use self::cache::{CacheMetrics, Missed};
use self::experiment::ExperimentMetrics;
use self::keys::KeyMetrics;
pub(crate) use self::keys::KeySample;
use self::labels::{
    AttemptLabels, CallCostLabels, CallLabels, ClassLabel, CostLabels, FeedbackLabels, GenAiLabels,
    GenAiTokenLabels, LaneLabels, LaneResult, RoleLabel, SourceLabel, StreamLabels, TokenKind, TokenLabels,
    TokenType,
};
pub(crate) use self::labels::{Label, ModelLabels};
pub(crate) use self::learned::LearnedMetrics;
use self::ledger::LedgerMetrics;
pub(crate) use self::routing::Chosen;
use self::routing::RoutingMetrics;
pub(crate) use self::store::{Fault, MemoryGauges, Operation, StoreKind, StoreMetrics};
use self::task::TaskMetrics;

/// Seconds, from a cached answer to a long stream.
const SECONDS: [f64; 16] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 600.0,
];
/// Tokens: the buckets that OpenTelemetry's GenAI conventions recommend.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

#[derive(Clone, Copy, Debug)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

type Histograms<L> = Family<L, Histogram, Buckets>;

/// All metrics of an engine.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_duration: Histograms<StreamLabels>,
    first_content: Histograms<StreamLabels>,
    attempts: Family<AttemptLabels, Counter>,
    lanes: Family<LaneLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    cost: Family<CostLabels, Counter>,
    call_cost: Family<CallCostLabels, Counter>,
    unpriced: Family<ModelLabels, Counter>,
    in_flight: Gauge,
    ledger_errors: Counter,
    configurations: Counter,
    gen_ai_duration: Histograms<GenAiLabels>,
    gen_ai_tokens: Histograms<GenAiTokenLabels>,
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

/// A finished attempt, as metrics see it.
#[derive(Clone, Debug)]
pub(crate) struct AttemptSample<'a> {
    pub(crate) names: &'a ModelLabels,
    pub(crate) otel_provider: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) role: Role,
    pub(crate) class: Class,
    pub(crate) seconds: f64,
    pub(crate) usage: Option<&'a Usage>,
    pub(crate) cost: Option<Ticks>,
    pub(crate) source: CostSource,
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
            attempts: Family::default(),
            lanes: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            call_cost: Family::default(),
            unpriced: Family::default(),
            in_flight: Gauge::default(),
            ledger_errors: Counter::default(),
            configurations: Counter::default(),
            gen_ai_duration: Family::new_with_constructor(Buckets(&SECONDS)),
            gen_ai_tokens: Family::new_with_constructor(Buckets(&TOKENS)),
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
        own.register(
            "attempts",
            "Requests to providers, by how they ended",
            self.attempts.clone(),
        );
        own.register("race_lanes", "Lanes of races", self.lanes.clone());
        own.register("tokens", "Tokens of all attempts, by kind", self.tokens.clone());
        own.register(
            "cost_ticks",
            "Cost of all attempts in 1e-10 USD",
            self.cost.clone(),
        );
        own.register(
            "call_cost_ticks",
            "Cost of all attempts in 1e-10 USD, by the route of their call",
            self.call_cost.clone(),
        );
        own.register(
            "unpriced_calls",
            "Attempts whose cost nobody knows",
            self.unpriced.clone(),
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

    /// Those that have modules of their own, and those that OpenTelemetry has named.
    fn register_parts(&mut self) {
        self.registry.register(
            "gen_ai_client_operation_duration_seconds",
            "Duration of a request to a provider",
            self.gen_ai_duration.clone(),
        );
        self.registry.register(
            "gen_ai_client_token_usage",
            "Tokens of a request to a provider",
            self.gen_ai_tokens.clone(),
        );
        let own = self.registry.sub_registry_with_prefix("wayleave");
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
        let names = sample.names;
        let ended = AttemptLabels {
            provider: names.provider.clone(),
            model: names.model.clone(),
            role: RoleLabel(sample.role),
            class: ClassLabel(sample.class),
        };
        self.attempts.get_or_create(&ended).inc();
        match sample.cost {
            Some(ticks) => {
                let labels = CostLabels {
                    provider: names.provider.clone(),
                    model: names.model.clone(),
                    role: RoleLabel(sample.role),
                    source: SourceLabel(sample.source),
                };
                let ticks = u64::try_from(ticks.get()).unwrap_or_default();
                self.cost.get_or_create(&labels).inc_by(ticks);
            }
            None => {
                self.unpriced.get_or_create(names).inc();
            }
        }
        let otel = GenAiLabels {
            gen_ai_operation_name: sample.operation,
            gen_ai_provider_name: sample.otel_provider,
            gen_ai_request_model: names.model.clone(),
            error_type: (sample.class != Class::Ok).then_some(sample.class.as_str()),
        };
        self.gen_ai_duration.get_or_create(&otel).observe(sample.seconds);
        if let Some(usage) = sample.usage {
            self.count_tokens(names, &otel, usage);
        }
    }

    fn count_tokens(&self, names: &ModelLabels, otel: &GenAiLabels, usage: &Usage) {
        for (kind, count) in TokenKind::counts(usage) {
            if count > 0 {
                let labels = TokenLabels {
                    provider: names.provider.clone(),
                    model: names.model.clone(),
                    kind,
                };
                self.tokens.get_or_create(&labels).inc_by(count);
            }
        }
        for (token_type, count) in [
            (TokenType::Input, usage.input_total()),
            (TokenType::Output, usage.output),
        ] {
            let labels = GenAiTokenLabels {
                gen_ai_operation_name: otel.gen_ai_operation_name,
                gen_ai_provider_name: otel.gen_ai_provider_name,
                gen_ai_request_model: otel.gen_ai_request_model.clone(),
                gen_ai_token_type: token_type,
            };
            #[expect(clippy::cast_precision_loss, reason = "a histogram's observation")]
            self.gen_ai_tokens.get_or_create(&labels).observe(count as f64);
        }
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
