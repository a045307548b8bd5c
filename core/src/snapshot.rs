//! The compiled configuration: what the compiler hands to the data plane.
//!
//! Free of Kubernetes and Envoy types, and plain data throughout: programs, indexes and resolved prices are built
//! from it by [`crate::table::Table`]. A broken object is an entry with its reason, never an absence.

pub mod cache;
pub mod experiment;
mod provider;
mod race;
mod route;
mod step;
pub mod tasks;
mod timing;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::cache::Cache;
pub use self::provider::{Access, Endpoint, Key, Limits, Provider};
pub use self::race::{Accept, JsonAccept, Losers, Refusals};
pub use self::route::{ModelClaim, Route, RouteRules, Rule, Unsupported};
pub use self::step::{Pick, Step, StickyBy, Target};
pub use self::timing::{Retry, SlowStream, Timeouts};

/// The version of this contract. A data plane that meets another keeps its last good configuration.
pub const FORMAT_VERSION: u32 = 1;

/// Everything that one data plane serves.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Snapshot {
    /// In order of precedence: the older first, then by namespace and name.
    pub routes: Vec<Route>,
    /// By namespace and name.
    pub providers: Vec<Provider>,
    /// By namespace and name.
    pub caches: Vec<Cache>,
}

/// Names an object: `NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectName {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl ObjectName {
    /// From its two parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
pub(crate) mod samples;
