//! Model names, and which route has them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use wayleave_api::LLMRoute;
use wayleave_api::condition::Reason;
use wayleave_core::snapshot::{ModelClaim, ObjectName};

use super::verdict::Problems;
use crate::field::FieldPath;

/// Which route has which name: of two that claim the same, the older; of two of the same age, the first by namespace
/// and name. A route without a creation time is younger than any with one.
pub(super) struct Claims<'a> {
    order: Vec<&'a ObjectName>,
    winners: BTreeMap<&'a str, &'a ObjectName>,
}

/// Why a text is no pattern of model names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadPattern {
    #[error("is empty: write the model name that clients ask for")]
    Empty,
    #[error("has a `*` that is not its last character: only names that begin alike can be claimed together")]
    InnerStar,
    #[error("has a space or a control character: no client can ask for it")]
    Blank,
}

impl<'a> Claims<'a> {
    pub(super) fn of(routes: &'a BTreeMap<ObjectName, Arc<LLMRoute>>) -> Self {
        let mut oldest_first: Vec<_> = routes.iter().collect();
        oldest_first.sort_by(|a, b| by_age(&a.1.metadata, &b.1.metadata).then_with(|| a.0.cmp(b.0)));
        let mut winners = BTreeMap::new();
        for (name, route) in &oldest_first {
            for model in route.spec.models.iter().filter(|model| check(model).is_ok()) {
                winners.entry(model.as_str()).or_insert(*name);
            }
        }
        Self {
            order: oldest_first.into_iter().map(|(name, _)| name).collect(),
            winners,
        }
    }

    /// The routes in order of precedence.
    pub(super) fn order(&self) -> impl Iterator<Item = &'a ObjectName> + use<'a> {
        self.order.clone().into_iter()
    }

    /// The claims of one route.
    pub(super) fn resolve(
        &self,
        route: &ObjectName,
        models: &[String],
        problems: &mut Problems,
    ) -> Vec<ModelClaim> {
        let field = FieldPath::spec().key("models");
        if models.is_empty() {
            problems.invalid(
                &field,
                "is empty: write at least one model name that clients ask for",
            );
        }
        let mut claims: Vec<ModelClaim> = Vec::with_capacity(models.len());
        for (index, model) in models.iter().enumerate() {
            let field = field.index(index);
            if let Err(error) = check(model) {
                problems.invalid(&field, shown(model, error));
            } else if claims.iter().any(|claim| *claim.pattern == **model) {
                problems.invalid(&field, format!("`{model}` is listed twice: remove one"));
            } else {
                let winner = self
                    .winners
                    .get(model.as_str())
                    .filter(|winner| **winner != route);
                if let Some(winner) = winner {
                    problems.broken(Reason::Conflicted, &field, lost(model, route, winner));
                }
                claims.push(ModelClaim {
                    pattern: Arc::from(model.as_str()),
                    owned: winner.is_none(),
                });
            }
        }
        claims
    }
}

fn shown(model: &str, error: BadPattern) -> String {
    if model.is_empty() {
        error.to_string()
    } else {
        format!("`{model}` {error}")
    }
}

fn lost(model: &str, route: &ObjectName, winner: &ObjectName) -> String {
    let namespace = &route.namespace;
    format!(
        "`{model}` belongs to LLMRoute {winner}, which comes first; this route is reached as `{namespace}/{model}`"
    )
}

/// The older first; one without a creation time after all that have one.
pub(super) fn by_age(a: &ObjectMeta, b: &ObjectMeta) -> Ordering {
    match (&a.creation_timestamp, &b.creation_timestamp) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn check(model: &str) -> Result<(), BadPattern> {
    let stem = model.strip_suffix('*').unwrap_or(model);
    if model.is_empty() {
        Err(BadPattern::Empty)
    } else if stem.contains('*') {
        Err(BadPattern::InnerStar)
    } else if stem.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(BadPattern::Blank)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_a_prefix_with_a_star() {
        for model in [
            "chat",
            "gpt-4*",
            "*",
            "org/model:free",
            "fast?ttft=20ms&tokens=40",
        ] {
            assert_eq!(check(model), Ok(()), "{model}");
        }
        assert_eq!(check(""), Err(BadPattern::Empty));
        for model in ["*-mini", "gpt-*-mini", "gpt**"] {
            assert_eq!(check(model), Err(BadPattern::InnerStar), "{model}");
        }
        for model in ["my model", "a\tb", " chat", "chat\n"] {
            assert_eq!(check(model), Err(BadPattern::Blank), "{model}");
        }
    }
}
