//! What our objects refer to: only these Secrets and ConfigMaps are ever read.

use std::collections::BTreeSet;
use std::sync::Arc;

use wayleave_core::snapshot::ObjectName;

use crate::object::{Kind, ObjectRef, Objects};

/// The Secrets and ConfigMaps that objects refer to.
pub fn of(objects: &Objects) -> BTreeSet<ObjectRef> {
    let mut found = BTreeSet::new();
    for (owner, key) in &objects.provider_keys {
        let beside = |kind, name: &str| {
            let name = ObjectName::new(Arc::clone(&owner.namespace), name);
            ObjectRef::new(kind, name)
        };
        let spec = &key.spec;
        found.extend(
            spec.secret_refs
                .iter()
                .map(|entry| beside(Kind::Secret, &entry.name)),
        );
        if let Some(ca) = &spec.ca {
            let secret = ca
                .secret_ref
                .as_ref()
                .map(|entry| beside(Kind::Secret, &entry.name));
            let config_map = (ca.config_map_ref.as_ref()).map(|entry| beside(Kind::ConfigMap, &entry.name));
            found.extend(secret.into_iter().chain(config_map));
        }
    }
    found
}
