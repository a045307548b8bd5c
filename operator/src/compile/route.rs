//! `LLMRoute` → its rules.

use std::sync::Arc;

use wayleave_api::LLMRoute;
use wayleave_api::condition::Reason;
use wayleave_api::llm_route as api;
use wayleave_core::outcome::{FallbackOn, FallbackReason};
use wayleave_core::snapshot::{ObjectName, Route, RouteRules, Rule, Step, Unsupported};
use wayleave_core::when::When;

use super::claim::Claims;
use super::experiment;
use super::grant::Grants;
use super::step::{self, Place};
use super::tasks;
use super::timing;
use super::verdict::{Problems, Verdict};
use crate::field::FieldPath;
use crate::object::{Kind, ObjectRef};

/// Compiles one `LLMRoute`. A provider that cannot be used stays a target: the data plane passes it over with the
/// provider's reason.
pub(super) fn compile(
    name: &ObjectName,
    object: &LLMRoute,
    claims: &Claims<'_>,
    grants: &mut Grants<'_>,
) -> (Route, Verdict) {
    let spec = &object.spec;
    let mut problems = Problems::default();
    let models = claims.resolve(name, &spec.models, &mut problems);
    let rules = rules(&name.namespace, &spec.rules, grants, &mut problems);
    let rules = match problems.own_fault() {
        None => RouteRules::Rules(rules),
        Some(reason) => RouteRules::Broken(reason),
    };
    let in_force = matches!(rules, RouteRules::Rules(_));
    let verdict = problems.into_verdict(ObjectRef::new(Kind::LLMRoute, name.clone()), in_force);
    (
        Route {
            name: name.clone(),
            created: object.metadata.creation_timestamp.as_ref().map(|time| time.0),
            models,
            rules,
        },
        verdict,
    )
}

fn rules(
    namespace: &str,
    rules: &[api::Rule],
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Vec<Rule> {
    let field = FieldPath::spec().key("rules");
    if rules.is_empty() {
        problems.invalid(&field, "is empty: write at least one rule");
    }
    if let Some(always) = rules.iter().position(|rule| rule.when.is_none())
        && always + 1 < rules.len()
    {
        let message =
            format!("can never match: rules[{always}] has no `when` and takes every call before it");
        problems.warn(Reason::Accepted, &field.index(always + 1), message);
    }
    let rules = rules.iter().enumerate();
    rules
        .map(|(index, spec)| rule(namespace, spec, &field.index(index), grants, problems))
        .collect()
}

fn rule(
    namespace: &str,
    spec: &api::Rule,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Rule {
    let when = spec.when.as_ref().and_then(|source| {
        problems
            .valid(&field.key("when"), When::parse(source))
            .map(|when| Arc::clone(when.source()))
    });
    let timeouts = timing::timeouts(spec.timeouts.as_ref(), &field.key("timeouts"), problems);
    let slow_stream = spec.slow_stream.as_ref();
    let slow_stream = slow_stream
        .and_then(|spec| timing::slow_stream(spec, timeouts.total, &field.key("slowStream"), problems));
    let max_cost = spec.max_cost_per_call.as_ref().and_then(|text| {
        let parsed = text.as_str().parse();
        problems.valid(
            &field.key("maxCostPerCall"),
            parsed.map_err(|error| format!("`{text}` is {error}")),
        )
    });
    if spec.steps.is_empty() {
        problems.invalid(
            &field.key("steps"),
            "is empty: write at least one step with targets or a race",
        );
    }
    let place = Place {
        namespace,
        total: timeouts.total,
    };
    let steps: Vec<Step> = (spec.steps.iter().enumerate())
        .filter_map(|(index, spec)| {
            step::compile(spec, place, &field.key("steps").index(index), grants, problems)
        })
        .collect();
    let experiment = spec.experiment.as_ref().map(|spec| {
        let field = field.key("experiment");
        Box::new(experiment::compile(spec, namespace, &field, grants, problems))
    });
    let fallback_on = spec.fallback_on.as_deref();
    Rule {
        when,
        experiment,
        steps,
        fallback_on: fallback_on.map_or_else(FallbackOn::default, |reasons| {
            self::fallback_on(reasons, &field.key("fallbackOn"), problems)
        }),
        retry: timing::retry(spec.retry.as_ref(), timeouts.total, &field.key("retry"), problems),
        timeouts,
        slow_stream,
        unsupported: match spec.unsupported {
            None | Some(api::Unsupported::Drop) => Unsupported::Drop,
            Some(api::Unsupported::Reject) => Unsupported::Reject,
        },
        max_cost,
        tasks: spec
            .tasks
            .as_ref()
            .and_then(|spec| tasks::compile(spec, namespace, &field.key("tasks"), grants, problems)),
    }
}

fn fallback_on(reasons: &[api::FallbackReason], field: &FieldPath, problems: &mut Problems) -> FallbackOn {
    problems.once(field, reasons);
    FallbackOn::new(reasons.iter().map(|reason| match reason {
        api::FallbackReason::RateLimited => FallbackReason::RateLimited,
        api::FallbackReason::ServerError => FallbackReason::ServerError,
        api::FallbackReason::Timeout => FallbackReason::Timeout,
        api::FallbackReason::Network => FallbackReason::Network,
        api::FallbackReason::AuthFailed => FallbackReason::AuthFailed,
        api::FallbackReason::ContextLength => FallbackReason::ContextLength,
        api::FallbackReason::ContentFilter => FallbackReason::ContentFilter,
        api::FallbackReason::SlowStream => FallbackReason::SlowStream,
    }))
}
