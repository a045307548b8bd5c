//! The plan of a call, made from what is known now.

use wayleave_core::capability::Needs;
use wayleave_core::plan::{Plan, Wanted, plan};

use crate::context::CallContext;
use crate::evidence::{Kind, View};

/// Plans a call.
pub(crate) fn plan_call(call: &CallContext) -> Plan {
    let wanted = Wanted {
        rule: &call.routed.rule,
        model: &call.intake.model,
        needs: Needs::of(&call.intake),
        headers: &call.headers,
        metadata: &call.intake.metadata,
        at: call.started_at(),
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
