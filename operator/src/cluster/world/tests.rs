//! What becomes of the events of watches; [`said`] has what is known beside the objects.

mod said;

use kube::core::TypeMeta;
use serde_json::{Value, json};

use super::*;
use crate::object::SecretEntry;

const UID: &str = "11111111-2222-3333-4444-555555555555";

fn object(kind: Kind, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(kind, ObjectName::new(namespace, name))
}

fn key_ref(name: &str) -> ObjectRef {
    object(Kind::ProviderKey, "a", name)
}

/// A ProviderKey as an API server tells it.
fn key_json(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "wayleave.dev/v1alpha1",
        "kind": "ProviderKey",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "uid": UID,
            "generation": 3,
            "resourceVersion": "77",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"team": "a"},
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": {"provider": "Custom", "format": "OpenAIChat", "endpoint": "http://host"},
        "status": {"observedGeneration": 2},
    })
}

fn guard<K: kube::Resource + serde::de::DeserializeOwned>(json: Value) -> DeserializeGuard<K> {
    serde_json::from_value(json).expect("every object with metadata is read")
}

fn key(namespace: &str, name: &str) -> DeserializeGuard<ProviderKey> {
    guard(key_json(namespace, name))
}

/// As a watch begins: a list.
fn list<T>(objects: Vec<T>) -> Vec<Event<T>> {
    let listed = objects.into_iter().map(Event::InitApply);
    [Event::Init]
        .into_iter()
        .chain(listed)
        .chain([Event::InitDone])
        .collect()
}

fn tell(world: &mut World, scope: &Scope, events: Vec<Event<DeserializeGuard<ProviderKey>>>) {
    for event in events {
        world.apply(Change::Key(scope.clone(), event));
    }
}

/// The names of the keys that are compiled.
fn keys(world: &World) -> Vec<String> {
    let keys = world.dereference().provider_keys;
    keys.keys().map(ToString::to_string).collect()
}

fn namespace(name: &str, labels: &Value) -> PartialObjectMeta<Namespace> {
    PartialObjectMeta {
        types: Some(TypeMeta::resource::<Namespace>()),
        metadata: serde_json::from_value(json!({"name": name, "labels": labels})).expect("reads"),
        ..PartialObjectMeta::default()
    }
}

#[test]
fn a_list_counts_when_it_is_complete() {
    let mut world = World::new(&[]);
    let mut events = list(vec![key("a", "one"), key("b", "two")]);
    let done = events.pop().expect("is there");
    tell(&mut world, &None, events);
    assert!(keys(&world).is_empty());
    tell(&mut world, &None, vec![done]);
    assert_eq!(keys(&world), ["a/one", "b/two"]);
    tell(
        &mut world,
        &None,
        vec![Event::Apply(key("a", "three")), Event::Delete(key("a", "one"))],
    );
    assert_eq!(keys(&world), ["a/three", "b/two"]);
}

#[test]
fn another_list_removes_what_is_gone() {
    let mut world = World::new(&[]);
    tell(&mut world, &None, list(vec![key("a", "one"), key("a", "two")]));
    // A list that broke off counts for nothing.
    tell(
        &mut world,
        &None,
        vec![Event::Init, Event::InitApply(key("a", "broken off"))],
    );
    assert_eq!(keys(&world), ["a/one", "a/two"]);
    tell(&mut world, &None, list(vec![key("a", "two"), key("a", "three")]));
    assert_eq!(keys(&world), ["a/three", "a/two"]);
    tell(&mut world, &None, list(vec![]));
    assert!(keys(&world).is_empty());
}

#[test]
fn a_list_of_one_namespace_touches_no_other() {
    let mut world = World::new(&["a".into(), "b".into()]);
    tell(&mut world, &Some("a".into()), list(vec![key("a", "one")]));
    tell(&mut world, &Some("b".into()), list(vec![key("b", "two")]));
    assert_eq!(keys(&world), ["a/one", "b/two"]);
    // Both at the same time.
    tell(
        &mut world,
        &Some("a".into()),
        vec![Event::Init, Event::InitApply(key("a", "new"))],
    );
    tell(&mut world, &Some("b".into()), list(vec![]));
    assert_eq!(keys(&world), ["a/one"]);
    tell(&mut world, &Some("a".into()), vec![Event::InitDone]);
    assert_eq!(keys(&world), ["a/new"]);
}

#[test]
fn every_kind_is_taken() {
    let mut world = World::new(&["a".into(), "b".into()]);
    let route = json!({
        "metadata": {"namespace": "a", "name": "r"},
        "spec": {"models": ["m"], "rules": [{"steps": [{"targets": [{"providerKey": "k"}]}]}]},
    });
    let policy = json!({
        "metadata": {"namespace": "a", "name": "p"},
        "spec": {"targetRefs": [{"kind": "LLMRoute", "name": "r"}], "ttl": "1h"},
    });
    world.apply(Change::Route(Some("a".into()), Event::Apply(guard(route))));
    world.apply(Change::Policy(Some("a".into()), Event::Apply(guard(policy))));
    for (name, labels) in [("a", json!({"team": "x"})), ("b", Value::Null)] {
        for event in list(vec![namespace(name, &labels)]) {
            world.apply(Change::Namespace(Some(name.into()), event));
        }
    }
    let objects = world.dereference();
    assert_eq!(objects.unreadable, BTreeMap::new());
    for kind in [Kind::LLMRoute, Kind::CachePolicy] {
        let name = if kind == Kind::LLMRoute { "r" } else { "p" };
        assert!(objects.contains(&object(kind, "a", name)), "{kind}");
        assert!(world.standing(&object(kind, "a", name)).is_some(), "{kind}");
    }
    let team = BTreeMap::from([("team".to_owned(), "x".to_owned())]);
    assert_eq!(
        objects.namespaces,
        BTreeMap::from([("a".into(), team), ("b".into(), BTreeMap::new())])
    );
    // The list of one namespace is of that one only.
    for event in list(vec![]) {
        world.apply(Change::Namespace(Some("a".into()), event));
    }
    assert_eq!(
        world.dereference().namespaces,
        BTreeMap::from([("b".into(), BTreeMap::new())])
    );
}

#[test]
fn what_compiling_does_not_look_at_is_no_change() {
    let mut world = World::new(&[]);
    tell(&mut world, &None, list(vec![key("a", "it")]));
    let before = world.dereference();
    let metadata = &before.provider_keys[&key_ref("it").name].metadata;
    assert_eq!(metadata.generation, Some(3));
    assert_eq!(metadata.uid.as_deref(), Some(UID));
    let created = metadata.creation_timestamp.as_ref().expect("is kept");
    assert_eq!(created.0.to_string(), "2026-01-01T00:00:00Z");

    let mut later = key_json("a", "it");
    later["status"] = json!({"observedGeneration": 3});
    later["metadata"]["resourceVersion"] = json!("78");
    later["metadata"]["labels"] = json!({"team": "b"});
    later["metadata"]["managedFields"] = json!([]);
    tell(&mut world, &None, vec![Event::Apply(guard(later.clone()))]);
    assert_eq!(world.dereference(), before);
    later["metadata"]["generation"] = json!(4);
    tell(&mut world, &None, vec![Event::Apply(guard(later))]);
    assert_ne!(world.dereference(), before);
}

#[test]
fn an_object_that_cannot_be_read_takes_no_other_down() {
    let mut world = World::new(&[]);
    let mut bad = key_json("a", "bad");
    bad["spec"]["provider"] = json!("NotYetInvented");
    tell(&mut world, &None, list(vec![key("a", "good"), guard(bad)]));
    assert_eq!(keys(&world), ["a/good"]);
    let unreadable = world.dereference().unreadable;
    assert_eq!(unreadable.keys().collect::<Vec<_>>(), [&key_ref("bad")]);
    assert!(
        unreadable[&key_ref("bad")].contains("NotYetInvented"),
        "{unreadable:?}"
    );
    // It can be told so.
    let standing = world.standing(&key_ref("bad")).expect("is known");
    assert_eq!((&*standing.uid, standing.generation), (UID, 3));
    // Mended, then broken, then gone.
    tell(&mut world, &None, vec![Event::Apply(key("a", "bad"))]);
    assert_eq!((keys(&world).len(), world.dereference().unreadable.len()), (2, 0));
    tell(&mut world, &None, vec![Event::Delete(key("a", "bad"))]);
    assert_eq!(world.standing(&key_ref("bad")), None);
}

#[test]
fn what_compiling_does_not_look_at_does_not_matter() {
    let mut world = World::new(&[]);
    let mut told = |event| world.apply(Change::Key(None, event));
    assert!(!told(Event::Init) && !told(Event::InitApply(key("a", "k"))));
    assert!(told(Event::InitDone));
    // Its status, who manages it, its labels: written by us or by others.
    let mut again = key_json("a", "k");
    again["status"] = json!({"observedGeneration": 3});
    again["metadata"]["resourceVersion"] = json!("78");
    again["metadata"]["labels"] = json!({"team": "b"});
    assert!(!told(Event::Apply(guard(again.clone()))));
    again["metadata"]["generation"] = json!(4);
    again["spec"]["endpoint"] = json!("http://other");
    assert!(told(Event::Apply(guard(again.clone()))));
    assert!(told(Event::Delete(guard(again.clone()))) && !told(Event::Delete(guard(again))));

    let secret = object(Kind::Secret, "a", "s");
    let mut read = |fetched| world.apply(Change::Referred(secret.clone(), fetched));
    assert!(read(Fetched::Absent) && !read(Fetched::Absent));
    let entries =
        |text: &str| Fetched::Secret([("key".to_owned(), SecretEntry::from_bytes(text.into()))].into());
    assert!(read(entries("one")) && !read(entries("one")) && read(entries("two")));
    assert!(!read(Fetched::Forbidden("for a moment".to_owned())) && !read(entries("two")));
}
