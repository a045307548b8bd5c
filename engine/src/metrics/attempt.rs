//! Requests to providers: how they ended, what they took, and what they cost.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::price::CostSource;
use wayleave_core::usage::Usage;
use wayleave_core::walk::Role;

use super::buckets::{Buckets, Histograms, SECONDS, TOKENS};
use super::labels::{
    AttemptLabels, ClassLabel, CostLabels, GenAiLabels, GenAiTokenLabels, ModelLabels, RoleLabel,
    SourceLabel, TokenKind, TokenLabels, TokenType,
};

/// Those of all attempts.
#[derive(Debug)]
pub(super) struct AttemptMetrics {
    attempts: Family<AttemptLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    cost: Family<CostLabels, Counter>,
    unpriced: Family<ModelLabels, Counter>,
    gen_ai_duration: Histograms<GenAiLabels>,
    gen_ai_tokens: Histograms<GenAiTokenLabels>,
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

impl Default for AttemptMetrics {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            unpriced: Family::default(),
            gen_ai_duration: Family::new_with_constructor(Buckets(&SECONDS)),
            gen_ai_tokens: Family::new_with_constructor(Buckets(&TOKENS)),
        }
    }
}

impl AttemptMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "attempts",
            "Requests to providers, by how they ended",
            self.attempts.clone(),
        );
        own.register("tokens", "Tokens of all attempts, by kind", self.tokens.clone());
        own.register(
            "cost_ticks",
            "Cost of all attempts in 1e-10 USD",
            self.cost.clone(),
        );
        own.register(
            "unpriced_calls",
            "Attempts whose cost nobody knows",
            self.unpriced.clone(),
        );
    }

    /// Those that OpenTelemetry has named, without a prefix of ours.
    pub(super) fn register_gen_ai(&self, root: &mut Registry) {
        root.register(
            "gen_ai_client_operation_duration_seconds",
            "Duration of a request to a provider",
            self.gen_ai_duration.clone(),
        );
        root.register(
            "gen_ai_client_token_usage",
            "Tokens of a request to a provider",
            self.gen_ai_tokens.clone(),
        );
    }

    pub(super) fn add(&self, sample: &AttemptSample<'_>) {
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
}
