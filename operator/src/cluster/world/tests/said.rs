//! What is missing, what is referred to, and what was said last.

use wayleave_core::secret::Secret;

use super::*;
use crate::object::SecretEntry;

/// Everything but the keys is listed in a scope.
fn list_others(world: &mut World, scope: &Scope) {
    for change in [
        Change::Route(scope.clone(), Event::InitDone),
        Change::Policy(scope.clone(), Event::InitDone),
        Change::Namespace(scope.clone(), Event::InitDone),
    ] {
        world.apply(change);
    }
}

#[test]
fn what_is_missing_is_named_until_all_is_there() {
    let mut world = World::new(&[]);
    let lacks = |world: &World| world.lacks().expect("something is missing");
    assert_eq!(lacks(&world), "the list of ProviderKey objects has not come yet");
    let failed = |why: &str| Change::Failed(Kind::ProviderKey, None, why.to_owned());
    world.apply(failed("403 Forbidden"));
    assert_eq!(lacks(&world), "cannot list ProviderKey objects: 403 Forbidden");
    tell(&mut world, &None, vec![Event::Init]);
    assert_eq!(lacks(&world), "the list of ProviderKey objects has not come yet");
    tell(&mut world, &None, vec![Event::InitDone]);
    assert_eq!(lacks(&world), "the list of LLMRoute objects has not come yet");
    world.apply(Change::Route(None, Event::InitDone));
    assert_eq!(lacks(&world), "the list of CachePolicy objects has not come yet");
    world.apply(Change::Policy(None, Event::InitDone));
    assert_eq!(lacks(&world), "the list of Namespace objects has not come yet");
    world.apply(Change::Namespace(None, Event::InitDone));
    assert_eq!(world.lacks(), None);
    // A watch that breaks later leaves what is known.
    world.apply(failed("gone away"));
    tell(&mut world, &None, vec![Event::Init]);
    assert_eq!(world.lacks(), None);
}

#[test]
fn what_is_missing_of_one_namespace_is_missing() {
    let mut world = World::new(&["a".into(), "b".into()]);
    for namespace in ["a", "b"] {
        list_others(&mut world, &Some(namespace.into()));
    }
    tell(&mut world, &Some("a".into()), list(vec![]));
    let expected = "the list of ProviderKey objects of namespace b has not come yet";
    assert_eq!(world.lacks().as_deref(), Some(expected));
    world.apply(Change::Failed(
        Kind::ProviderKey,
        Some("b".into()),
        "403".to_owned(),
    ));
    let expected = "cannot list ProviderKey objects of namespace b: 403";
    assert_eq!(world.lacks().as_deref(), Some(expected));
    tell(&mut world, &Some("b".into()), list(vec![]));
    assert_eq!(world.lacks(), None);
}

#[test]
fn what_is_referred_to_is_known_or_lacking_and_forgotten_when_it_is_no_longer() {
    let refs = [
        object(Kind::Secret, "a", "secret"),
        object(Kind::ConfigMap, "a", "map"),
        object(Kind::Secret, "a", "absent"),
        object(Kind::Secret, "a", "forbidden"),
    ];
    let [secret, map, absent, forbidden] = refs.clone();
    let all = BTreeSet::from(refs);
    let mut world = World::new(&[]);
    assert!(world.lacks_any_of(&all));
    assert!(!world.lacks_any_of(&BTreeSet::new()));

    let entries = BTreeMap::from([("key".to_owned(), SecretEntry::Text(Secret::new("sk-1")))]);
    let texts = BTreeMap::from([("ca.crt".to_owned(), "pem".to_owned())]);
    world.apply(Change::Referred(secret.clone(), Fetched::Secret(entries.clone())));
    world.apply(Change::Referred(map.clone(), Fetched::ConfigMap(texts.clone())));
    world.apply(Change::Referred(absent, Fetched::Absent));
    assert!(world.lacks_any_of(&all), "one is still to come");
    world.apply(Change::Referred(
        forbidden.clone(),
        Fetched::Forbidden("no".to_owned()),
    ));
    assert!(
        !world.lacks_any_of(&all),
        "that it is absent, or forbidden, is known"
    );
    let objects = world.dereference();
    assert_eq!(objects.secrets, BTreeMap::from([(secret.name.clone(), entries)]));
    assert_eq!(objects.config_maps, BTreeMap::from([(map.name.clone(), texts)]));
    assert_eq!(objects.unreadable, BTreeMap::from([(forbidden, "no".to_owned())]));

    // Deleted.
    world.apply(Change::Referred(secret.clone(), Fetched::Absent));
    assert_eq!(world.dereference().secrets, BTreeMap::new());
    world.forget_others(&BTreeSet::from([map.clone()]));
    let objects = world.dereference();
    assert_eq!((objects.config_maps.len(), objects.unreadable.len()), (1, 0));
    assert!(world.lacks_any_of(&BTreeSet::from([secret])));
    assert!(!world.lacks_any_of(&BTreeSet::from([map])));
}

#[test]
fn what_may_no_longer_be_read_stays_as_it_was() {
    let secret = object(Kind::Secret, "a", "secret");
    let forbidden = || Change::Referred(secret.clone(), Fetched::Forbidden("no".to_owned()));
    let entries = |key| BTreeMap::from([("key".to_owned(), SecretEntry::Text(Secret::new(key)))]);
    let mut world = World::new(&[]);
    let mut after = |change| {
        world.apply(change);
        let objects = world.dereference();
        (
            objects.secrets.get(&secret.name).cloned(),
            objects.unreadable.len(),
        )
    };
    let told = |key| Change::Referred(secret.clone(), Fetched::Secret(entries(key)));
    assert_eq!(after(forbidden()), (None, 1));
    assert_eq!(after(told("sk-1")), (Some(entries("sk-1")), 0));
    assert_eq!(after(forbidden()), (Some(entries("sk-1")), 0));
    assert_eq!(after(told("sk-2")), (Some(entries("sk-2")), 0));
    // Deleted is deleted.
    let absent = Change::Referred(secret.clone(), Fetched::Absent);
    assert_eq!(after(absent), (None, 0));
    assert_eq!(after(forbidden()), (None, 1));
}

#[test]
fn a_status_is_noted_for_the_object_that_it_was_written_of() {
    let mut world = World::new(&[]);
    tell(&mut world, &None, list(vec![key("a", "it"), key("a", "other")]));
    let generation = |world: &World, name| {
        let standing = world.standing(&key_ref(name)).expect("is known");
        standing
            .status
            .as_ref()
            .and_then(|status| status.observed_generation)
    };
    let status = |generation| Status {
        observed_generation: Some(generation),
        ..Status::default()
    };
    assert_eq!(generation(&world, "it"), Some(2));
    world.note_status(&key_ref("it"), "of an earlier one", status(9));
    assert_eq!(generation(&world, "it"), Some(2));
    world.note_status(&key_ref("it"), UID, status(3));
    assert_eq!(
        (generation(&world, "it"), generation(&world, "other")),
        (Some(3), Some(2))
    );
    // The watch has the last word.
    tell(&mut world, &None, vec![Event::Apply(key("a", "it"))]);
    assert_eq!(generation(&world, "it"), Some(2));
    // Of what is gone, or has no status, nothing is noted.
    tell(&mut world, &None, vec![Event::Delete(key("a", "it"))]);
    world.note_status(&key_ref("it"), UID, status(4));
    assert_eq!(world.standing(&key_ref("it")), None);
    assert_eq!(world.standing(&object(Kind::Secret, "a", "it")), None);
}
