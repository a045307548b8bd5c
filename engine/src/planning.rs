//! The plan of a call, made from what is known now, and what metrics are told of it.

use std::sync::Arc;

use wayleave_core::capability::Needs;
use wayleave_core::plan::{Lane, Plan, PlannedStep, Wanted, plan};
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::Pick;
use wayleave_core::table::ActiveStep;

use crate::context::CallContext;
use crate::evidence::{Kind, View};
use crate::metrics::{Chosen, Label, ModelLabels};

/// Plans a call.
pub(crate) fn plan_call(call: &CallContext) -> Plan {
    let wanted = Wanted {
        rule: &call.routed.rule,
        model: &call.intake.model,
        needs: Needs::of(&call.intake),
        headers: &call.headers,
        metadata: &call.intake.metadata,
        at: call.started_at(),
        min_score: min_score(call),
        arm: call.core.experiments.assign(call),
    };
    let view = View {
        health: &call.core.health,
        evidence: &call.core.evidence,
        kind: Kind::of(&call.routed, call.task()),
        streamed: call.intake.stream(),
        conversation: call.conversation(),
    };
    plan(&wanted, &view, &mut fastrand::Rng::new())
}

/// What the class of the call asks of the best target.
fn min_score(call: &CallContext) -> Option<Ratio> {
    let (tasks, task) = (call.routed.rule.tasks.as_ref()?, call.task()?);
    let class = tasks.classes.iter().find(|class| class.spec.name == task.class)?;
    class.spec.min_score
}

/// Counts the targets that the plan of a call leaves aside.
pub(crate) fn count_passed_over(call: &CallContext, plan: &Plan) {
    if plan.passed_over.is_empty() {
        return;
    }
    let route = call.route_label();
    for passed in &plan.passed_over {
        let routing = call.core.metrics.routing();
        routing.passed_over(&route, &passed.provider, &passed.why);
    }
}

/// Counts the target that a call is sent to first.
pub(crate) fn count_first(call: &CallContext, plan: &Plan) {
    let Some(lanes) = plan.steps.first().map(PlannedStep::lanes) else {
        return;
    };
    let Some(lane) = lanes.first() else { return };
    let names = ModelLabels {
        provider: Label(lane.target.provider.to_string().into()),
        model: Label(Arc::clone(&lane.target.label)),
    };
    let why = chosen(call, plan, lane, lanes.len());
    call.core.metrics.routing().picked(call.route_label(), names, why);
}

/// Why the first of so many lanes is the first.
fn chosen(call: &CallContext, plan: &Plan, first: &Lane, lanes: usize) -> Chosen {
    let has = |step: &&ActiveStep| {
        let mut targets = step.targets().iter();
        targets.any(|target| Arc::ptr_eq(target, &first.target))
    };
    if first.arm.is_some() {
        return Chosen::Arm;
    }
    let pick = match plan.rule.steps.iter().find(has) {
        _ if plan.panic => return Chosen::LastResort,
        Some(ActiveStep::Race { .. }) => return Chosen::Race,
        _ if lanes < 2 => return Chosen::Only,
        Some(ActiveStep::Pick { pick, .. }) => pick,
        // Every lane is made from a target of its rule.
        None => return Chosen::Only,
    };
    match pick {
        Pick::Sticky(by) if by.value(&call.headers, &call.intake.metadata).is_some() => Chosen::Sticky,
        Pick::Weighted | Pick::Sticky(_) => Chosen::Weighted,
        Pick::Cheapest => Chosen::Cheapest,
        Pick::Fastest { .. } => Chosen::Fastest,
        Pick::LeastBusy => Chosen::LeastBusy,
        Pick::Best(_) => first.standing.map_or(Chosen::Only, Chosen::Best),
    }
}
