//! Watches of single Secrets and ConfigMaps, by name: nothing else of these kinds is ever asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, watch_object};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::task::{AbortHandle, JoinSet};

use super::watch::{Change, Changes, Pauses};
use crate::metrics::Metrics;
use crate::object::{Kind, ObjectRef, SecretEntry};

/// What is known of an object that is referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// There is none.
    Absent,
    /// The entries of a Secret.
    Secret(BTreeMap<String, SecretEntry>),
    /// The entries of a ConfigMap.
    ConfigMap(BTreeMap<String, String>),
    /// It may not be read.
    Forbidden(String),
}

/// The watches that run.
pub struct NamedWatches {
    client: Client,
    changes: Changes,
    metrics: Arc<Metrics>,
    running: BTreeMap<ObjectRef, AbortHandle>,
    /// Ends them all when it is dropped.
    tasks: JoinSet<()>,
}

impl std::fmt::Debug for NamedWatches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.running.keys()).finish()
    }
}

impl NamedWatches {
    /// None yet.
    pub fn new(client: Client, changes: Changes, metrics: Arc<Metrics>) -> Self {
        Self {
            client,
            changes,
            metrics,
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Watches exactly these.
    pub fn follow(&mut self, wanted: &BTreeSet<ObjectRef>) {
        self.running.retain(|object, watch| {
            let keep = wanted.contains(object);
            if !keep {
                watch.abort();
            }
            keep
        });
        while self.tasks.try_join_next().is_some() {}
        for object in wanted {
            if !self.running.contains_key(object) {
                let watch = self.start(object);
                self.running.extend(watch.map(|watch| (object.clone(), watch)));
            }
        }
    }

    fn start(&mut self, object: &ObjectRef) -> Option<AbortHandle> {
        let teller = Teller {
            object: object.clone(),
            client: self.client.clone(),
            changes: self.changes.clone(),
            metrics: Arc::clone(&self.metrics),
        };
        match object.kind {
            Kind::Secret => Some(self.tasks.spawn(teller.follow(entries))),
            Kind::ConfigMap => Some(self.tasks.spawn(teller.follow(texts))),
            // Watched as a whole.
            Kind::ProviderKey | Kind::LLMRoute | Kind::CachePolicy | Kind::Namespace => None,
        }
    }
}

fn entries(secret: Secret) -> Fetched {
    let entries = secret.data.unwrap_or_default().into_iter();
    Fetched::Secret(
        entries
            .map(|(name, bytes)| (name, SecretEntry::from_bytes(bytes.0)))
            .collect(),
    )
}

fn texts(config_map: ConfigMap) -> Fetched {
    Fetched::ConfigMap(config_map.data.unwrap_or_default())
}

struct Teller {
    object: ObjectRef,
    client: Client,
    changes: Changes,
    metrics: Arc<Metrics>,
}

impl Teller {
    async fn follow<K>(self, read: fn(K) -> Fetched)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let name = &self.object.name;
        let api: Api<K> = Api::namespaced(self.client.clone(), &name.namespace);
        let mut found = std::pin::pin!(watch_object(api, &name.name).backoff(Pauses::default()));
        while let Some(found) = found.next().await {
            let fetched = match found {
                Ok(found) => found.map_or(Fetched::Absent, read),
                Err(error) => {
                    self.metrics.watch_failed(self.object.kind);
                    match forbidden(&error) {
                        Some(why) => Fetched::Forbidden(why),
                        // The API server is away: what is known stays.
                        None => continue,
                    }
                }
            };
            let change = Change::Referred(self.object.clone(), fetched);
            if self.changes.send(change).await.is_err() {
                return;
            }
        }
    }
}

/// What an API server says to one who may not read.
fn forbidden(error: &watcher::Error) -> Option<String> {
    let (watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error)) = error else {
        return None;
    };
    if let kube::Error::Api(status) = error
        && [401, 403].contains(&status.code)
    {
        Some(status.message.clone())
    } else {
        None
    }
}
