//! The embeddings of texts, by a provider: one more attempt in the books of the call that wants them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::format::WireFormat;
use wayleave_core::table::ActiveRule;
use wayleave_core::walk::Role;

use crate::cache::store::Vector;
use crate::context::CallContext;
use crate::part::Part;

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

/// Asks for the embedding of a text. `None`: it did not come in time.
pub(crate) async fn embed(
    call: &Arc<CallContext>,
    rule: &Arc<ActiveRule>,
    words: &str,
    (role, within): (Role, Duration),
) -> Option<Vector> {
    let vectors = embed_all(call, rule, &[words], (role, within)).await?;
    vectors.into_iter().next()
}

/// The same of several texts at once.
pub(crate) async fn embed_all(
    call: &Arc<CallContext>,
    rule: &Arc<ActiveRule>,
    texts: &[&str],
    (role, within): (Role, Duration),
) -> Option<Vec<Vector>> {
    let model = rule.steps.first()?.targets().first()?.model.as_deref()?;
    let body = match texts {
        [text] => json!({"model": model, "input": text}),
        texts => json!({"model": model, "input": texts}),
    };
    let part = Part {
        rule,
        endpoint: Endpoint::Embeddings,
        format: WireFormat::OpenAIEmbeddings,
        body: body.to_string().into(),
        role,
        within,
    };
    read(&part.ask(call).await?, texts.len())
}

/// The vectors in their order. `None`: there are others than were asked for.
fn read(body: &Bytes, texts: usize) -> Option<Vec<Vector>> {
    let mut answer: Embeddings = serde_json::from_slice(body).ok()?;
    answer.data.sort_by_key(|each| each.index);
    let vectors = answer.data.into_iter().map(|each| Vector::new(each.embedding));
    let vectors: Vec<Vector> = vectors.collect::<Option<_>>()?;
    (vectors.len() == texts).then_some(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &'static str, texts: usize) -> Option<Vec<Vector>> {
        read(&Bytes::from_static(body.as_bytes()), texts)
    }

    #[test]
    fn what_is_no_embedding_is_none() {
        assert!(of(r#"{"data":[{"embedding":[0.5,0.5],"index":0}],"usage":{}}"#, 1).is_some());
        for body in [
            "",
            "{}",
            r#"{"data":[]}"#,
            r#"{"data":[{"embedding":"AAAA"}]}"#,
            r#"{"data":[{"embedding":[]}]}"#,
            r#"{"data":[{"embedding":[1]},{"embedding":[1]}]}"#,
        ] {
            assert!(of(body, 1).is_none(), "{body}");
        }
    }

    #[test]
    fn several_come_in_their_order() {
        let two = r#"{"data":[{"embedding":[0,1],"index":1},{"embedding":[1,0],"index":0}]}"#;
        let wanted =
            [vec![1.0, 0.0], vec![0.0, 1.0]].map(|numbers| Vector::new(numbers).expect("a direction"));
        assert_eq!(of(two, 2).as_deref(), Some(wanted.as_slice()));
    }
}
