use wayleave_core::secret::Secret;
use wayleave_core::snapshot::{Access, ModelClaim, ObjectName, Provider, Route, RouteRules};

use super::*;

fn name(name: &str) -> ObjectName {
    ObjectName::new("team", name)
}

fn route(object: &str, model: &str) -> Resource {
    Resource::Route(Arc::new(Route {
        name: name(object),
        created: None,
        models: vec![ModelClaim {
            pattern: model.into(),
            owned: true,
        }],
        rules: RouteRules::Broken("not of interest".to_owned()),
    }))
}

fn provider(object: &str, reason: &str) -> Resource {
    Resource::Provider(Arc::new(Provider {
        name: name(object),
        access: Access::Broken(reason.to_owned()),
    }))
}

fn certificate(object: &str) -> Resource {
    Resource::Certificate(Arc::new(Identity {
        name: name(object),
        chain: object.into(),
        key: Secret::new("KEY"),
    }))
}

fn sent(resource: &Resource, version: &str) -> Sent {
    Sent {
        name: resource.name().to_string(),
        version: version.to_owned(),
        content: Some(resource.encode().unwrap()),
    }
}

fn update(nonce: &str, version: &str, resources: Vec<Sent>, removed: &[&str]) -> Update {
    Update {
        nonce: nonce.to_owned(),
        version: version.to_owned(),
        resources,
        removed: removed.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Refuses a provider that is broken because of `bad`, and nothing else.
fn check(resource: &Resource) -> Result<(), String> {
    let bad = matches!(resource, Resource::Provider(provider)
        if matches!(&provider.access, Access::Broken(reason) if reason == "bad"));
    if bad {
        Err("as the test says".to_owned())
    } else {
        Ok(())
    }
}

fn take(replica: &mut Replica, update: Update) -> Taken {
    replica.take(update, &check).unwrap()
}

/// Takes a message that completes a set: whether it changed anything, and what is said to it.
fn complete(replica: &mut Replica, resources: Vec<Sent>, removed: &[&str]) -> (bool, Answer) {
    match take(replica, update("n", "v", resources, removed)) {
        Taken::Complete { changed, mut answers } => (changed, answers.pop().unwrap()),
        Taken::Staged => panic!("it is complete"),
    }
}

fn held(replica: &Replica) -> Vec<String> {
    let snapshot = replica.snapshot();
    let routes = snapshot
        .routes
        .iter()
        .map(|route| format!("{}={}", route.name, route.models[0].pattern));
    let providers = snapshot.providers.iter().map(|provider| match &provider.access {
        Access::Broken(reason) => format!("{}={reason}", provider.name),
        Access::Ready(_) => panic!("none of these is usable"),
    });
    routes.chain(providers).collect()
}

#[test]
fn nothing_is_held_before_the_last_message_of_a_set() {
    let mut replica = Replica::default();
    let first = update("1", "", vec![sent(&route("a", "m"), "7")], &[]);
    assert_eq!(take(&mut replica, first), Taken::Staged);
    assert_eq!((held(&replica), replica.len()), (vec![], 0));
    let second = update("2", "v", vec![sent(&provider("p", "x"), "8")], &[]);
    let Taken::Complete { changed, answers } = take(&mut replica, second) else {
        panic!("it is complete")
    };
    assert!(changed);
    let nonces: Vec<&str> = answers.iter().map(|answer| answer.nonce.as_str()).collect();
    assert_eq!(nonces, ["1", "2"]);
    assert!(answers.iter().all(|answer| answer.rejected.is_empty()));
    assert_eq!(held(&replica), ["team/a=m", "team/p=x"]);
}

#[test]
fn a_stream_that_breaks_within_a_set_leaves_nothing() {
    let mut replica = Replica::default();
    complete(&mut replica, vec![sent(&route("a", "m"), "7")], &[]);
    take(
        &mut replica,
        update("1", "", vec![sent(&route("b", "m2"), "8")], &["route/team/a"]),
    );
    assert_eq!(
        replica.begin(),
        HashMap::from([("route/team/a".to_owned(), "7".to_owned())])
    );
    let (changed, _) = complete(&mut replica, vec![], &[]);
    assert!(!changed, "a set may be complete with nothing in it");
    assert_eq!(held(&replica), ["team/a=m"]);
}

#[test]
fn edits_and_removals() {
    let mut replica = Replica::default();
    complete(
        &mut replica,
        vec![sent(&route("a", "m"), "1"), sent(&route("b", "n"), "1")],
        &[],
    );
    let (changed, _) = complete(
        &mut replica,
        vec![sent(&route("a", "m2"), "2")],
        &["route/team/b"],
    );
    assert!(changed);
    assert_eq!(held(&replica), ["team/a=m2"]);
    let (changed, _) = complete(
        &mut replica,
        vec![],
        &["route/team/b", "no name", "provider/team/x"],
    );
    assert!(!changed, "what is not held cannot go");
}

#[test]
fn of_a_rejected_one_the_last_good_stays_and_the_others_are_taken() {
    let mut replica = Replica::default();
    complete(&mut replica, vec![sent(&provider("p", "good"), "1")], &[]);
    let resources = vec![
        sent(&provider("p", "bad"), "2"),
        sent(&provider("q", "bad"), "1"),
        sent(&route("a", "m"), "1"),
    ];
    let (_, answer) = complete(&mut replica, resources, &[]);
    let rejected: Vec<(&str, &str)> = answer
        .rejected
        .iter()
        .map(|rejected| (rejected.name.as_str(), rejected.reason.as_str()))
        .collect();
    let reason = "as the test says";
    assert_eq!(
        rejected,
        [("provider/team/p", reason), ("provider/team/q", reason)]
    );
    assert_eq!(held(&replica), ["team/a=m", "team/p=good"]);
    // The server can tell from the version that there is a newer one.
    let versions = replica.begin();
    assert_eq!(versions["provider/team/p"], "1");
    assert!(!versions.contains_key("provider/team/q"));
}

#[test]
fn what_is_not_understood_is_rejected_with_its_reason() {
    let mut replica = Replica::default();
    let odd = |name: &str, content: Option<&str>| Sent {
        name: name.to_owned(),
        version: "1".to_owned(),
        content: content.map(|text| text.as_bytes().to_vec()),
    };
    let leaky = r#"{"format":1,"object":{"name":{"namespace":"team","name":"p"},"access":"sk-very-secret"}}"#;
    let resources = vec![
        odd("nonsense", Some("")),
        odd("route/team/a", None),
        odd("route/team/b", Some(r#"{"format":2}"#)),
        odd("provider/team/p", Some(leaky)),
        odd(&"x".repeat(10_000), None),
    ];
    let (changed, answer) = complete(&mut replica, resources, &[]);
    assert!(!changed);
    let expected = [
        "KIND/NAMESPACE/NAME",
        "type is not known",
        "format version 2",
        "cannot be read",
        "xxx",
    ];
    assert_eq!(answer.rejected.len(), expected.len());
    for (rejected, expected) in answer.rejected.iter().zip(expected) {
        assert!(rejected.reason.contains(expected), "{rejected:?}");
        assert!(!rejected.reason.contains("sk-very-secret"), "{rejected:?}");
        assert!(rejected.name.len() <= MOST_TEXT && rejected.reason.len() <= MOST_TEXT);
    }
}

#[test]
fn more_than_the_bounds_is_not_taken() {
    let first = sent(&route("a", "m"), "1");
    let bytes = first.content.as_ref().unwrap().len();
    let bounds = Bounds {
        resources: 2,
        bytes: bytes * 2 + 10,
        messages: 3,
    };
    let mut replica = Replica::bounded(bounds);
    let resources = vec![first, sent(&route("b", "m"), "1"), sent(&route("c", "m"), "1")];
    let (_, answer) = complete(&mut replica, resources, &[]);
    assert_eq!(answer.rejected.len(), 1);
    assert!(
        answer.rejected[0].reason.contains("2 objects at most"),
        "{answer:?}"
    );
    let long = sent(&route("b", &"m".repeat(20)), "2");
    let (_, answer) = complete(&mut replica, vec![long], &[]);
    assert!(
        answer.rejected[0]
            .reason
            .contains("bytes of configuration at most"),
        "{answer:?}"
    );
    // Room is where something goes.
    let (_, answer) = complete(&mut replica, vec![sent(&route("c", "m"), "1")], &["route/team/a"]);
    assert_eq!(answer.rejected, []);
    for _ in 0..3 {
        assert_eq!(take(&mut replica, update("n", "", vec![], &[])), Taken::Staged);
    }
    assert_eq!(replica.take(update("n", "", vec![], &[]), &check), Err(Flood));
}

#[test]
fn an_answer_does_not_grow_without_end() {
    let mut replica = Replica::default();
    let nonsense = |index: usize| Sent {
        name: index.to_string(),
        version: String::new(),
        content: None,
    };
    let (_, answer) = complete(&mut replica, (0..MOST_NAMED + 5).map(nonsense).collect(), &[]);
    assert_eq!((answer.rejected.len(), answer.unnamed), (MOST_NAMED, 5));
}

#[test]
fn the_certificate_that_came_last_is_the_one() {
    let shown = |replica: &Replica| replica.identity().map(|identity| identity.chain.to_string());
    let mut replica = Replica::default();
    assert_eq!(shown(&replica), None);
    complete(&mut replica, vec![sent(&certificate("b"), "1")], &[]);
    complete(&mut replica, vec![sent(&certificate("a"), "1")], &[]);
    assert_eq!(shown(&replica).as_deref(), Some("a"));
    complete(&mut replica, vec![], &["certificate/team/a"]);
    assert_eq!(shown(&replica).as_deref(), Some("b"));
    assert!(!format!("{replica:?}").contains("KEY"));
}
