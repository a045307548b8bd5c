//! The objects that a configuration is compiled from, wherever they come from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use wayleave_api::{CachePolicy, LLMRoute, ProviderKey};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::ObjectName;

/// A kind of object that the gateway reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    /// A provider with its credentials.
    ProviderKey,
    /// A route.
    LLMRoute,
    /// A cache.
    CachePolicy,
    /// Credentials.
    Secret,
    /// Certificates.
    ConfigMap,
    /// Labels that a `ProviderKey` may ask for.
    Namespace,
}

/// Names an object of any kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its name; of a `Namespace` both parts are the same.
    #[serde(flatten)]
    pub name: ObjectName,
}

/// All objects, sorted, so that the same objects always compile to the same bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    /// Routes.
    pub routes: BTreeMap<ObjectName, Arc<LLMRoute>>,
    /// Providers.
    pub provider_keys: BTreeMap<ObjectName, Arc<ProviderKey>>,
    /// Caches.
    pub cache_policies: BTreeMap<ObjectName, Arc<CachePolicy>>,
    /// Credentials, by entry.
    pub secrets: BTreeMap<ObjectName, BTreeMap<String, SecretEntry>>,
    /// Texts, by entry.
    pub config_maps: BTreeMap<ObjectName, BTreeMap<String, String>>,
    /// Labels, by namespace.
    pub namespaces: BTreeMap<Arc<str>, BTreeMap<String, String>>,
    /// Objects that are there but cannot, or must not, be read, and why.
    pub unreadable: BTreeMap<ObjectRef, String>,
}

/// One entry of a `Secret`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretEntry {
    /// Text, without the line break at its end that editors and `echo` leave.
    Text(Secret),
    /// Not UTF-8.
    Binary,
}

impl Kind {
    /// As it is written in a manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderKey => "ProviderKey",
            Self::LLMRoute => "LLMRoute",
            Self::CachePolicy => "CachePolicy",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::Namespace => "Namespace",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl ObjectRef {
    /// From its parts.
    pub fn new(kind: Kind, name: ObjectName) -> Self {
        Self { kind, name }
    }

    /// A namespace.
    pub fn namespace(name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        Self::new(Kind::Namespace, ObjectName::new(Arc::clone(&name), name))
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Namespace => write!(f, "{} {}", self.kind, self.name.name),
            Kind::ProviderKey | Kind::LLMRoute | Kind::CachePolicy | Kind::Secret | Kind::ConfigMap => {
                write!(f, "{} {}", self.kind, self.name)
            }
        }
    }
}

impl SecretEntry {
    /// From the bytes of an entry.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(Secret::new(text.trim_end_matches(['\r', '\n']))),
            Err(_) => Self::Binary,
        }
    }
}

impl Objects {
    /// Whether the object is here and could be read.
    pub fn contains(&self, object: &ObjectRef) -> bool {
        let name = &object.name;
        match object.kind {
            Kind::ProviderKey => self.provider_keys.contains_key(name),
            Kind::LLMRoute => self.routes.contains_key(name),
            Kind::CachePolicy => self.cache_policies.contains_key(name),
            Kind::Secret => self.secrets.contains_key(name),
            Kind::ConfigMap => self.config_maps.contains_key(name),
            Kind::Namespace => self.namespaces.contains_key(&name.name),
        }
    }

    /// Whether both have the object and it is equal.
    pub fn agrees(&self, other: &Self, object: &ObjectRef) -> bool {
        fn equal<K: Ord, V: PartialEq>(a: &BTreeMap<K, V>, b: &BTreeMap<K, V>, key: &K) -> bool {
            a.get(key).is_some_and(|value| b.get(key) == Some(value))
        }
        let name = &object.name;
        match object.kind {
            Kind::ProviderKey => equal(&self.provider_keys, &other.provider_keys, name),
            Kind::LLMRoute => equal(&self.routes, &other.routes, name),
            Kind::CachePolicy => equal(&self.cache_policies, &other.cache_policies, name),
            Kind::Secret => equal(&self.secrets, &other.secrets, name),
            Kind::ConfigMap => equal(&self.config_maps, &other.config_maps, name),
            Kind::Namespace => equal(&self.namespaces, &other.namespaces, &name.name),
        }
    }

    /// Puts the version of an object that `from` has in the place of this one's. Nothing changes where it has none.
    pub fn take(&mut self, from: &Self, object: &ObjectRef) {
        fn copy<K: Ord + Clone, V: Clone>(to: &mut BTreeMap<K, V>, from: &BTreeMap<K, V>, key: &K) {
            if let Some(value) = from.get(key) {
                to.insert(key.clone(), value.clone());
            }
        }
        let name = &object.name;
        match object.kind {
            Kind::ProviderKey => copy(&mut self.provider_keys, &from.provider_keys, name),
            Kind::LLMRoute => copy(&mut self.routes, &from.routes, name),
            Kind::CachePolicy => copy(&mut self.cache_policies, &from.cache_policies, name),
            Kind::Secret => copy(&mut self.secrets, &from.secrets, name),
            Kind::ConfigMap => copy(&mut self.config_maps, &from.config_maps, name),
            Kind::Namespace => copy(&mut self.namespaces, &from.namespaces, &name.name),
        }
        if self.contains(object) {
            self.unreadable.remove(object);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_loses_its_last_line_break_only() {
        let entry = |text: &str| SecretEntry::from_bytes(text.into());
        assert_eq!(entry("sk-1\r\n"), SecretEntry::Text(Secret::new("sk-1")));
        assert_eq!(entry(" sk 1 "), SecretEntry::Text(Secret::new(" sk 1 ")));
        assert_eq!(SecretEntry::from_bytes(vec![0xff]), SecretEntry::Binary);
    }
}
