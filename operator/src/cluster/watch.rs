//! Watches: what an API server tells, as changes.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, Config, DefaultBackoff, Event, watcher};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wayleave_api::{CachePolicy, LLMRoute, ProviderKey};

use super::named::Fetched;
use super::world::Configured;
use crate::metrics::Metrics;
use crate::object::{Kind, ObjectRef};

/// The namespace of a watch; `None`: all.
pub type Scope = Option<Arc<str>>;

/// What an API server has told.
#[derive(Debug)]
pub enum Change {
    /// Of a `ProviderKey`.
    Key(Scope, Event<DeserializeGuard<ProviderKey>>),
    /// Of an `LLMRoute`.
    Route(Scope, Event<DeserializeGuard<LLMRoute>>),
    /// Of a `CachePolicy`.
    Policy(Scope, Event<DeserializeGuard<CachePolicy>>),
    /// Of a namespace.
    Namespace(Scope, Event<PartialObjectMeta<Namespace>>),
    /// Of a Secret or ConfigMap that is referred to.
    Referred(ObjectRef, Fetched),
    /// A watch cannot be begun: why.
    Failed(Kind, Scope, String),
}

/// Changes on their way to the controller.
pub type Changes = mpsc::Sender<Change>;

/// Begins to watch our kinds and namespaces, in these namespaces only; none: in all.
pub fn start(
    client: &Client,
    namespaces: &[Arc<str>],
    changes: &Changes,
    metrics: &Arc<Metrics>,
    tasks: &mut JoinSet<()>,
) {
    let scopes: Vec<Scope> = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.iter().cloned().map(Some).collect()
    };
    for scope in scopes {
        let to = |kind| Teller {
            kind,
            scope: scope.clone(),
            changes: changes.clone(),
            metrics: Arc::clone(metrics),
        };
        tasks.spawn(to(Kind::ProviderKey).follow(ours::<ProviderKey>(client, &scope), Change::Key));
        tasks.spawn(to(Kind::LLMRoute).follow(ours::<LLMRoute>(client, &scope), Change::Route));
        tasks.spawn(to(Kind::CachePolicy).follow(ours::<CachePolicy>(client, &scope), Change::Policy));
        tasks.spawn(to(Kind::Namespace).follow(self::namespaces(client, &scope), Change::Namespace));
    }
}

/// How long to wait before a watch that broke is begun again: what is usual, but never so long that a cluster whose API
/// server is back has to wait for us.
#[derive(Default)]
pub(super) struct Pauses(DefaultBackoff);

const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(|pause| pause.min(LONGEST_PAUSE))
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0.reset();
    }
}

fn ours<K>(
    client: &Client,
    scope: &Scope,
) -> impl Stream<Item = watcher::Result<Event<DeserializeGuard<K>>>> + Send + use<K>
where
    K: Configured + kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned + Send + 'static,
{
    let api: Api<DeserializeGuard<K>> = match scope {
        None => Api::all(client.clone()),
        Some(namespace) => Api::namespaced(client.clone(), namespace),
    };
    watcher(api, Config::default())
}

fn namespaces(
    client: &Client,
    scope: &Scope,
) -> impl Stream<Item = watcher::Result<Event<PartialObjectMeta<Namespace>>>> + Send + use<> {
    let config = match scope {
        None => Config::default(),
        Some(namespace) => Config::default().fields(&format!("metadata.name={namespace}")),
    };
    watcher(Api::<PartialObjectMeta<Namespace>>::all(client.clone()), config)
}

/// Carries the events of one watch to the controller.
struct Teller {
    kind: Kind,
    scope: Scope,
    changes: Changes,
    metrics: Arc<Metrics>,
}

impl Teller {
    /// Until nobody listens any more. A watch that breaks is begun again, for ever.
    async fn follow<K>(
        self,
        events: impl Stream<Item = watcher::Result<Event<K>>> + Send,
        change: fn(Scope, Event<K>) -> Change,
    ) {
        let mut events = std::pin::pin!(events.backoff(Pauses::default()));
        let mut broken = false;
        while let Some(event) = events.next().await {
            let change = match event {
                Ok(event) => {
                    broken = false;
                    change(self.scope.clone(), event)
                }
                Err(error) => {
                    self.metrics.watch_failed(self.kind);
                    // Once: it may stay so for long.
                    if !std::mem::replace(&mut broken, true) {
                        tracing::warn!("cannot watch {}: {error}", self.kind);
                    }
                    Change::Failed(self.kind, self.scope.clone(), error.to_string())
                }
            };
            if self.changes.send(change).await.is_err() {
                return;
            }
        }
    }
}
