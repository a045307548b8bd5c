//! Why a request gets the plan that it gets: a value to print.

mod cache;
mod task;

pub use self::cache::{ExplainedCache, ExplainedConsult};
pub use self::task::{ExplainedAsked, ExplainedTask};

use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;

use crate::capability::{Needs, Unfit};
use crate::endpoint::Endpoint as Called;
use crate::format::{Upstream, WireFormat};
use crate::intake::Intake;
use crate::money::Ticks;
use crate::outcome::FallbackOn;
use crate::plan::{Known, expected_cost};
use crate::price::{PriceBook, Rates};
use crate::refusal::Refusal;
use crate::route::{Match, matches};
use crate::snapshot::experiment::{Judge, Mode};
use crate::snapshot::{Endpoint, Limits, Pick, Retry, SlowStream, StickyBy, Timeouts};
use crate::table::{ActiveRule, ActiveStep, ActiveTarget, RaceTerms, Table};
use crate::when::{Subject, Verdict};

/// Tokens that a price is quoted for. Fewer are reckoned with, so that no long-context price shows.
const QUOTED: u64 = 1_000_000;
const RECKONED: u64 = 1_000;

/// Why a request gets the plan that it gets.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The model asked for.
    pub model: String,
    /// Input tokens, estimated.
    pub tokens: u64,
    /// `NAMESPACE/NAME` of the route that claims the model.
    pub route: String,
    /// What each of its rules says, in order.
    pub rules: Vec<ExplainedRule>,
    /// The cache of the route; `None`: it has none.
    pub cache: Option<ExplainedCache>,
    /// What the request asks for; `None`: its rule does not tell.
    pub task: Option<ExplainedTask>,
    /// What is going to be tried; `None`: no rule matches.
    pub plan: Option<ExplainedPlan>,
}

/// A request to explain.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What is called.
    pub called: Called,
    /// The path.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub intake: &'a Intake,
}

/// What a rule says of the request.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedRule {
    /// Its condition, as the user wrote it.
    pub when: Option<String>,
    /// Whether it holds.
    pub holds: bool,
    /// Why it does not, where there is more to say than that it is false.
    pub reason: Option<String>,
    /// Whether it is the one that serves.
    pub serves: bool,
}

/// What is going to be tried.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedPlan {
    /// Models that are compared on its calls: their step comes first.
    pub experiment: Option<ExplainedExperiment>,
    /// The chain.
    pub steps: Vec<ExplainedStep>,
    /// Which failures move on to the next target.
    pub fallback_on: FallbackOn,
    /// Further tries of the same target.
    pub retry: Retry,
    /// The clocks.
    pub timeouts: Timeouts,
    /// When a stream counts as too slow.
    pub slow_stream: Option<SlowStream>,
}

/// Models that are compared.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedExperiment {
    /// Who serves.
    pub mode: Mode,
    /// What calls have in common that get the same arm.
    pub sticky_by: Option<StickyBy>,
    /// The arms by name, the control first.
    pub arms: Vec<(String, ExplainedTarget)>,
    /// Who scores the answers.
    pub judge: Option<Judge>,
}

/// One step of the chain.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExplainedStep {
    /// One target serves, the others stand in for it.
    Pick {
        /// How the first is chosen.
        pick: Pick,
        /// The candidates.
        targets: Vec<ExplainedTarget>,
    },
    /// Several run at once.
    Race {
        /// How it is run.
        terms: RaceTerms,
        /// The lanes.
        targets: Vec<ExplainedTarget>,
    },
}

/// One target.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedTarget {
    /// `NAMESPACE/NAME` of the provider key.
    pub provider: String,
    /// The model that is asked for.
    pub model: String,
    /// The chance of being the first in a pick, in thousandths.
    pub chance_permille: u32,
    /// What this call is expected to cost there before the gateway has answers of its own to go by, where the rule asks
    /// for it; `None`: it does not, or nobody has a price.
    pub expected: Option<Ticks>,
    /// Why it is not asked for this call although it could be reached.
    pub passed_over: Option<String>,
    /// How it is reached, or why it cannot be.
    pub access: Result<ExplainedAccess, String>,
}

/// How a target is reached.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedAccess {
    /// The vendor.
    pub vendor: &'static str,
    /// Where the request goes.
    pub url: String,
    /// The provider's format.
    pub format: WireFormat,
    /// Whether the body is translated; otherwise it passes as it is.
    pub translated: bool,
    /// The names of the credentials, with their weights. Empty: keyless.
    pub keys: Vec<(String, u32)>,
    /// What the provider allows.
    pub limits: Limits,
    /// What it costs; `None`: nobody has a price.
    pub price: Option<Quote>,
}

/// The price of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Per million tokens of fresh input.
    pub input_per_million: Ticks,
    /// Per million tokens of output.
    pub output_per_million: Ticks,
    /// Where it comes from.
    pub source: String,
}

/// Explains a request. Health is left out: it is the running gateway's, not the configuration's.
pub fn explain(table: &Table, question: Question<'_>, at: Timestamp) -> Result<Explanation, Refusal> {
    let intake = question.intake;
    let subject = Subject::new(intake, question.path, question.headers);
    let route = table.route(&intake.model)?;
    let rules = route.rules.as_ref().map_err(|reason| Refusal::BrokenRoute {
        route: route.name.to_string(),
        reason: reason.clone(),
    })?;
    let found = matches(rules, &subject);
    let serving = found.iter().position(Match::holds);
    let explained = rules
        .iter()
        .zip(&found)
        .enumerate()
        .map(|(index, (rule, found))| ExplainedRule {
            when: rule
                .when
                .as_ref()
                .and_then(|when| when.as_ref().ok())
                .map(|when| when.source().to_string()),
            holds: found.holds(),
            reason: reason(found),
            serves: serving == Some(index),
        });
    let serving = serving.and_then(|index| rules.get(index));
    Ok(Explanation {
        model: intake.model.clone(),
        tokens: intake.input_tokens,
        route: route.name.to_string(),
        rules: explained.collect(),
        cache: ExplainedCache::of(route, serving, question),
        task: serving.and_then(|rule| ExplainedTask::of(rule, &subject, intake, at)),
        plan: serving.map(|rule| ExplainedPlan::of(rule, intake, at)),
    })
}

fn reason(found: &Match) -> Option<String> {
    match found {
        Match::Always | Match::When(Verdict::True | Verdict::False) => None,
        Match::When(Verdict::Unknown(reason)) | Match::Broken(reason) => Some(reason.clone()),
    }
}

impl ExplainedPlan {
    fn of(rule: &ActiveRule, intake: &Intake, at: Timestamp) -> Self {
        let steps = rule.steps.iter().map(|step| match step {
            ActiveStep::Pick { pick, targets, .. } => ExplainedStep::Pick {
                pick: pick.clone(),
                targets: explain_targets(rule, targets, intake, at),
            },
            ActiveStep::Race { targets, terms } => ExplainedStep::Race {
                terms: *terms,
                targets: explain_targets(rule, targets, intake, at),
            },
        });
        let experiment = rule.experiment.as_ref().map(|experiment| {
            let targets = experiment.arms.iter().flat_map(|arm| arm.step.targets());
            let targets: Vec<_> = targets.map(std::sync::Arc::clone).collect();
            let explained = explain_targets(rule, &targets, intake, at);
            let names = experiment.arms.iter().map(|arm| arm.name.to_string());
            ExplainedExperiment {
                mode: experiment.mode,
                sticky_by: experiment.sticky_by.clone(),
                arms: names.zip(explained).collect(),
                judge: experiment.judge.as_ref().map(|judge| judge.spec.clone()),
            }
        });
        Self {
            experiment,
            steps: steps.collect(),
            fallback_on: rule.fallback_on,
            retry: rule.retry,
            timeouts: rule.timeouts,
            slow_stream: rule.slow_stream,
        }
    }
}

fn explain_targets(
    rule: &ActiveRule,
    targets: &[std::sync::Arc<ActiveTarget>],
    intake: &Intake,
    at: Timestamp,
) -> Vec<ExplainedTarget> {
    let needs = Needs::of(intake);
    let total: u64 = targets.iter().map(|target| u64::from(target.weight)).sum();
    let of = |target: &std::sync::Arc<ActiveTarget>| {
        let model = target.model.as_deref().unwrap_or(&intake.model);
        let permille = (u64::from(target.weight) * 1000)
            .checked_div(total)
            .unwrap_or_default();
        let offer = target.endpoint.as_ref().ok();
        let offer = offer.map(|endpoint| target.offer(endpoint, model));
        let rates = offer.as_ref().and_then(|offer| offer.rates.as_ref());
        let expected = rates
            .filter(|_| rule.is_priced())
            .and_then(|rates| expected_cost(&needs, &Known::default(), rates, at));
        let unfit = offer.as_ref().and_then(|offer| needs.unfit(&offer.capabilities));
        ExplainedTarget {
            provider: target.provider.to_string(),
            model: model.to_owned(),
            expected,
            passed_over: offer
                .is_some()
                .then(|| passed_over(unfit, rule.max_cost, expected))
                .flatten(),
            chance_permille: u32::try_from(permille).unwrap_or(1000),
            access: target
                .endpoint
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|endpoint| {
                    let access = ExplainedAccess::of(endpoint, model, intake, at);
                    access.ok_or_else(|| format!("{} has no endpoint for this kind of call", target.provider))
                }),
        }
    };
    targets.iter().map(of).collect()
}

fn passed_over(unfit: Option<Unfit>, limit: Option<Ticks>, expected: Option<Ticks>) -> Option<String> {
    let limit = limit.filter(|limit| expected.is_none_or(|expected| expected > *limit));
    match (limit, expected) {
        (Some(limit), Some(expected)) => Some(format!(
            "expected to cost ${}, and the rule allows ${}",
            expected.usd(),
            limit.usd()
        )),
        (Some(limit), None) => Some(format!(
            "nobody has a price for it, and the rule allows ${}",
            limit.usd()
        )),
        (None, _) => unfit.map(|unfit| unfit.to_string()),
    }
}

impl ExplainedAccess {
    fn of(endpoint: &Endpoint, model: &str, intake: &Intake, at: Timestamp) -> Option<Self> {
        let Upstream { format, path, .. } = endpoint.upstream(intake.format, intake.framing, model)?;
        let rates = endpoint
            .prices
            .resolve(PriceBook::builtin(), endpoint.vendor.prices, model, None);
        Some(Self {
            vendor: endpoint.vendor.name,
            url: format!("{}{path}", endpoint.url),
            format,
            translated: format != intake.format,
            keys: endpoint
                .keys
                .iter()
                .map(|key| (key.name.to_string(), key.weight))
                .collect(),
            limits: endpoint.limits,
            price: rates.and_then(|rates| Quote::of(&rates, at)),
        })
    }
}

impl Quote {
    fn of(rates: &Rates, at: Timestamp) -> Option<Self> {
        let quote = |usage| {
            let ticks = rates.cost(&usage, None, at).ticks()?;
            Some(Ticks::new(
                ticks.get().saturating_mul(i64::try_from(QUOTED / RECKONED).ok()?),
            ))
        };
        Some(Self {
            input_per_million: quote(crate::usage::Usage {
                input: RECKONED,
                ..Default::default()
            })?,
            output_per_million: quote(crate::usage::Usage {
                output: RECKONED,
                ..Default::default()
            })?,
            source: rates.version().to_string(),
        })
    }
}
