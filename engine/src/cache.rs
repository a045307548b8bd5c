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
mod rendition;
pub(crate) mod replay;
pub(crate) mod shared;
mod similar;
mod spellings;
pub(crate) mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use wayleave_core::notice::Notices;
use wayleave_core::resource::{ResourceKind, ResourceName};
use wayleave_core::snapshot::ObjectName;
use wayleave_core::table::Table;

use self::rendition::Renditions;
use self::shared::Flights;
use self::spellings::Spellings;
use self::store::{Ground, Setup, Store};
use crate::metrics::{Label, StoreMetrics};

/// The caches of all routes.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    /// Answers under way.
    pub(crate) flights: Arc<Flights>,
    /// By policy, with what each was opened by.
    stores: Mutex<HashMap<ObjectName, (Setup, Store)>>,
    ground: Ground,
    /// Hits as their clients read them.
    pub(crate) renditions: Renditions,
    /// Requests that come again.
    pub(crate) spellings: Spellings,
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
            let setup = Setup::of(&cache.rules);
            let store = match before.remove(&cache.name) {
                Some((opened, store)) if opened == setup => store,
                _ => {
                    let policy = Label(cache.name.to_string().into());
                    metrics.gone(&policy);
                    Store::open(&setup, policy, &self.ground, metrics)
                }
            };
            stores.insert(cache.name.clone(), (setup, store));
        }
        drop(stores);
        for gone in before.into_keys() {
            metrics.gone(&Label(gone.to_string().into()));
        }
        self.ground.news.send_replace(());
    }

    /// What the stores cannot do of what their policies ask for.
    pub(crate) fn notices(&self) -> Notices {
        let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let notices = stores.iter().filter_map(|(policy, (_, store))| {
            let name = ResourceName::new(ResourceKind::Cache, policy.clone());
            Some((name, store.notice()?))
        });
        notices.collect()
    }

    /// Told when there may be other notices.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.ground.news.subscribe()
    }

    /// The store of a policy.
    pub(crate) fn store(&self, policy: &ObjectName) -> Option<Store> {
        let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        stores.get(policy).map(|(_, store)| store.clone())
    }
}
