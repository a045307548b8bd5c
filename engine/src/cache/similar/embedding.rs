//! The embedding of a text, by a provider: one more attempt in the books of the call that wants it.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::Instant;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::format::WireFormat;
use wayleave_core::intake::Intake;
use wayleave_core::outcome::Class;
use wayleave_core::plan::KeyChoice;
use wayleave_core::route::Routed;
use wayleave_core::snapshot::Accept;
use wayleave_core::table::ActiveRule;
use wayleave_core::walk::Role;

use crate::attempt::Attempt;
use crate::cache::store::Vector;
use crate::context::{CallContext, Relation};
use crate::executor::{gate, next_key};
use crate::planning::plan_call;

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    embedding: Vec<f32>,
}

/// Asks for the embedding. It is booked even if the client leaves meanwhile. `None`: it did not come in time.
pub(super) async fn embed(call: &Arc<CallContext>, rule: &Arc<ActiveRule>, words: &str) -> Option<Vector> {
    let asking = Arc::new(asking(call, rule, words)?);
    let (tell, told) = oneshot::channel();
    let whole = Arc::clone(call);
    call.core.tasks.spawn(async move {
        let vector = ask(&asking).await;
        whole.flush().await;
        let _ = tell.send(vector);
    });
    told.await.ok().flatten()
}

/// The call for an embedding, as a part of the call that wants it.
fn asking(call: &Arc<CallContext>, rule: &Arc<ActiveRule>, words: &str) -> Option<CallContext> {
    let model = rule.steps.first()?.targets().first()?.model.clone()?;
    let body = json!({"model": &*model, "input": words}).to_string();
    let started = Instant::now();
    Some(CallContext {
        core: Arc::clone(&call.core),
        id: call.id.clone(),
        endpoint: Endpoint::Embeddings,
        headers: http::HeaderMap::new(),
        client_name: call.client_name.clone(),
        intake: Intake::read(WireFormat::OpenAIEmbeddings, body.into()).ok()?,
        routed: Routed {
            route: Arc::clone(&call.routed.route),
            rule: Arc::clone(rule),
        },
        started,
        deadline: started + rule.timeouts.total,
        consult: None,
        book: std::sync::Mutex::default(),
        conversation: std::sync::OnceLock::new(),
        relation: Relation::PartOf(Arc::clone(call)),
    })
}

async fn ask(asking: &Arc<CallContext>) -> Option<Vector> {
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
                attempt.settle(&outcome, Role::Embedding);
                return read(&body);
            }
            Err(outcome) => {
                let next = next_key(lane, key, &outcome);
                attempt.settle(&outcome, Role::Embedding);
                key = next?;
            }
        }
    }
}

fn read(body: &Bytes) -> Option<Vector> {
    let answer: Embeddings = serde_json::from_slice(body).ok()?;
    Vector::new(answer.data.into_iter().next()?.embedding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_embedding_is_none() {
        let of = |body: &'static str| read(&Bytes::from_static(body.as_bytes()));
        assert!(of(r#"{"data":[{"embedding":[0.5,0.5],"index":0}],"usage":{}}"#).is_some());
        for body in [
            "",
            "{}",
            r#"{"data":[]}"#,
            r#"{"data":[{"embedding":"AAAA"}]}"#,
            r#"{"data":[{"embedding":[]}]}"#,
        ] {
            assert!(of(body).is_none(), "{body}");
        }
    }
}
