//! Routes, bound to their caches and providers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ActiveCache, ActiveRule};
use crate::snapshot::{ObjectName, Provider, Route, RouteRules};

/// A route, ready.
#[derive(Debug)]
pub struct ActiveRoute {
    /// The object it comes from.
    pub name: ObjectName,
    /// `NAMESPACE/NAME`, for metrics and the ledger.
    pub label: Arc<str>,
    /// Its rules, or why it has none.
    pub rules: Result<Vec<Arc<ActiveRule>>, String>,
    /// The cache of its answers.
    pub cache: Option<Arc<ActiveCache>>,
}

impl ActiveRoute {
    pub(super) fn build(
        route: &Route,
        cache: Option<Arc<ActiveCache>>,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Self {
        let model = route
            .models
            .first()
            .map_or_else(|| Arc::from("none"), |claim| Arc::clone(&claim.pattern));
        let rules = match &route.rules {
            RouteRules::Broken(reason) => Err(reason.clone()),
            RouteRules::Rules(rules) => Ok(rules
                .iter()
                .enumerate()
                .map(|(index, rule)| Arc::new(ActiveRule::build(index, rule, &route.name, &model, providers)))
                .collect()),
        };
        Self {
            label: route.name.to_string().into(),
            name: route.name.clone(),
            rules,
            cache,
        }
    }
}
