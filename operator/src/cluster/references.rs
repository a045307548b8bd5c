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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_config_maps_beside_a_key_are_found() {
        let mut objects = Objects::default();
        for (namespace, spec) in [
            (
                "a",
                serde_json::json!({
                    "provider": "OpenAI",
                    "secretRefs": [{"name": "s", "key": "1"}, {"name": "s", "key": "2"}, {"name": "t", "key": "1"}],
                    "ca": {"secretRef": {"name": "ca", "key": "ca.crt"}},
                }),
            ),
            (
                "b",
                serde_json::json!({
                    "provider": "OpenAI",
                    "secretRefs": [{"name": "s", "key": "1"}],
                    "ca": {"configMapRef": {"name": "ca", "key": "ca.crt"}},
                }),
            ),
            (
                "c",
                serde_json::json!({"provider": "OpenAI", "ca": {"pem": "text"}}),
            ),
        ] {
            let key = wayleave_api::ProviderKey::new("k", serde_json::from_value(spec).expect("reads"));
            objects
                .provider_keys
                .insert(ObjectName::new(namespace, "k"), Arc::new(key));
        }
        let found: Vec<_> = of(&objects).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "Secret a/ca",
                "Secret a/s",
                "Secret a/t",
                "Secret b/s",
                "ConfigMap b/ca"
            ]
        );
        assert!(of(&Objects::default()).is_empty());
    }
}
