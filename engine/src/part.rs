//! A request that the gateway makes by itself for a call of a client: a part of that call, in whose books it stands.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::format::WireFormat;
use wayleave_core::intake::Intake;
use wayleave_core::outcome::Class;
use wayleave_core::plan::KeyChoice;
use wayleave_core::snapshot::Accept;
use wayleave_core::table::ActiveRule;
use wayleave_core::walk::Role;

use crate::attempt::Attempt;
use crate::context::{CallContext, Own, Relation};
use crate::executor::{gate, next_key};
use crate::planning::plan_call;

/// A request to the one target of a rule.
pub(crate) struct Part<'a> {
    /// The rule by which it is asked.
    pub(crate) rule: &'a Arc<ActiveRule>,
    /// What is called.
    pub(crate) endpoint: Endpoint,
    /// The format of the body, and of the answer.
    pub(crate) format: WireFormat,
    pub(crate) body: Bytes,
    /// How it stands in the books.
    pub(crate) role: Role,
    /// How long it may take.
    pub(crate) within: Duration,
}

impl Part<'_> {
    /// Asks. It is booked even if the client leaves meanwhile. `None`: no answer came in time.
    pub(crate) async fn ask(self, call: &Arc<CallContext>) -> Option<Bytes> {
        let role = self.role;
        let asking = self.asking(call)?;
        let (tell, told) = oneshot::channel();
        let whole = Arc::clone(call);
        call.core.tasks.spawn(async move {
            let body = ask(&asking, role).await;
            whole.flush().await;
            let _ = tell.send(body);
        });
        told.await.ok().flatten()
    }

    fn asking(self, call: &Arc<CallContext>) -> Option<Arc<CallContext>> {
        let own = Own {
            rule: Arc::clone(self.rule),
            endpoint: self.endpoint,
            headers: http::HeaderMap::new(),
            intake: Intake::read(self.format, self.body).ok()?,
            within: self.within,
        };
        let relation = Relation::PartOf(Arc::clone(call));
        Some(CallContext::of_gateway(own, call, relation))
    }
}

async fn ask(asking: &Arc<CallContext>, role: Role) -> Option<Bytes> {
    let plan = plan_call(asking);
    let lane = plan.steps.first()?.lanes().first()?;
    let gate = gate(asking, Accept::default());
    let mut key = lane.keys.first().copied().unwrap_or(KeyChoice::Keyless);
    loop {
        let mut attempt = Attempt::new(asking, lane, key, 0);
        match attempt.run(&gate).await {
            Ok(()) => {
                let body = attempt.take_held();
                let outcome = attempt.outcome(Class::Ok, String::new());
                attempt.settle(&outcome, role);
                return Some(body);
            }
            Err(outcome) => {
                let next = next_key(lane, key, &outcome);
                attempt.settle(&outcome, role);
                key = next?;
            }
        }
    }
}
