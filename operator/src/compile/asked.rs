//! Models that the gateway asks by itself.

use std::sync::Arc;

use wayleave_api::reference::{EmbeddingRef, NamedModelRef};
use wayleave_core::snapshot::ObjectName;

use super::grant::Grants;
use super::verdict::Problems;
use crate::field::FieldPath;

/// One that makes embeddings.
pub(super) fn embedder(
    spec: &EmbeddingRef,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> (ObjectName, Arc<str>) {
    let model = named(&spec.model, "a model that makes embeddings", field, problems);
    let key = (spec.namespace.as_deref(), spec.provider_key.as_str());
    let provider = grants.resolve_embedder(namespace, key, &model, field, problems);
    (provider, model)
}

/// One that answers.
pub(super) fn model(
    spec: &NamedModelRef,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> (ObjectName, Arc<str>) {
    let model = named(&spec.model, "a model", field, problems);
    let key = (spec.namespace.as_deref(), spec.provider_key.as_str());
    (grants.resolve(namespace, key, field, problems), model)
}

fn named(model: &str, what: &str, field: &FieldPath, problems: &mut Problems) -> Arc<str> {
    if model.trim().is_empty() {
        let message = format!("is empty: write the name of {what}");
        problems.invalid(&field.key("model"), message);
    } else if model.contains('*') {
        let message = format!("`{model}` is a pattern: write the name of one model");
        problems.invalid(&field.key("model"), message);
    }
    Arc::from(model)
}
