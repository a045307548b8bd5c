use wayleave_core::cache::key::Scope;
use wayleave_core::digest::Digest;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::usage::Usage;

use super::*;

fn key() -> Key {
    Key {
        scope: Scope {
            route: "team/chat".into(),
            client: Digest::of([b"c".as_slice()]),
        },
        request: Digest::of([b"r".as_slice()]),
    }
}

fn from() -> Provenance {
    Provenance {
        kept: jiff::Timestamp::UNIX_EPOCH,
        call: "1".to_owned(),
        provider: "team/p".to_owned(),
        model: "m".to_owned(),
        served: None,
        vendor: "OpenAI".to_owned(),
        format: WireFormat::OpenAIChat,
        framing: Framing::Sse,
        usage: Usage::default(),
        cost: None,
    }
}

fn lead(flights: &Arc<Flights>) -> Lead {
    match flights.join(&key()) {
        Place::Lead(lead) => lead,
        Place::Follow(_) => panic!("it is the first"),
    }
}

fn follower(flights: &Arc<Flights>) -> Follower {
    match flights.join(&key()) {
        Place::Follow(follower) => follower,
        Place::Lead(_) => panic!("it is not the first"),
    }
}

async fn text(mut follower: Follower) -> (String, End) {
    let mut text = String::new();
    loop {
        match follower.next().await {
            Next::Begins(_) => {}
            Next::Chunk(chunk) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
            Next::End(end) => return (text, end),
        }
    }
}

#[tokio::test]
async fn who_comes_late_gets_all_of_it() {
    let flights = Arc::<Flights>::default();
    let mut lead = lead(&flights);
    let early = tokio::spawn(text(follower(&flights)));
    lead.begin(from());
    lead.publish([Bytes::from_static(b"a"), Bytes::from_static(b"b")]);
    let mut late = follower(&flights);
    assert!(matches!(late.begins().await, Next::Begins(_)));
    lead.publish([Bytes::from_static(b"c")]);
    lead.end(End::Whole(Arc::new(from())));
    let after = text(follower(&flights)).await;
    drop(lead);
    for (text, end) in [early.await.unwrap(), text(late).await, after] {
        assert_eq!(text, "abc");
        assert!(matches!(end, End::Whole(_)), "{end:?}");
    }
}

#[tokio::test]
async fn a_leader_that_goes_leaves_its_place() {
    let flights = Arc::<Flights>::default();
    let first = lead(&flights);
    let mut waiting = follower(&flights);
    assert!(first.is_followed() && !first.leave_if_alone());
    drop(first);
    assert!(matches!(waiting.begins().await, Next::End(End::Failed)));
    let second = lead(&flights);
    drop(waiting);
    assert!(!second.is_followed(), "it followed another");
    assert!(second.leave_if_alone());
    let third = lead(&flights);
    drop(second);
    drop(follower(&flights));
    drop(third);
    assert!(flights.lock().is_empty());
}
