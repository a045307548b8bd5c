//! What objects refer to, and how long a change waits for it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::named::NamedWatches;
use crate::cluster::references;
use crate::cluster::world::World;
use crate::object::{ObjectRef, Objects};

/// How long a change may wait for a Secret that it refers to and that is not known yet.
pub(super) const FETCHING: Duration = Duration::from_secs(2);

/// The Secrets and ConfigMaps that are referred to, all of them watched.
#[derive(Debug)]
pub(super) struct Referred {
    watches: NamedWatches,
    objects: BTreeSet<ObjectRef>,
    /// Since when a change waits for one of them.
    since: Option<Instant>,
}

impl Referred {
    /// None yet.
    pub(super) fn new(watches: NamedWatches) -> Self {
        Self {
            watches,
            objects: BTreeSet::new(),
            since: None,
        }
    }

    /// Watches what these refer to. What stays in force though it is no longer written still needs its credentials.
    pub(super) fn follow(&mut self, written: &Objects, in_force: &Objects, world: &mut World) {
        let mut objects = references::of(written);
        objects.append(&mut references::of(in_force));
        if objects != self.objects {
            self.watches.follow(&objects);
            world.forget_others(&objects);
            self.objects = objects;
        }
    }

    /// What is watched.
    pub(super) fn objects(&self) -> &BTreeSet<ObjectRef> {
        &self.objects
    }

    /// Whether all of it is known.
    pub(super) fn is_known(&self, world: &World) -> bool {
        !world.lacks_any_of(&self.objects)
    }

    /// Nothing waits any more.
    pub(super) fn settle(&mut self) {
        self.since = None;
    }

    /// A change waits, or goes on waiting; whether it has long enough.
    pub(super) fn wait(&mut self) -> bool {
        let over = self.since.get_or_insert_with(Instant::now).elapsed() >= FETCHING;
        if over {
            self.settle();
        }
        over
    }

    /// When what waits has waited long enough.
    pub(super) fn over_at(&self) -> Option<Instant> {
        self.since.map(|since| since + FETCHING)
    }
}
