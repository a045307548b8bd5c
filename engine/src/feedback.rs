//! `POST /v1/feedback`: what a client says of an answer joins the ledger, and counts as evidence of the target that gave
//! it.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;
use tokio::time::Instant;
use wayleave_core::client_credential;
use wayleave_core::feedback::Feedback;
use wayleave_core::refusal::Refusal;

use crate::call::{Answer, Call};
use crate::engine::{Core, json_answer};
use crate::experiment::Tried;
use crate::ledger::Pending;
use crate::ledger::record::{FeedbackRecord, Record, Said};
use crate::recent::{self, Claim, MOST_NAMES};

/// Takes feedback. The first of each name counts, and what is sent again changes nothing.
pub(crate) async fn take(core: &Core, call: &Call) -> Result<Answer, Refusal> {
    let feedback = Feedback::read(&call.body).map_err(Refusal::Bad)?;
    let client = client_credential::client(&call.headers);
    let known = core.recent.find(&feedback.call, client.as_deref()).await;
    let known = known.ok_or(Refusal::UnknownCall)?;
    let counted = match core.recent.claim(&feedback.call, &known, &feedback.name).await {
        Claim::First => first(core, &feedback, &known).await,
        Claim::Again => false,
        Claim::TooMany => return Err(Refusal::TooMuchFeedback { most: MOST_NAMES }),
    };
    core.metrics.feedback(counted);
    let body = json!({"call_id": feedback.call, "counted": counted}).to_string();
    Ok(json_answer(StatusCode::ACCEPTED, body.into()))
}

/// The arm in the configuration in force; `None`: the experiment is over, or another one by now.
fn tried(core: &Core, arm: &recent::Arm) -> Option<Tried> {
    let table = core.table.load_full()?;
    let rules = table
        .routes()
        .iter()
        .flat_map(|route| route.rules.iter().flatten());
    let mut experiments = rules.filter_map(|rule| rule.experiment.as_ref());
    let experiment = experiments.find(|experiment| experiment.fingerprint == arm.experiment)?;
    Some(Tried {
        experiment: Arc::clone(experiment),
        arm: experiment.place(&arm.name)?,
        class: arm.class.clone(),
    })
}

/// Whether it counts as evidence: of an answer that no provider gave to this very call there is nothing to learn.
async fn first(core: &Core, feedback: &Feedback, call: &Arc<recent::Call>) -> bool {
    let was = &call.was;
    if let Some(served) = &was.served {
        core.evidence.scored(&served.kind, &served.name, feedback.score);
        if let Some(tried) = served.arm.as_ref().and_then(|arm| tried(core, arm)) {
            core.experiments.scored(&tried, feedback.score);
        }
    }
    let counted = was.served.is_some();
    let served = was.served.as_ref();
    let record = FeedbackRecord {
        id: format!("{}/feedback/{}", feedback.call, feedback.name),
        call: feedback.call.as_str().into(),
        route: Arc::clone(&was.route),
        rule: was.rule,
        client: was.client.clone(),
        provider: served.map(|served| served.name.provider().to_string()),
        model_asked: served.map(|served| served.name.model().to_string()),
        started: core.clock.date(Instant::now()),
        feedback: Said {
            name: feedback.name.clone(),
            value: feedback.score,
            comment: feedback.comment.clone(),
            counted,
        },
    };
    let mut pending = Pending::default();
    core.ledger.keep(Record::Feedback(Box::new(record)), &mut pending);
    core.ledger.catch_up(pending).await;
    counted
}
