//! The end of an attempt: told to health, ledger and metrics, exactly once, whatever happened.

use std::sync::Arc;

use wayleave_core::money::{Ticks, Usd};
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::price::{Cost, CostSource, PriceBook, Rates, price};
use wayleave_core::relay::Tally;
use wayleave_core::tokens;
use wayleave_core::usage::{Report, Usage};
use wayleave_core::walk::Role;

use super::Attempt;
use crate::call::Summary;
use crate::context::{Relation, millis};
use crate::evidence::{Answered, Ended};
use crate::ledger::record::AttemptRecord;
use crate::metrics::{AttemptSample, Label, ModelLabels};

/// The bytes of a request by which its tokens are counted where the provider does not tell them.
const SAMPLE: usize = 4096;

/// What a provider is taken to have counted.
struct Counted {
    report: Report,
    estimated: bool,
}

impl Attempt {
    /// Ends the attempt. It is consumed: there is no second time.
    /// What it cost.
    pub(crate) fn settle(self, outcome: &Outcome, role: Role) -> Option<Ticks> {
        let record = self.close(outcome, role);
        let cost = record.cost_ticks;
        if matches!(self.call.relation, Relation::Own) && self.has_answered(outcome.class, role) {
            self.call.core.recent.served(&self.call, &self.name, self.tried());
        }
        self.call.settle(record);
        cost
    }

    /// Whether its answer, or the beginning of it, is what the client got.
    const fn has_answered(&self, class: Class, role: Role) -> bool {
        match role {
            Role::Primary | Role::Retry | Role::Fallback | Role::RaceWinner => {
                matches!(class, Class::Ok)
                    || matches!(class, Class::ClientLeft) && self.first_content.is_some()
            }
            Role::RaceLoser
            | Role::CacheHit
            | Role::Coalesced
            | Role::Embedding
            | Role::Classifier
            | Role::Shadow
            | Role::Judge => false,
        }
    }

    fn close(&self, outcome: &Outcome, role: Role) -> AttemptRecord {
        let counted = self.counted(outcome.class);
        let rates = self.rates(self.served_model().as_deref());
        let at = self.call.core.clock.date(self.started);
        let cost = match &counted {
            Some(counted) => price(&counted.report, counted.estimated, rates.as_ref(), at),
            // Nothing was generated, so nothing is owed, whatever the price.
            None => Cost {
                ticks: Some(Ticks::ZERO),
                source: CostSource::Estimate,
            },
        };
        let usage = counted.as_ref().map(|counted| counted.report.usage);
        self.report(outcome, role, usage.as_ref(), cost);
        self.teach(outcome.class, usage.as_ref());
        let told = rates.filter(|_| counted.is_some() && cost.source != CostSource::ProviderBilled);
        AttemptRecord {
            id: AttemptRecord::id(&self.call.id, self.number),
            call: self.call.id.clone(),
            attempt: self.number,
            lane: self.lane_number,
            role,
            route: self.call.route_name(),
            rule: self.call.rule(),
            client: self.call.client_name.clone(),
            task_class: self.call.task().map(|task| Arc::clone(&task.class)),
            provider: self.lane.target.provider.to_string(),
            key: self.key.name(&self.lane.endpoint).map(|name| name.to_string()),
            model_asked: self.lane.model.to_string(),
            model_served: self.served_model(),
            status: self.head().map(|head| head.status.as_u16()),
            class: outcome.class,
            reason: (outcome.class != Class::Ok).then(|| outcome.message.clone()),
            started: at,
            first_content_ms: self.first_content.map(|first| millis(first - self.started)),
            duration_ms: millis(self.started.elapsed()),
            usage,
            estimated: counted.as_ref().is_some_and(|counted| counted.estimated),
            tier: counted.as_ref().and_then(|counted| counted.report.tier),
            cost_ticks: cost.ticks,
            cost_usd: cost.ticks.map(Usd),
            expected_ticks: self.lane.expected,
            cost_source: cost.source,
            price_version: told.map(|rates| rates.version().to_string()),
            saved_ticks: None,
            saved_usd: None,
            similarity: None,
            answered: None,
        }
    }

    /// Tells health and metrics.
    fn report(&self, outcome: &Outcome, role: Role, usage: Option<&Usage>, cost: Cost) {
        let core = &self.call.core;
        let tokens = usage.map_or(0, Usage::total);
        core.health.end(
            &self.key_id,
            &self.lane.endpoint,
            &self.lane.model,
            outcome,
            tokens,
        );
        core.metrics.attempt(&AttemptSample {
            names: &ModelLabels {
                provider: Label(Arc::from(self.lane.target.provider.to_string())),
                model: Label(Arc::clone(&self.lane.target.label)),
            },
            otel_provider: self.lane.endpoint.vendor.otel_name,
            operation: self.call.endpoint.operation(),
            role,
            class: outcome.class,
            seconds: self.started.elapsed().as_secs_f64(),
            usage,
            cost: cost.ticks,
            source: cost.source,
        });
    }

    /// Tells what this attempt shows of its target, for later plans.
    fn teach(&self, class: Class, usage: Option<&Usage>) {
        let evidence = &self.call.core.evidence;
        let streamed = self.call.intake.stream();
        let took = self.started.elapsed();
        let ended = match (class, self.first_content) {
            (Class::Ok, Some(first)) => {
                let first = if streamed { first - self.started } else { took };
                Ended::Answered(Answered {
                    streamed,
                    first,
                    rest: took.saturating_sub(first),
                    tokens: usage.map_or(0, |usage| usage.output),
                })
            }
            (Class::Timeout | Class::SlowStream, _) | (Class::LostRace | Class::ClientLeft, None) => {
                Ended::Slow {
                    streamed,
                    waited: took,
                }
            }
            _ => Ended::Otherwise,
        };
        evidence.end(&self.name, ended);
        if let (Class::Ok, Some(usage), Some(kind)) = (class, usage, self.call.kind()) {
            evidence.answered(&kind, &self.name, self.call.conversation(), usage);
        }
    }

    /// The usage that is taken to be billed. `None`: nothing is.
    fn counted(&self, class: Class) -> Option<Counted> {
        if let Some(tally) = self.tally() {
            return self.counted_of(tally);
        }
        // Without an answer a request may be billed all the same once it was on its way.
        let on_its_way =
            matches!(class, Class::Timeout | Class::ClientLeft | Class::LostRace) && self.format.is_some();
        on_its_way.then(|| self.estimated(0))
    }

    /// The provider's word counts where it had its say to the end. A stream that broke, or was left, told at most a
    /// part: what came of it is counted instead.
    fn counted_of(&self, tally: &Tally) -> Option<Counted> {
        let said = || tokens::by_sample(&tally.sample, tally.characters);
        match tally.report {
            Some(report) if self.complete => Some(Counted {
                report,
                estimated: false,
            }),
            Some(mut report) => {
                report.usage.output = report.usage.output.max(said());
                Some(Counted {
                    report,
                    estimated: true,
                })
            }
            // An error under 200 that tells no usage was not billed.
            None if tally.fault.is_some() && !tally.content => None,
            None => Some(self.estimated(said())),
        }
    }

    fn estimated(&self, output: u64) -> Counted {
        let usage = Usage {
            input: self.call.intake.counted_tokens(SAMPLE),
            output,
            ..Usage::default()
        };
        Counted {
            report: Report {
                usage,
                ..Report::default()
            },
            estimated: true,
        }
    }

    /// The prices of the model that served.
    fn rates(&self, served: Option<&str>) -> Option<Rates> {
        let endpoint = &self.lane.endpoint;
        endpoint.prices.resolve(
            PriceBook::builtin(),
            endpoint.vendor.prices,
            &self.lane.model,
            served,
        )
    }

    /// The model that the provider says it serves.
    pub(crate) fn served_model(&self) -> Option<String> {
        self.tally().and_then(|tally| tally.model.clone())
    }

    /// What it has used and costs, as far as it has come.
    pub(crate) fn bill(&self) -> (Usage, Option<Ticks>) {
        let Some(counted) = self.tally().and_then(|tally| self.counted_of(tally)) else {
            return (Usage::default(), None);
        };
        let rates = self.rates(self.served_model().as_deref());
        let at = self.call.core.clock.date(self.started);
        let cost = price(&counted.report, counted.estimated, rates.as_ref(), at);
        (counted.report.usage, cost.ticks)
    }

    /// What the call has come to, with this attempt as the one that served.
    pub(crate) fn summary(&self, class: Class) -> Summary {
        Summary {
            provider: Some(self.lane.target.provider.to_string()),
            model: self.served_model(),
            usage: self
                .counted(class)
                .map(|counted| counted.report.usage)
                .unwrap_or_default(),
            ..self.call.summary(class)
        }
    }

    /// The call's total with this report as the attempt's. Called while the relay is at work: what it has seen so far
    /// cannot be asked from here.
    pub(super) fn total_with(&self, report: &Report, served: Option<&str>) -> Option<Ticks> {
        let at = self.call.core.clock.date(self.started);
        let own = price(report, false, self.rates(served).as_ref(), at).ticks;
        self.call
            .settled_cost()
            .zip(own)
            .map(|(before, own)| before + own)
    }
}
