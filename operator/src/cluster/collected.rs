//! The objects of one kind, as watches tell them.

use std::collections::{BTreeMap, BTreeSet};

use kube::runtime::watcher::Event;
use wayleave_core::snapshot::ObjectName;

use super::watch::Scope;

/// What is known of an object.
pub(super) trait Known {
    /// Whether compiling looks at something in which they differ.
    fn differs(&self, other: &Self) -> bool;
}

/// See the module.
#[derive(Debug)]
pub(super) struct Collected<V> {
    known: BTreeMap<ObjectName, V>,
    /// A list that is not complete yet, by scope.
    listing: BTreeMap<Scope, BTreeMap<ObjectName, V>>,
    complete: BTreeSet<Scope>,
}

impl<V> Default for Collected<V> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            listing: BTreeMap::new(),
            complete: BTreeSet::new(),
        }
    }
}

impl<V: Known> Collected<V> {
    /// Takes an event. `false`: nothing in it matters to compiling.
    pub(super) fn apply(&mut self, scope: Scope, event: Event<(ObjectName, V)>) -> bool {
        match event {
            Event::Apply((name, value)) => {
                let differs = self.known.get(&name).is_none_or(|known| known.differs(&value));
                self.known.insert(name, value);
                differs
            }
            Event::Delete((name, _)) => self.known.remove(&name).is_some(),
            Event::Init => {
                self.listing.insert(scope, BTreeMap::new());
                false
            }
            Event::InitApply((name, value)) => {
                self.listing.entry(scope).or_default().insert(name, value);
                false
            }
            Event::InitDone => {
                let listed = self.listing.remove(&scope).unwrap_or_default();
                let elsewhere = |name: &ObjectName| {
                    scope
                        .as_ref()
                        .is_some_and(|namespace| name.namespace != *namespace)
                };
                self.known.retain(|name, _| elsewhere(name));
                self.known.extend(listed);
                self.complete.insert(scope);
                true
            }
        }
    }
}

impl<V> Collected<V> {
    /// All that are known.
    pub(super) fn known(&self) -> &BTreeMap<ObjectName, V> {
        &self.known
    }

    /// One of them.
    pub(super) fn get_mut(&mut self, name: &ObjectName) -> Option<&mut V> {
        self.known.get_mut(name)
    }

    /// The scopes that have been listed once.
    pub(super) fn complete(&self) -> &BTreeSet<Scope> {
        &self.complete
    }
}
