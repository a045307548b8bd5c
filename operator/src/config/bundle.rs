//! All resources of a configuration with their versions.

use std::collections::BTreeMap;
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
}

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

    /// 96 bits are enough to tell the versions of one object apart.
    fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let text = digest.iter().take(12).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self(text.into())
    }
}

impl Bundle {
    /// Of a configuration, and of what data planes show to an Envoy.
    ///
    /// # Errors
    /// None that can be provoked: see [`Resource::encode`].
    pub fn new(snapshot: Snapshot, identity: Option<Arc<Identity>>) -> serde_json::Result<Self> {
        let identity = identity.map(Resource::Certificate);
        let resources = Resource::of(snapshot).chain(identity).map(|resource| {
            let bytes = Bytes::from(resource.encode()?);
            let version = Version::of(&bytes);
            Ok((resource.name(), Versioned { version, bytes }))
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
