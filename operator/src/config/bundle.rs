//! All resources of a configuration with their versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use wayleave_core::resource::{Identity, Resource, ResourceName};
use wayleave_core::snapshot::Snapshot;

/// What the data planes should have. Versions are those of the content: another leader that sees the same objects comes
/// to the same versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    resources: BTreeMap<ResourceName, Versioned>,
}

/// A resource as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Versioned {
    /// Its version.
    pub version: Version,
    /// Its bytes, credentials in clear.
    pub bytes: Bytes,
    /// Whether it may take the place of an earlier version.
    pub rank: Rank,
}

/// Whether a resource may take the place of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// It may.
    Replaces,
    /// Only data planes that have none, or another that stands in, get it: it says why the object is broken, and what was good before is not known
    /// here, e.g. after a restart.
    StandsIn,
}

/// What the version of a resource that only stands in begins with. No digest has this letter.
const STAND_IN: &str = "stand-in-";

/// The version of a resource: a digest of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Arc<str>);

impl std::fmt::Debug for Versioned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.version.0, self.bytes.len())
    }
}

impl Version {
    /// As it was told by a data plane.
    pub fn told(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is of a resource that only stands in, also when another operator has sent it.
    pub fn stands_in(&self) -> bool {
        self.0.starts_with(STAND_IN)
    }

    /// 96 bits are enough to tell the versions of one object apart.
    fn of(bytes: &[u8], rank: Rank) -> Self {
        let mark = match rank {
            Rank::Replaces => "",
            Rank::StandsIn => STAND_IN,
        };
        let digest = Sha256::digest(bytes);
        let text = digest.iter().take(12).fold(mark.to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self(text.into())
    }
}

impl Bundle {
    /// Of a configuration, and of what data planes show to an Envoy. `broken` are those that only stand in.
    ///
    /// # Errors
    /// None that can be provoked: see [`Resource::encode`].
    pub fn new(
        snapshot: Snapshot,
        identity: Option<Arc<Identity>>,
        broken: &BTreeSet<ResourceName>,
    ) -> serde_json::Result<Self> {
        let identity = identity.map(Resource::Certificate);
        let resources = Resource::of(snapshot).chain(identity).map(|resource| {
            let bytes = Bytes::from(resource.encode()?);
            let name = resource.name();
            let rank = if broken.contains(&name) {
                Rank::StandsIn
            } else {
                Rank::Replaces
            };
            let version = Version::of(&bytes, rank);
            Ok((name, Versioned { version, bytes, rank }))
        });
        let resources = resources.collect::<serde_json::Result<_>>()?;
        Ok(Self { resources })
    }

    /// One of them.
    pub fn get(&self, name: &ResourceName) -> Option<&Versioned> {
        self.resources.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceName, &Versioned)> {
        self.resources.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use wayleave_core::resource::ResourceKind;
    use wayleave_core::secret::Secret;
    use wayleave_core::snapshot::{Access, ObjectName, Provider};

    use super::*;

    fn provider(name: &str, why: &str) -> Provider {
        Provider {
            name: ObjectName::new("a", name),
            access: Access::Broken(why.to_owned()),
        }
    }

    fn bundle(providers: &[Provider], key: Option<&str>) -> Bundle {
        let snapshot = Snapshot {
            providers: providers.to_vec(),
            ..Snapshot::default()
        };
        let identity = key.map(|key| {
            Arc::new(Identity {
                name: ObjectName::new("own", "ext-proc"),
                chain: Arc::from("chain"),
                key: Secret::new(key),
            })
        });
        Bundle::new(snapshot, identity, &BTreeSet::new()).expect("encodes")
    }

    #[test]
    fn equal_objects_have_equal_versions_wherever_they_are_compiled() {
        let one = bundle(&[provider("x", "no"), provider("y", "no")], Some("key"));
        assert_eq!(
            one,
            bundle(&[provider("y", "no"), provider("x", "no")], Some("key"))
        );
        assert_eq!(one.len(), 3);
        let x = ResourceName::new(ResourceKind::Provider, ObjectName::new("a", "x"));
        let version = one.get(&x).expect("is there").version.clone();
        // Data planes keep versions from one leader to the next, of another release perhaps.
        assert_eq!(version.as_str().len(), 24);
        assert_eq!(Version::told(version.as_str()), version);

        let other = bundle(&[provider("x", "other"), provider("y", "no")], Some("new"));
        let changed: Vec<_> = (one.iter().zip(other.iter()))
            .filter(|(one, other)| one != other)
            .map(|((name, _), _)| name.to_string())
            .collect();
        assert_eq!(changed, ["provider/a/x", "certificate/own/ext-proc"]);
        assert!(bundle(&[], None).is_empty());
    }

    #[test]
    fn what_is_broken_only_stands_in() {
        let x = ResourceName::new(ResourceKind::Provider, ObjectName::new("a", "x"));
        let snapshot = Snapshot {
            providers: vec![provider("x", "no"), provider("y", "no")],
            ..Snapshot::default()
        };
        let bundle = Bundle::new(snapshot, None, &BTreeSet::from([x])).expect("encodes");
        let ranks: Vec<_> = bundle.iter().map(|(_, resource)| resource.rank).collect();
        assert_eq!(ranks, [Rank::StandsIn, Rank::Replaces]);
    }

    #[test]
    fn credentials_are_sent_and_not_shown() {
        let bundle = bundle(&[], Some("sk-secret"));
        let (_, resource) = bundle.iter().next().expect("is there");
        assert!(String::from_utf8_lossy(&resource.bytes).contains("sk-secret"));
        assert!(!format!("{bundle:?}").contains("sk-secret"));
    }
}
