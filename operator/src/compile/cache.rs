//! `CachePolicy`: read and judged, but not yet in force.

use std::sync::Arc;
use std::time::Duration;

use wayleave_api::cache_policy::{CachePolicySpec, Store};
use wayleave_api::condition::Reason;
use wayleave_api::number::Decimal;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::ObjectName;

use super::grant::Grants;
use super::timing::{self, Most};
use super::verdict::{Problems, Verdict};
use crate::field::FieldPath;
use crate::object::{Kind, ObjectRef, Objects};

const MIN_TTL: Duration = Duration::from_secs(1);
const MAX_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// Judges one `CachePolicy`.
pub(super) fn compile(
    name: &ObjectName,
    spec: &CachePolicySpec,
    objects: &Objects,
    grants: &mut Grants<'_>,
) -> Verdict {
    let mut problems = Problems::default();
    let root = FieldPath::spec();
    targets(name, spec, objects, &mut problems);
    timing::bounded(
        &spec.ttl,
        MIN_TTL,
        Most::Fixed(MAX_TTL),
        &root.key("ttl"),
        &mut problems,
    );
    if let Some(store) = &spec.store {
        self::store(store, &root.key("store"), &mut problems);
    }
    if let Some(semantic) = &spec.semantic {
        let field = root.key("semantic");
        threshold(&semantic.threshold, &field.key("threshold"), &mut problems);
        let provider = (
            semantic.embedding.namespace.as_deref(),
            semantic.embedding.provider_key.as_str(),
        );
        grants.resolve(&name.namespace, provider, &field.key("embedding"), &mut problems);
    }
    if problems.own_fault().is_none() {
        problems.warn(
            Reason::NotYetInForce,
            &FieldPath::default(),
            "accepted, but caches are not yet in force",
        );
    }
    problems.into_verdict(ObjectRef::new(Kind::CachePolicy, name.clone()), false)
}

fn targets(name: &ObjectName, spec: &CachePolicySpec, objects: &Objects, problems: &mut Problems) {
    let field = FieldPath::spec().key("targetRefs");
    if spec.target_refs.is_empty() {
        problems.invalid(&field, "is empty: write at least one route");
    }
    for (index, target) in spec.target_refs.iter().enumerate() {
        let route = ObjectName::new(Arc::clone(&name.namespace), target.name.as_str());
        if !objects.routes.contains_key(&route) {
            let message = format!("LLMRoute {route} does not exist");
            problems.broken(Reason::RouteNotFound, &field.index(index).key("name"), message);
        }
    }
}

fn store(store: &Store, field: &FieldPath, problems: &mut Problems) {
    match (&store.memory, &store.redis) {
        (Some(memory), None) => {
            problems.valid(&field.key("memory").key("maxBytes"), memory.max_bytes.parse());
        }
        (None, Some(_)) => {}
        _ => problems.invalid(field, "needs exactly one of memory and redis"),
    }
}

fn threshold(text: &Decimal, field: &FieldPath, problems: &mut Problems) {
    if text
        .as_str()
        .parse::<Ratio>()
        .is_ok_and(|ratio| ratio <= Ratio::ONE)
    {
        return;
    }
    problems.invalid(
        field,
        format!("`{text}` is not a similarity: write a decimal number from 0 to 1, such as 0.95"),
    );
}
