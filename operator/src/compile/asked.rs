//! Models that are asked by their own name, whatever the client asked for.

use std::sync::Arc;

use wayleave_api::reference::ModelRef;
use wayleave_core::snapshot::ObjectName;

use super::grant::Grants;
use super::verdict::Problems;
use crate::field::FieldPath;

/// One that answers.
pub(super) fn model(
    spec: &ModelRef,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> (ObjectName, Arc<str>) {
    let model = named(&spec.model, field, problems);
    let provider = grants.resolve(namespace, &spec.provider_key, field, problems);
    (provider, model)
}

/// One that makes embeddings.
pub(super) fn embedder(
    spec: &ModelRef,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> (ObjectName, Arc<str>) {
    let model = named(&spec.model, field, problems);
    let provider = grants.resolve_embedder(namespace, &spec.provider_key, &model, field, problems);
    (provider, model)
}

fn named(model: &str, field: &FieldPath, problems: &mut Problems) -> Arc<str> {
    if model.trim().is_empty() {
        problems.invalid(&field.key("model"), "is empty: write the name of a model");
    } else if model.contains('*') {
        let message = format!("`{model}` is a pattern: write the name of one model");
        problems.invalid(&field.key("model"), message);
    }
    Arc::from(model)
}
