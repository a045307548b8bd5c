//! One model that is asked behind a client's back: in the books of the client's call, but no part of what that cost.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::intake::Intake;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::plan::{KeyChoice, Lane};
use wayleave_core::snapshot::Accept;
use wayleave_core::table::ActiveRule;
use wayleave_core::usage::Usage;
use wayleave_core::walk::Role;

use crate::attempt::{Attempt, Next};
use crate::context::{CallContext, Own, Relation};
use crate::executor::{gate, next_key};
use crate::planning::plan_call;

/// Output tokens that an answer without a bound is reckoned with: few are longer.
const UNBOUNDED_OUTPUT: u64 = 4_096;

/// What one model is asked.
pub(super) struct Aside {
    call: Arc<CallContext>,
    role: Role,
}

/// What came of it.
pub(super) struct Said {
    pub(super) class: Class,
    /// What it said, where it came to an answer.
    pub(super) text: Option<String>,
    /// What all its attempts cost; `None`: one of them has no price.
    pub(super) cost: Option<Ticks>,
    pub(super) first_content: Option<Duration>,
}

impl Aside {
    /// The client's own request, at another model.
    pub(super) fn shadow(of: &Arc<CallContext>, rule: &Arc<ActiveRule>) -> Self {
        let own = Own {
            rule: Arc::clone(rule),
            endpoint: of.endpoint,
            headers: of.headers.clone(),
            intake: of.intake.clone(),
            within: rule.timeouts.total,
        };
        Self::new(of, own, Role::Shadow)
    }

    /// A question about the client's call.
    pub(super) fn judge(of: &Arc<CallContext>, rule: &Arc<ActiveRule>, question: Intake) -> Self {
        let own = Own {
            rule: Arc::clone(rule),
            endpoint: Endpoint::ChatCompletions,
            headers: HeaderMap::new(),
            intake: question,
            within: rule.timeouts.total,
        };
        Self::new(of, own, Role::Judge)
    }

    fn new(of: &Arc<CallContext>, own: Own, role: Role) -> Self {
        let call = CallContext::of_gateway(own, of, Relation::Behind(Arc::clone(of), role));
        Self { call, role }
    }

    /// The most that it may cost, or may be expected to where its output has no bound; `None`: nobody has a price.
    pub(super) fn most(&self) -> Option<Ticks> {
        let target = self.call.routed.rule.steps.first()?.targets().first()?;
        let endpoint = target.endpoint.as_ref().ok()?;
        let offer = target.offer(endpoint, target.model.as_deref()?);
        let intake = &self.call.intake;
        let usage = Usage {
            // Twice our estimate: other vocabularies are finer.
            input: intake.input_tokens.saturating_mul(2),
            output: intake.max_output.unwrap_or(UNBOUNDED_OUTPUT),
            ..Usage::default()
        };
        let rates = offer.rates.as_ref()?;
        rates.cost(&usage, None, self.call.started_at()).ticks()
    }

    /// Asks, with one credential after the other.
    pub(super) async fn ask(&self) -> Said {
        let plan = plan_call(&self.call);
        let lane = plan.steps.first().and_then(|step| step.lanes().first());
        let said = match lane {
            Some(lane) => self.ask_at(lane).await,
            None => Said::nothing(Class::Unusable),
        };
        self.call.flush().await;
        said
    }

    async fn ask_at(&self, lane: &Lane) -> Said {
        let mut key = lane.keys.first().copied().unwrap_or(KeyChoice::Keyless);
        let mut cost = Some(Ticks::ZERO);
        loop {
            let mut attempt = Attempt::new(&self.call, lane, key, 0);
            let outcome = tokio::select! {
                outcome = self.carry_out(&mut attempt) => outcome,
                () = self.call.core.hurry.cancelled() => {
                    attempt.outcome(Class::ClientLeft, "the gateway stops".to_owned())
                }
            };
            let next = next_key(lane, key, &outcome);
            let said = Said {
                class: outcome.class,
                text: (outcome.class == Class::Ok)
                    .then(|| attempt.tally().map(|tally| tally.text.clone()))
                    .flatten(),
                cost: None,
                first_content: attempt.first_content.map(|first| first - attempt.started),
            };
            let own = attempt.settle(&outcome, self.role);
            cost = cost.zip(own).map(|(sum, own)| sum + own);
            match next {
                Some(next) => key = next,
                None => return Said { cost, ..said },
            }
        }
    }

    /// Reads the answer to its end. Nobody takes its bytes.
    async fn carry_out(&self, attempt: &mut Attempt) -> Outcome {
        if let Err(outcome) = attempt.run(&gate(&self.call, Accept::default())).await {
            return outcome;
        }
        while !attempt.complete() {
            match attempt.next().await {
                Next::Bytes(_) | Next::End(_) => {}
                Next::Broken(outcome) => return outcome,
            }
        }
        let fault = attempt.tally().and_then(|tally| tally.fault.clone());
        let (class, message) = fault.map_or((Class::Ok, String::new()), |fault| (Class::Cut, fault.message));
        attempt.outcome(class, message)
    }
}

impl Said {
    const fn nothing(class: Class) -> Self {
        Self {
            class,
            text: None,
            cost: Some(Ticks::ZERO),
            first_content: None,
        }
    }
}
