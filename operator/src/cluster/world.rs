//! What is known of a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::ObjectMeta;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::watcher::Event;
use wayleave_api::condition::Status;
use wayleave_api::{CachePolicy, LLMRoute, ProviderKey};
use wayleave_core::snapshot::ObjectName;

use super::collected::{Collected, Known};
use super::named::Fetched;
use super::watch::{Change, Scope};
use crate::object::{Kind, ObjectRef, Objects};

/// A kind of ours.
pub trait Configured: kube::ResourceExt {
    /// Which.
    const KIND: Kind;

    /// Takes the status out.
    fn take_status(&mut self) -> Option<Status>;
}

macro_rules! configured {
    ($($kind:ident),*) => {$(
        impl Configured for $kind {
            const KIND: Kind = Kind::$kind;

            fn take_status(&mut self) -> Option<Status> {
                self.status.take()
            }
        }
    )*};
}

configured!(ProviderKey, LLMRoute, CachePolicy);

/// One object of ours.
#[derive(Clone, Debug)]
struct Entry<K> {
    /// Without its status; `Err`: it cannot be read, and why.
    object: Result<Arc<K>, String>,
    standing: Standing,
}

/// What an API server has of an object beside its spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Tells an object from a later one of the same name.
    pub uid: String,
    /// Grows with each change of the spec.
    pub generation: i64,
    /// What was said of it last.
    pub status: Option<Status>,
}

impl<K: PartialEq> Known for Entry<K> {
    fn differs(&self, other: &Self) -> bool {
        self.object != other.object
    }
}

/// Of a namespace: its labels.
impl Known for BTreeMap<String, String> {
    fn differs(&self, other: &Self) -> bool {
        self != other
    }
}

/// Everything that is known.
#[derive(Debug, Default)]
pub struct World {
    keys: Collected<Entry<ProviderKey>>,
    routes: Collected<Entry<LLMRoute>>,
    policies: Collected<Entry<CachePolicy>>,
    namespaces: Collected<BTreeMap<String, String>>,
    referred: BTreeMap<ObjectRef, Fetched>,
    /// Watches that cannot be begun, and why.
    failed: BTreeMap<(Kind, Scope), String>,
    /// The namespaces that are watched; empty: all.
    scopes: Vec<Scope>,
}

impl World {
    /// Of a cluster in which these namespaces are watched; none: all.
    pub fn new(namespaces: &[Arc<str>]) -> Self {
        let scopes = if namespaces.is_empty() {
            vec![None]
        } else {
            namespaces.iter().cloned().map(Some).collect()
        };
        Self {
            scopes,
            ..Self::default()
        }
    }

    /// Takes what an API server has told. `false`: nothing in it matters to compiling, such as a status that we have
    /// written ourselves.
    pub fn apply(&mut self, change: Change) -> bool {
        match change {
            Change::Key(scope, event) => {
                self.goes_on(Kind::ProviderKey, &scope);
                self.keys.apply(scope, mapped(event, entry))
            }
            Change::Route(scope, event) => {
                self.goes_on(Kind::LLMRoute, &scope);
                self.routes.apply(scope, mapped(event, entry))
            }
            Change::Policy(scope, event) => {
                self.goes_on(Kind::CachePolicy, &scope);
                self.policies.apply(scope, mapped(event, entry))
            }
            Change::Namespace(scope, event) => {
                self.goes_on(Kind::Namespace, &scope);
                // The name of a namespace stands for both parts.
                self.namespaces.apply(scope, mapped(event, labels))
            }
            Change::Referred(object, fetched) => self.refer(object, fetched),
            Change::Failed(kind, scope, why) => {
                self.failed.insert((kind, scope), why);
                true
            }
        }
    }

    fn goes_on(&mut self, kind: Kind, scope: &Scope) {
        self.failed.remove(&(kind, scope.clone()));
    }

    /// What may not be read any longer stays as it was: an API server that has just begun refuses everybody for a moment,
    /// and no call should fail by that.
    fn refer(&mut self, object: ObjectRef, fetched: Fetched) -> bool {
        let known = self.referred.get(&object);
        let is_there = matches!(known, Some(Fetched::Secret(_) | Fetched::ConfigMap(_)));
        if let Fetched::Forbidden(why) = &fetched
            && is_there
        {
            tracing::warn!("{object} can no longer be read and stays as it was: {why}");
            return false;
        }
        let differs = known != Some(&fetched);
        self.referred.insert(object, fetched);
        differs
    }

    /// Why not everything is known yet; `None`: it is.
    pub fn lacks(&self) -> Option<String> {
        let kinds = [
            (Kind::ProviderKey, self.keys.complete()),
            (Kind::LLMRoute, self.routes.complete()),
            (Kind::CachePolicy, self.policies.complete()),
            (Kind::Namespace, self.namespaces.complete()),
        ];
        let missing = kinds.into_iter().find_map(|(kind, complete)| {
            let scope = self.scopes.iter().find(|scope| !complete.contains(*scope))?;
            Some((kind, scope.clone()))
        })?;
        let place = missing
            .1
            .as_ref()
            .map_or_else(String::new, |namespace| format!(" of namespace {namespace}"));
        Some(match self.failed.get(&missing) {
            Some(why) => format!("cannot list {} objects{place}: {why}", missing.0),
            None => format!("the list of {} objects{place} has not come yet", missing.0),
        })
    }

    /// Whether something of these is not known yet.
    pub fn lacks_any_of(&self, referred: &BTreeSet<ObjectRef>) -> bool {
        referred.iter().any(|object| !self.referred.contains_key(object))
    }

    /// Marks what of these is not known yet: it is not absent.
    pub fn mark_unknown(&self, referred: &BTreeSet<ObjectRef>, objects: &mut Objects) {
        let unknown = referred
            .iter()
            .filter(|object| !self.referred.contains_key(object));
        let why = "the API server has not told yet whether it is there";
        objects
            .unreadable
            .extend(unknown.map(|object| (object.clone(), why.to_owned())));
    }

    /// Forgets what is no longer referred to.
    pub fn forget_others(&mut self, referred: &BTreeSet<ObjectRef>) {
        self.referred.retain(|object, _| referred.contains(object));
    }

    /// All objects, ready to be compiled.
    pub fn dereference(&self) -> Objects {
        let mut objects = Objects::default();
        collect(&self.keys, &mut objects.provider_keys, &mut objects.unreadable);
        collect(&self.routes, &mut objects.routes, &mut objects.unreadable);
        collect(
            &self.policies,
            &mut objects.cache_policies,
            &mut objects.unreadable,
        );
        for (name, labels) in self.namespaces.known() {
            objects.namespaces.insert(Arc::clone(&name.name), labels.clone());
        }
        for (object, fetched) in &self.referred {
            let name = object.name.clone();
            match fetched {
                Fetched::Absent => {}
                Fetched::Secret(entries) => drop(objects.secrets.insert(name, entries.clone())),
                Fetched::ConfigMap(entries) => drop(objects.config_maps.insert(name, entries.clone())),
                Fetched::Forbidden(why) => drop(objects.unreadable.insert(object.clone(), why.clone())),
            }
        }
        objects
    }

    /// What an API server has of an object of ours.
    pub fn standing(&self, object: &ObjectRef) -> Option<&Standing> {
        let name = &object.name;
        match object.kind {
            Kind::ProviderKey => self.keys.known().get(name).map(|entry| &entry.standing),
            Kind::LLMRoute => self.routes.known().get(name).map(|entry| &entry.standing),
            Kind::CachePolicy => self.policies.known().get(name).map(|entry| &entry.standing),
            Kind::Secret | Kind::ConfigMap | Kind::Namespace => None,
        }
    }

    /// Notes a status that has just been written, until a watch tells the same.
    pub fn note_status(&mut self, object: &ObjectRef, uid: &str, status: Status) {
        let name = &object.name;
        let standing = match object.kind {
            Kind::ProviderKey => self.keys.get_mut(name).map(|entry| &mut entry.standing),
            Kind::LLMRoute => self.routes.get_mut(name).map(|entry| &mut entry.standing),
            Kind::CachePolicy => self.policies.get_mut(name).map(|entry| &mut entry.standing),
            Kind::Secret | Kind::ConfigMap | Kind::Namespace => None,
        };
        if let Some(standing) = standing.filter(|standing| standing.uid == uid) {
            standing.status = Some(status);
        }
    }
}

fn collect<K: Configured>(
    from: &Collected<Entry<K>>,
    to: &mut BTreeMap<ObjectName, Arc<K>>,
    unreadable: &mut BTreeMap<ObjectRef, String>,
) {
    for (name, entry) in from.known() {
        match &entry.object {
            Ok(object) => drop(to.insert(name.clone(), Arc::clone(object))),
            Err(why) => drop(unreadable.insert(ObjectRef::new(K::KIND, name.clone()), why.clone())),
        }
    }
}

fn mapped<T, U>(event: Event<T>, map: impl Fn(T) -> U) -> Event<U> {
    match event {
        Event::Apply(value) => Event::Apply(map(value)),
        Event::Delete(value) => Event::Delete(map(value)),
        Event::Init => Event::Init,
        Event::InitApply(value) => Event::InitApply(map(value)),
        Event::InitDone => Event::InitDone,
    }
}

fn entry<K: Configured>(guard: DeserializeGuard<K>) -> (ObjectName, Entry<K>) {
    match guard.0 {
        Ok(mut object) => {
            let status = object.take_status();
            let name = name(object.meta());
            let standing = standing(object.meta(), status);
            *object.meta_mut() = kept(object.meta());
            let object = Ok(Arc::new(object));
            (name, Entry { object, standing })
        }
        Err(invalid) => {
            let name = name(&invalid.metadata);
            let standing = standing(&invalid.metadata, None);
            let object = Err(invalid.error);
            (name, Entry { object, standing })
        }
    }
}

fn labels(namespace: PartialObjectMeta<Namespace>) -> (ObjectName, BTreeMap<String, String>) {
    let name: Arc<str> = Arc::from(namespace.metadata.name.unwrap_or_default());
    let labels = namespace.metadata.labels.unwrap_or_default();
    (ObjectName::new(Arc::clone(&name), name), labels)
}

fn name(metadata: &ObjectMeta) -> ObjectName {
    let part = |part: &Option<String>| Arc::<str>::from(part.as_deref().unwrap_or_default());
    ObjectName::new(part(&metadata.namespace), part(&metadata.name))
}

fn standing(metadata: &ObjectMeta, status: Option<Status>) -> Standing {
    Standing {
        uid: metadata.uid.clone().unwrap_or_default(),
        generation: metadata.generation.unwrap_or_default(),
        status,
    }
}

/// What compiling looks at: two versions that differ in nothing of it are the same.
fn kept(metadata: &ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        uid: metadata.uid.clone(),
        generation: metadata.generation,
        creation_timestamp: metadata.creation_timestamp.clone(),
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests;
