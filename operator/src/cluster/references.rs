//! What our objects refer to: only these Secrets and ConfigMaps are ever read.

use std::collections::BTreeSet;
use std::sync::Arc;

use wayleave_api::certificate_authority::CertificateAuthority;
use wayleave_core::snapshot::ObjectName;

use crate::object::{Kind, ObjectRef, Objects};

/// The Secrets and ConfigMaps that objects refer to.
pub fn of(objects: &Objects) -> BTreeSet<ObjectRef> {
    let mut found = BTreeSet::new();
    for (owner, key) in &objects.provider_keys {
        let spec = &key.spec;
        let secrets = spec.secret_refs.iter().map(|entry| &entry.name);
        found.extend(secrets.map(|name| beside(owner, Kind::Secret, name)));
        found.extend(spec.ca.iter().flat_map(|ca| authority(owner, ca)));
    }
    for (owner, policy) in &objects.cache_policies {
        let Some(redis) = policy.spec.store.as_ref().and_then(|store| store.redis.as_ref()) else {
            continue;
        };
        let secrets = [Some(&redis.url_secret_ref), redis.encryption_key_ref.as_ref()];
        let secrets = secrets.into_iter().flatten();
        found.extend(secrets.map(|entry| beside(owner, Kind::Secret, &entry.name)));
        found.extend(redis.ca.iter().flat_map(|ca| authority(owner, ca)));
    }
    found
}

fn authority(owner: &ObjectName, ca: &CertificateAuthority) -> impl Iterator<Item = ObjectRef> {
    let secret = ca.secret_ref.as_ref();
    let secret = secret.map(|entry| beside(owner, Kind::Secret, &entry.name));
    let config_map = ca.config_map_ref.as_ref();
    let config_map = config_map.map(|entry| beside(owner, Kind::ConfigMap, &entry.name));
    secret.into_iter().chain(config_map)
}

fn beside(owner: &ObjectName, kind: Kind, name: &str) -> ObjectRef {
    ObjectRef::new(kind, ObjectName::new(Arc::clone(&owner.namespace), name))
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

    #[test]
    fn secrets_and_config_maps_beside_a_policy_are_found() {
        let mut objects = Objects::default();
        for (name, store) in [
            (
                "all",
                serde_json::json!({"redis": {
                    "urlSecretRef": {"name": "url", "key": "url"},
                    "encryptionKeyRef": {"name": "key", "key": "key"},
                    "ca": {"configMapRef": {"name": "ca", "key": "ca.crt"}},
                }}),
            ),
            (
                "few",
                serde_json::json!({"redis": {"urlSecretRef": {"name": "other", "key": "url"}}}),
            ),
            ("none", serde_json::json!({"memory": {"maxBytes": "1Mi"}})),
        ] {
            let spec = serde_json::json!({"targetRefs": [], "ttl": "1h", "store": store});
            let policy = wayleave_api::CachePolicy::new(name, serde_json::from_value(spec).expect("reads"));
            let name = ObjectName::new("a", name);
            objects.cache_policies.insert(name, Arc::new(policy));
        }
        let found: Vec<_> = of(&objects).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            ["Secret a/key", "Secret a/other", "Secret a/url", "ConfigMap a/ca"]
        );
    }
}
