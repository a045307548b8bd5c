//! What a data plane is sent, in single steps; [`plane`] has whole conversations.

mod plane;

use wayleave_core::resource::ResourceKind;
use wayleave_core::snapshot::{Access, ObjectName, Provider, Snapshot};

use super::*;

fn name(object: &str) -> ResourceName {
    ResourceName::new(ResourceKind::Provider, ObjectName::new("a", object))
}

/// Resources with these contents; those of `broken` only stand in.
fn bundle_with(contents: &[(&str, String)], broken: &[&str]) -> Bundle {
    let providers = contents.iter().map(|(object, content)| Provider {
        name: ObjectName::new("a", *object),
        access: Access::Broken(content.clone()),
    });
    let snapshot = Snapshot {
        providers: providers.collect(),
        ..Snapshot::default()
    };
    let broken = broken.iter().map(|object| name(object)).collect();
    Bundle::new(snapshot, None, &broken).expect("encodes")
}

fn bundle(contents: &[(&str, String)]) -> Bundle {
    bundle_with(contents, &[])
}

/// Resources with short contents.
fn small(contents: &[(&str, &str)]) -> Bundle {
    let owned: Vec<_> = contents
        .iter()
        .map(|(object, content)| (*object, (*content).to_owned()))
        .collect();
    bundle(&owned)
}

fn versions(bundle: &Bundle) -> BTreeMap<ResourceName, Version> {
    bundle
        .iter()
        .map(|(name, resource)| (name.clone(), resource.version.clone()))
        .collect()
}

/// The names of a message's resources.
fn sent(message: &Message) -> Vec<&str> {
    let names = message.resources.iter();
    names.map(|(name, _)| &*name.object.name).collect()
}

#[test]
fn the_first_message_comes_even_if_there_is_nothing_to_tell() {
    let mut session = Session::new(BTreeMap::new());
    let greeting = Message {
        nonce: 1,
        resources: Vec::new(),
        removed: Vec::new(),
        complete: true,
    };
    assert_eq!(session.update(&Bundle::default()), [greeting]);
    assert_eq!(session.update(&Bundle::default()), []);
    assert!(session.answer(1, Answer::Taken).expect("was sent").complete);
    assert_eq!(session.update(&Bundle::default()), []);
}

#[test]
fn what_is_held_is_not_sent_again() {
    let now = small(&[("changed", "new"), ("new", "x"), ("same", "x")]);
    let mut held = versions(&small(&[("changed", "old"), ("gone", "x"), ("same", "x")]));
    let mut session = Session::new(held.clone());
    let messages = session.update(&now);
    assert_eq!(messages.len(), 1);
    assert_eq!(sent(&messages[0]), ["changed", "new"]);
    assert_eq!(messages[0].removed, [name("gone")]);
    assert!(messages[0].complete);

    held = versions(&now);
    let mut knows_all = Session::new(held);
    let greeting = knows_all.update(&now);
    assert_eq!((greeting.len(), greeting[0].complete), (1, true));
    assert!(greeting[0].resources.is_empty() && greeting[0].removed.is_empty());
}

#[test]
fn nothing_is_sent_when_nothing_changed_even_if_it_was_rejected() {
    let now = small(&[("bad", "x"), ("good", "x")]);
    let mut session = Session::new(BTreeMap::new());
    let messages = session.update(&now);
    assert_eq!(session.update(&now), []);
    let reasons = BTreeMap::from([(name("bad"), "no".to_owned())]);
    session
        .answer(messages[0].nonce, Answer::Rejected(reasons))
        .expect("was sent");
    assert_eq!(session.update(&now), []);
    let next = session.update(&small(&[("bad", "y"), ("good", "x")]));
    assert_eq!(sent(&next[0]), ["bad"]);
    // Back to what was rejected: perhaps it is taken this time.
    let again = session.update(&now);
    assert_eq!(sent(&again[0]), ["bad"]);
}

#[test]
fn what_stands_in_takes_the_place_of_nothing() {
    let contents = ["new", "old"].map(|object| (object, "is broken".to_owned()));
    let now = bundle_with(&contents, &["new", "old"]);
    let mut session = Session::new(versions(&small(&[("old", "x")])));
    assert_eq!(sent(&session.update(&now)[0]), ["new"]);
    assert_eq!(session.update(&now), []);
    // Broken otherwise: who has the earlier reason gets the new one.
    let contents = ["new", "old"].map(|object| (object, "is broken otherwise".to_owned()));
    let now = bundle_with(&contents, &["new", "old"]);
    assert_eq!(sent(&session.update(&now)[0]), ["new"]);
    let mended = small(&[("new", "x"), ("old", "y")]);
    assert_eq!(sent(&session.update(&mended)[0]), ["new", "old"]);
    assert_eq!(session.update(&now), []);
    // Deleted and made anew, broken: there is nothing to keep.
    session.update(&Bundle::default());
    assert_eq!(sent(&session.update(&now)[0]), ["new", "old"]);
}

#[test]
fn what_was_removed_and_comes_back_is_sent() {
    let with = small(&[("it", "x")]);
    let mut session = Session::new(BTreeMap::new());
    session.update(&with);
    assert_eq!(session.update(&Bundle::default())[0].removed, [name("it")]);
    assert_eq!(session.update(&Bundle::default()), []);
    assert_eq!(sent(&session.update(&with)[0]), ["it"]);
}

#[test]
fn much_is_divided_and_complete_with_the_last() {
    let sizes = [
        ("a", 600),
        ("b", 600),
        ("c", 3000),
        ("d", 400),
        ("e", 300),
        ("f", 1),
    ];
    let contents = sizes.map(|(object, kib)| (object, "x".repeat(kib << 10)));
    let mut session = Session::new(versions(&small(&[("gone", "x")])));
    let messages = session.update(&bundle(&contents));
    let parts: Vec<_> = messages.iter().map(sent).collect();
    assert_eq!(parts, [vec!["a"], vec!["b"], vec!["c"], vec!["d", "e", "f"]]);
    for (index, message) in messages.iter().enumerate() {
        let is_last = index + 1 == messages.len();
        assert_eq!(message.complete, is_last);
        assert_eq!(message.removed.len(), usize::from(is_last));
        let news = session.answer(message.nonce, Answer::Taken).expect("was sent");
        assert_eq!(news.complete, is_last);
    }
}

#[test]
fn changes_wait_for_answers_and_are_joined() {
    let mut session = Session::new(BTreeMap::new());
    let mut nonces = VecDeque::new();
    for version in 0..MOST_UNANSWERED {
        let messages = session.update(&small(&[("a", &version.to_string())]));
        nonces.extend(messages.iter().map(|message| message.nonce));
    }
    assert_eq!(nonces.len(), MOST_UNANSWERED);
    for version in ["x", "y", "z"] {
        assert_eq!(session.update(&small(&[("a", version), ("b", version)])), []);
    }
    let first = nonces.pop_front().expect("is there");
    session.answer(first, Answer::Taken).expect("was sent");
    let last = small(&[("a", "z"), ("b", "z")]);
    let messages = session.update(&last);
    assert_eq!(messages.len(), 1);
    assert_eq!(sent(&messages[0]), ["a", "b"]);
    assert_eq!(
        messages[0].resources[0].1,
        *last.get(&name("a")).expect("is there")
    );
    assert_eq!(session.update(&Bundle::default()), []);
}

#[test]
fn an_answer_names_a_message_once() {
    let mut session = Session::new(BTreeMap::new());
    assert_eq!(session.answer(1, Answer::Taken), Err(UnknownNonce));
    session.update(&Bundle::default());
    assert_eq!(session.answer(2, Answer::Taken), Err(UnknownNonce));
    assert!(session.answer(1, Answer::Taken).is_ok());
    assert_eq!(session.answer(1, Answer::Taken), Err(UnknownNonce));
}

#[test]
fn an_answer_tells_what_became_of_each_resource() {
    let now = small(&[("bad", "x"), ("good", "x")]);
    let version = |object| versions(&now)[&name(object)].clone();
    let begin = || {
        let mut session = Session::new(versions(&small(&[("gone", "x")])));
        let nonce = session.update(&now)[0].nonce;
        (session, nonce)
    };
    let answered = |answer| {
        let (mut session, nonce) = begin();
        session.answer(nonce, answer).expect("was sent")
    };
    let taken = News {
        taken: vec![(name("bad"), version("bad")), (name("good"), version("good"))],
        removed: vec![name("gone")],
        complete: true,
        ..News::default()
    };
    assert_eq!(answered(Answer::Taken), taken);
    let reasons = BTreeMap::from([
        (name("bad"), "no".to_owned()),
        (name("never sent"), "no".to_owned()),
    ]);
    let rejected = News {
        taken: vec![(name("good"), version("good"))],
        rejected: vec![(name("bad"), version("bad"), "no".to_owned())],
        ..taken
    };
    assert_eq!(answered(Answer::Rejected(reasons)), rejected);
    let all = News {
        rejected: vec![
            (name("bad"), version("bad"), "no".to_owned()),
            (name("good"), version("good"), "no".to_owned()),
        ],
        complete: true,
        ..News::default()
    };
    assert_eq!(answered(Answer::AllRejected("no".to_owned())), all);
}
