//! Answers that are kept and served again.
//!
//! ```text
//! call ──enter──► Kept ───────────────replay──► client
//!            ├──► Follow (an equal call) ──replay──► client
//!            └──► Ask ──executor──► attempt ──deliver──► client
//!                                      └──Keeper──► those who follow, and the store
//! ```

pub(crate) mod enter;
pub(crate) mod keeper;
pub(crate) mod replay;
pub(crate) mod shared;
mod similar;
pub(crate) mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wayleave_core::cache::Entry;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::snapshot::cache::{CacheRules, Store as Spec};
use wayleave_core::table::Table;

use self::shared::Flights;
use self::similar::Index;
use self::store::Store;
use crate::metrics::{Label, StoreMetrics};

/// The caches of all routes.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    /// Answers under way.
    pub(crate) flights: Arc<Flights>,
    /// By policy, with what each was opened by.
    stores: Mutex<HashMap<ObjectName, (OpenedBy, Store)>>,
    /// What similar requests are found by.
    index: Arc<Index>,
}

/// What a store was opened by. Where it changes, another store is opened.
#[derive(Debug, PartialEq, Eq)]
struct OpenedBy {
    spec: Spec,
    /// The most bytes of an entry that is read; of no matter to a store in memory.
    largest: usize,
}

impl OpenedBy {
    fn of(rules: &CacheRules) -> Self {
        let largest = match rules.store {
            Spec::Memory { .. } => 0,
            Spec::Redis(_) => Entry::longest(rules.max_entry_bytes),
        };
        Self {
            spec: rules.store.clone(),
            largest,
        }
    }
}

impl Caches {
    /// Opens the stores of a configuration, and closes those that it does not have. One whose policy says the same of it
    /// stays as it is.
    pub(crate) fn configure(&self, table: &Table, metrics: &StoreMetrics) {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *stores);
        for cache in table.routes().iter().filter_map(|route| route.cache.as_ref()) {
            if stores.contains_key(&cache.name) {
                continue;
            }
            let by = OpenedBy::of(&cache.rules);
            let store = match before.remove(&cache.name) {
                Some((opened, store)) if opened == by => store,
                _ => Store::open(
                    &by.spec,
                    by.largest,
                    Label(cache.name.to_string().into()),
                    metrics,
                ),
            };
            stores.insert(cache.name.clone(), (by, store));
        }
    }

    /// The store of a policy.
    pub(crate) fn store(&self, policy: &ObjectName) -> Option<Store> {
        let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        stores.get(policy).map(|(_, store)| store.clone())
    }
}
