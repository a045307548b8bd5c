//! What a provider allows.

use wayleave_api::provider_key::ProviderKeySpec;
use wayleave_core::snapshot::Limits;

use super::verdict::Problems;
use crate::field::FieldPath;

/// The limits of a `ProviderKey`.
pub(super) fn limits(spec: &ProviderKeySpec, problems: &mut Problems) -> Limits {
    let Some(limits) = &spec.limits else {
        return Limits::default();
    };
    let field = FieldPath::spec().key("limits");
    let mut at_least_one = |name: &'static str, limit: Option<u32>| {
        if limit == Some(0) {
            problems.invalid(
                &field.key(name),
                "is 0 and would let no call through: write at least 1, or remove it",
            );
        }
        limit
    };
    Limits {
        requests_per_minute: at_least_one("requestsPerMinute", limits.requests_per_minute),
        tokens_per_minute: at_least_one("tokensPerMinute", limits.tokens_per_minute),
        concurrency: at_least_one("concurrency", limits.concurrency),
    }
}
