//! Caches, bound to their routes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::experiment::asking_one;
use super::{ActiveRule, endpoint};
use crate::snapshot::cache::{Cache, CacheRules, CacheState, Semantic};
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
            embedder: semantic.map(|semantic| embedder(semantic, providers)),
        });
        for route in &cache.routes {
            by_route.entry(route).or_insert_with(|| Arc::clone(&active));
        }
    }
    by_route
}

/// Where embeddings are made, or why they cannot be.
fn embedder(
    semantic: &Semantic,
    providers: &BTreeMap<&ObjectName, &Provider>,
) -> Result<Arc<ActiveRule>, String> {
    let Semantic { provider, model, .. } = semantic;
    let endpoint = endpoint(provider, providers)?;
    if !endpoint.embeds(model) {
        return Err(format!("ProviderKey {provider} has no API for embeddings"));
    }
    let rule = asking_one(provider, model, semantic.timeout);
    Ok(Arc::new(ActiveRule::build(0, &rule, provider, model, providers)))
}
