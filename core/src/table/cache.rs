//! Caches, bound to their routes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ActiveRule;
use super::sole::{self, For};
use crate::snapshot::cache::{Cache, CacheRules, CacheState};
use crate::snapshot::{ObjectName, Provider};

/// A cache, ready.
#[derive(Debug)]
pub struct ActiveCache {
    /// The `CachePolicy`.
    pub name: ObjectName,
    /// What it says.
    pub rules: Arc<CacheRules>,
    /// The rule by which the embeddings of semantic lookups are made, or why they cannot be.
    pub embedder: Option<Result<Arc<ActiveRule>, String>>,
}

/// The cache of each route that has one.
pub(super) fn by_route<'a>(
    caches: &'a [Cache],
    providers: &BTreeMap<&ObjectName, &Provider>,
) -> HashMap<&'a ObjectName, Arc<ActiveCache>> {
    let mut by_route = HashMap::new();
    for cache in caches {
        let CacheState::Ready(rules) = &cache.rules else {
            continue;
        };
        let semantic = rules.semantic.as_ref();
        let active = Arc::new(ActiveCache {
            name: cache.name.clone(),
            rules: Arc::clone(rules),
            embedder: semantic.map(|semantic| {
                let asked = (&semantic.provider, &semantic.model);
                sole::rule(asked, For::Embeddings, providers)
            }),
        });
        for route in &cache.routes {
            by_route.entry(route).or_insert_with(|| Arc::clone(&active));
        }
    }
    by_route
}
