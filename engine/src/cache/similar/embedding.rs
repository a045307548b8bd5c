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
use wayleave_core::plan::{KeyChoice, plan};
use wayleave_core::route::Routed;
use wayleave_core::snapshot::Accept;
use wayleave_core::table::ActiveRule;
use wayleave_core::walk::Role;

use crate::attempt::Attempt;
use crate::context::CallContext;
use crate::executor::{gate, next_key};

/// More than any model in use has.
const MOST_DIMENSIONS: usize = 16_384;

/// A direction: of length 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vector(Arc<[f32]>);

impl Vector {
    /// `None`: it points nowhere.
    pub(super) fn new(mut numbers: Vec<f32>) -> Option<Self> {
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        let sound = length.is_finite() && length > 0.0 && numbers.len() <= MOST_DIMENSIONS;
        sound.then(|| {
            for number in &mut numbers {
                *number /= length;
            }
            Self(numbers.into())
        })
    }

    /// The cosine of the angle between two; 0 where they are of different models.
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        let pairs = self.0.iter().zip(other.0.iter());
        // The rounding of a sum of thousands must not make two equal ones more than equal.
        f64::from(pairs.map(|(one, other)| one * other).sum::<f32>()).min(1.0)
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

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
        intake: Intake::read(WireFormat::OpenAIEmbeddings, body.into()).ok()?,
        routed: Routed {
            route: Arc::clone(&call.routed.route),
            rule: Arc::clone(rule),
        },
        started,
        deadline: started + rule.timeouts.total,
        consult: None,
        book: std::sync::Mutex::default(),
        part_of: Some(Arc::clone(call)),
    })
}

async fn ask(asking: &Arc<CallContext>) -> Option<Vector> {
    let rule = &asking.routed.rule;
    let plan = plan(
        rule,
        &asking.intake.model,
        &asking.core.health,
        &mut fastrand::Rng::new(),
    );
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
    fn similarity_is_of_directions() {
        let vector = |numbers: &[f32]| Vector::new(numbers.to_vec()).expect("a direction");
        let one = vector(&[3.0, 4.0]);
        assert!((one.similarity(&vector(&[6.0, 8.0])) - 1.0).abs() < 1e-6);
        assert!(one.similarity(&vector(&[-4.0, 3.0])).abs() < 1e-6);
        assert!((one.similarity(&vector(&[-3.0, -4.0])) + 1.0).abs() < 1e-6);
        assert_eq!(one.similarity(&vector(&[1.0, 0.0, 0.0])), 0.0, "another model's");
        for nowhere in [
            vec![],
            vec![0.0, 0.0],
            vec![f32::NAN, 1.0],
            vec![f32::MAX, f32::MAX],
        ] {
            assert_eq!(Vector::new(nowhere), None);
        }
    }

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
