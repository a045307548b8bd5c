//! The configuration on the wire: one resource per object.
//!
//! ```text
//! Snapshot ──of──► Resource per object ──encode──► bytes ═(delta xDS)═► decode ──Assembly──► Snapshot
//! ```
//!
//! A change of one object is one small message, and an answer to it names that object. A [`Secret`] stands in clear in
//! these bytes and nowhere else: they travel over TLS, to authenticated data planes only.

mod access;
mod assembly;
mod cache;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::assembly::Assembly;

use self::access::WireProvider;
use self::cache::WireCache;
use crate::secret::Secret;
use crate::snapshot::cache::{BadRedis, Cache};
use crate::snapshot::{FORMAT_VERSION, ObjectName, Provider, Route, RouteRules, Snapshot};
use crate::when::When;

/// The type of every resource. One type, so that a route and the provider that it needs come in one message and are put
/// in force together.
pub const TYPE_URL: &str = "type.wayleave.dev/wayleave.config.v1.Object";

/// What a data plane says of a resource that it does not take: a JSON list of [`Rejected`] in the details of an error.
pub const REJECTED_TYPE_URL: &str = "type.wayleave.dev/wayleave.config.v1.Rejected";

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A [`Provider`].
    Provider,
    /// A [`Route`].
    Route,
    /// A [`Cache`].
    Cache,
    /// An [`Identity`].
    Certificate,
}

/// Names a resource: `route/NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName {
    /// What it is.
    pub kind: ResourceKind,
    /// The object that it comes from.
    pub object: ObjectName,
}

/// One object of the configuration.
#[derive(Clone, Debug)]
pub enum Resource {
    /// An `LLMRoute`.
    Route(Arc<Route>),
    /// A `ProviderKey`.
    Provider(Arc<Provider>),
    /// A `CachePolicy`.
    Cache(Arc<Cache>),
    /// What the data plane shows to an Envoy that connects by TLS.
    Certificate(Arc<Identity>),
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Names it.
    pub name: ObjectName,
    /// PEM, the server's own certificate first.
    pub chain: Arc<str>,
    /// PEM.
    pub key: Secret,
}

/// A resource that a data plane did not take, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// [`ResourceName`] as text.
    pub name: String,
    /// What was wrong and what to do.
    pub reason: String,
}

/// Why bytes are no resource.
#[derive(Debug, thiserror::Error)]
pub enum BadResource {
    /// The name has another form.
    #[error("`{0}` is not the name of a resource: KIND/NAMESPACE/NAME")]
    Name(String),
    /// Another version of the contract.
    #[error(
        "format version {found} is not known to this data plane, which knows {FORMAT_VERSION}: update the older of both"
    )]
    Version {
        /// The version that was found.
        found: u32,
    },
    /// Not what the name says, or a value that this version does not know.
    #[error("cannot be read: {0}. The operator may be newer than this data plane: update it")]
    Malformed(#[from] serde_json::Error),
    /// A vendor that this version does not know.
    #[error("the provider {0} is not known to this data plane: update it")]
    Vendor(String),
    /// A store that this version cannot use.
    #[error("store.redis: {0}")]
    Redis(#[from] BadRedis),
    /// The content is another object's.
    #[error("the content is of {0}")]
    Mismatch(ObjectName),
    /// A condition that this version cannot read.
    #[error("{field} cannot be read by this data plane: {error}")]
    When {
        /// Where it stands.
        field: String,
        /// Why.
        error: String,
    },
}

/// What stands before each resource, so that a reader knows whether it can read on.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct Framed<T> {
    format: u32,
    object: T,
}

#[derive(Serialize, Deserialize)]
struct WireIdentity {
    name: ObjectName,
    chain: Arc<str>,
    key: String,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Provider, Self::Route, Self::Cache, Self::Certificate];

    /// As it stands in a name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Route => "route",
            Self::Cache => "cache",
            Self::Certificate => "certificate",
        }
    }
}

impl ResourceName {
    /// From its parts.
    pub fn new(kind: ResourceKind, object: ObjectName) -> Self {
        Self { kind, object }
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.object)
    }
}

impl FromStr for ResourceName {
    type Err = BadResource;

    /// A name may itself have a slash: see the compiler's entries for references that are not permitted.
    fn from_str(text: &str) -> Result<Self, BadResource> {
        let mut parts = text.splitn(3, '/');
        let kind = parts
            .next()
            .and_then(|word| ResourceKind::ALL.into_iter().find(|kind| kind.as_str() == word));
        match (kind, parts.next(), parts.next()) {
            (Some(kind), Some(namespace), Some(name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(Self::new(kind, ObjectName::new(namespace, name)))
            }
            _ => Err(BadResource::Name(text.to_owned())),
        }
    }
}

impl Resource {
    /// All objects of a configuration.
    pub fn of(snapshot: Snapshot) -> impl Iterator<Item = Self> {
        let Snapshot {
            routes,
            providers,
            caches,
        } = snapshot;
        let routes = routes.into_iter().map(|route| Self::Route(Arc::new(route)));
        let providers = providers
            .into_iter()
            .map(|provider| Self::Provider(Arc::new(provider)));
        let caches = caches.into_iter().map(|cache| Self::Cache(Arc::new(cache)));
        providers.chain(routes).chain(caches)
    }

    /// Its name.
    pub fn name(&self) -> ResourceName {
        match self {
            Self::Route(route) => ResourceName::new(ResourceKind::Route, route.name.clone()),
            Self::Provider(provider) => ResourceName::new(ResourceKind::Provider, provider.name.clone()),
            Self::Cache(cache) => ResourceName::new(ResourceKind::Cache, cache.name.clone()),
            Self::Certificate(identity) => {
                ResourceName::new(ResourceKind::Certificate, identity.name.clone())
            }
        }
    }

    /// Its bytes, credentials in clear. Equal resources have equal bytes.
    ///
    /// # Errors
    /// None that can be provoked: all keys are texts and all numbers are finite.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Route(route) => framed(&**route),
            Self::Provider(provider) => framed(WireProvider::expose(provider)),
            Self::Cache(cache) => framed(WireCache::expose(cache)),
            Self::Certificate(identity) => framed(WireIdentity {
                name: identity.name.clone(),
                chain: Arc::clone(&identity.chain),
                key: identity.key.expose().to_owned(),
            }),
        }
    }

    /// Reads what [`Resource::encode`] wrote, and checks what the data plane alone can check.
    ///
    /// # Errors
    /// When this version of the data plane cannot serve it; the reason is for people.
    pub fn decode(name: &ResourceName, bytes: &[u8]) -> Result<Self, BadResource> {
        let Head { format } = serde_json::from_slice(bytes)?;
        if format != FORMAT_VERSION {
            return Err(BadResource::Version { found: format });
        }
        let resource = match name.kind {
            ResourceKind::Route => Self::Route(Arc::new(checked(object(bytes)?)?)),
            ResourceKind::Provider => Self::Provider(Arc::new(object::<WireProvider>(bytes)?.conceal()?)),
            ResourceKind::Cache => Self::Cache(Arc::new(object::<WireCache>(bytes)?.conceal()?)),
            ResourceKind::Certificate => {
                let WireIdentity { name, chain, key } = object(bytes)?;
                let key = Secret::new(key);
                Self::Certificate(Arc::new(Identity { name, chain, key }))
            }
        };
        let found = resource.name();
        if found == *name {
            Ok(resource)
        } else {
            Err(BadResource::Mismatch(found.object))
        }
    }
}

fn framed(object: impl Serialize) -> serde_json::Result<Vec<u8>> {
    let format = FORMAT_VERSION;
    serde_json::to_vec(&Framed { format, object })
}

fn object<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes).map(|Framed { object, .. }| object)
}

/// A rule whose condition cannot be read would never match: another rule would serve its calls. So of a class.
fn checked(route: Route) -> Result<Route, BadResource> {
    if let RouteRules::Rules(rules) = &route.rules {
        for (rule, source) in rules.iter().enumerate() {
            let own = source
                .when
                .iter()
                .map(|when| (format!("rules[{rule}].when"), when));
            let classes = source.tasks.iter().flat_map(|tasks| &tasks.classes).enumerate();
            let classes = classes.filter_map(|(class, spec)| {
                let field = format!("rules[{rule}].tasks.classes[{class}].when");
                Some((field, spec.when.as_ref()?))
            });
            for (field, when) in own.chain(classes) {
                if let Err(error) = When::parse(when) {
                    let error = error.to_string();
                    return Err(BadResource::When { field, error });
                }
            }
        }
    }
    Ok(route)
}
