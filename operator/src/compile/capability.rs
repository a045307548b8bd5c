//! What the user says that models can do.

use wayleave_api::capability::Capability as Spec;
use wayleave_api::provider_key::ProviderKeySpec;
use wayleave_core::capability::{Capability, CapabilityRow};
use wayleave_core::price::ModelGlob;

use super::verdict::Problems;
use crate::field::FieldPath;

/// The capabilities of a `ProviderKey`'s models.
pub(super) fn rows(spec: &ProviderKeySpec, problems: &mut Problems) -> Vec<CapabilityRow> {
    let field = FieldPath::spec().key("capabilities");
    let mut rows = Vec::with_capacity(spec.capabilities.len());
    for (index, entry) in spec.capabilities.iter().enumerate() {
        let field = field.index(index);
        if entry.model.trim().is_empty() {
            let message = "is empty: write a model name, or `*` for all";
            problems.invalid(&field.key("model"), message);
        }
        problems.once(&field.key("lacks"), &entry.lacks);
        let lacks = entry.lacks.iter().map(|lack| match lack {
            Spec::Images => Capability::Images,
            Spec::Tools => Capability::Tools,
            Spec::JSONSchema => Capability::JsonSchema,
        });
        rows.push(CapabilityRow {
            model: ModelGlob::from(entry.model.as_str()),
            context_window: entry.context_window.map(u64::from),
            lacks: lacks.collect(),
        });
    }
    rows
}
