//! The state of the world as one call sees it.

use std::sync::Arc;

use wayleave_core::digest::Digest;
use wayleave_core::plan::{Availability, KeyChoice, Known, World};
use wayleave_core::snapshot::{Endpoint, ObjectName};

use super::{Evidence, Kind, Name};
use crate::health::Health;

/// Health and evidence, for calls of one kind.
pub(crate) struct View<'a> {
    pub(crate) health: &'a Health,
    pub(crate) evidence: &'a Evidence,
    pub(crate) kind: Kind,
    /// Whether a stream is asked for.
    pub(crate) streamed: bool,
    pub(crate) conversation: Option<Digest>,
}

impl Availability for View<'_> {
    fn admits(&self, provider: &ObjectName, endpoint: &Endpoint, key: KeyChoice, model: &str) -> bool {
        self.health.admits(provider, endpoint, key, model)
    }
}

impl World for View<'_> {
    fn known(&self, provider: &ObjectName, model: &str) -> Known {
        let name = Name::new(provider, &Arc::from(model));
        self.evidence
            .known(&self.kind, &name, self.streamed, self.conversation)
    }
}
