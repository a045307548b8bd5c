//! Resources, put together to a configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Identity, Resource, ResourceKind, ResourceName};
use crate::snapshot::Snapshot;

/// The resources that a data plane has.
#[derive(Clone, Debug, Default)]
pub struct Assembly(BTreeMap<ResourceName, Resource>);

impl Assembly {
    /// Adds a resource, or puts it in the place of the one with its name.
    pub fn insert(&mut self, resource: Resource) {
        self.0.insert(resource.name(), resource);
    }

    /// Takes a resource out.
    pub fn remove(&mut self, name: &ResourceName) {
        self.0.remove(name);
    }

    /// The configuration. Its routes are in order of precedence, whatever the order in which they came.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for resource in self.0.values() {
            match resource {
                Resource::Route(route) => snapshot.routes.push((**route).clone()),
                Resource::Provider(provider) => snapshot.providers.push((**provider).clone()),
                Resource::Cache(cache) => snapshot.caches.push((**cache).clone()),
                Resource::Certificate(_) => {}
            }
        }
        snapshot
            .routes
            .sort_by(|a, b| a.precedence().cmp(&b.precedence()));
        snapshot
    }

    /// The certificates.
    pub fn identities(&self) -> impl Iterator<Item = &Arc<Identity>> {
        self.0
            .iter()
            .filter(|(name, _)| name.kind == ResourceKind::Certificate)
            .filter_map(|(_, resource)| match resource {
                Resource::Certificate(identity) => Some(identity),
                Resource::Route(_) | Resource::Provider(_) | Resource::Cache(_) => None,
            })
    }
}
