//! Objects → the data plane's configuration, and one verdict per object.
//!
//! One pure function without a clock: the same objects give the same bytes. Objects are parsed into the types of the
//! snapshot, not checked and read again; what cannot be parsed becomes an explicit broken entry with its reason and
//! takes no other object down.

mod asked;
mod attachment;
mod cache;
mod capability;
mod claim;
mod cloud;
mod credential;
mod endpoint;
mod experiment;
mod grant;
mod judge;
mod limit;
mod provider;
mod route;
mod share;
mod step;
mod tasks;
#[cfg(test)]
mod tests;
mod timing;
pub mod verdict;

use std::collections::BTreeMap;

use wayleave_core::snapshot::{Access, ObjectName, Provider, Snapshot};

use self::attachment::Attachments;
use self::claim::Claims;
use self::grant::Grants;
use self::verdict::Verdict;
use crate::object::{Kind, Objects};

/// What objects compile to.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// What the data plane serves.
    pub snapshot: Snapshot,
    /// One per `ProviderKey`, `LLMRoute` and `CachePolicy`: those that cannot be read, then all others, in this order of
    /// kinds, then by namespace and name.
    pub verdicts: Vec<Verdict>,
}

/// Compiles all objects.
pub fn compile(objects: &Objects) -> Compiled {
    let mut verdicts = Vec::new();
    let mut providers = BTreeMap::new();
    for (object, why) in &objects.unreadable {
        match object.kind {
            Kind::ProviderKey => drop(providers.insert(object.name.clone(), Access::Broken(why.clone()))),
            Kind::LLMRoute | Kind::CachePolicy => {}
            // Told by who refers to it.
            Kind::Secret | Kind::ConfigMap | Kind::Namespace => continue,
        }
        verdicts.push(Verdict::unreadable(object.clone(), why));
    }
    for (name, key) in &objects.provider_keys {
        let (access, verdict) = provider::compile(name, &key.spec, objects);
        providers.insert(name.clone(), access);
        verdicts.push(verdict);
    }

    let claims = Claims::of(&objects.routes);
    let mut grants = Grants::new(objects, &providers);
    let mut routes = BTreeMap::new();
    for (name, route) in &objects.routes {
        let (route, verdict) = route::compile(name, route, &claims, &mut grants);
        routes.insert(name, route);
        verdicts.push(verdict);
    }
    let attachments = Attachments::of(&objects.cache_policies);
    let mut caches = Vec::new();
    for (name, policy) in &objects.cache_policies {
        let targets = attachments.resolve(name, &policy.spec.target_refs, objects);
        let (cache, verdict) = cache::compile(name, &policy.spec, targets, objects, &mut grants);
        caches.push(cache);
        verdicts.push(verdict);
    }
    let refused = grants.into_refused();

    let routes = claims.order().filter_map(|name| routes.remove(name)).collect();
    Compiled {
        snapshot: Snapshot {
            routes,
            providers: entries(providers, refused),
            caches,
        },
        verdicts,
    }
}

/// The providers with those that a route may not use: see [`Grants`].
fn entries(
    mut providers: BTreeMap<ObjectName, Access>,
    refused: BTreeMap<ObjectName, String>,
) -> Vec<Provider> {
    providers.extend(
        refused
            .into_iter()
            .map(|(name, reason)| (name, Access::Broken(reason))),
    );
    providers
        .into_iter()
        .map(|(name, access)| Provider { name, access })
        .collect()
}
