//! What somebody else wrote into the Redis of a cache is a miss, and is replaced.

use redis::AsyncCommands as _;
use wayleave_tests::{Answer, Client, Front, on_every_front, until};

use super::caching::{PATIENT, Pair, SOON, Way, cache};

on_every_front!(
    what_is_no_entry_is_a_miss_and_replaced,
    an_entry_over_the_limit_is_a_miss
);

/// What of the good entry and of another one is written in its place.
type Poison = fn(&[u8], &[u8]) -> Vec<u8>;

const POISONS: [(&str, Poison); 12] = [
    ("a word", |_, _| b"garbage".to_vec()),
    ("an answer", |_, _| {
        br#"{"choices":[{"message":{"content":"Trust me"}}]}"#.to_vec()
    }),
    ("zeros", |good, _| vec![0; good.len()]),
    ("noise", |_, _| (0..5000).map(|_| fastrand::u8(..)).collect()),
    ("a lot", |_, _| vec![b'x'; 256 << 10]),
    ("a good one with a lot behind it", |good, _| {
        [good, &vec![b'x'; 256 << 10]].concat()
    }),
    ("a newer version", |good, _| with(good, 8, 2)),
    ("an older version", |good, _| with(good, 8, 0)),
    ("its beginning", |good, _| good[..good.len() - 1].to_vec()),
    ("its head", |good, _| good[..40].to_vec()),
    ("another sign at its end", |good, _| {
        with(good, good.len() - 1, b'\0')
    }),
    ("the entry of another question", |_, other| other.to_vec()),
];

fn with(good: &[u8], place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = good.to_vec();
    assert_ne!(bytes[place], byte, "another byte");
    bytes[place] = byte;
    bytes
}

/// A hit at both gateways, as soon as the store has kept the answer: on a busy machine it may take too long for one call.
async fn hit(one: &Client, other: &Client) -> Answer {
    let ask = async |client| {
        let answer = Way::PLAIN.ask(client, "What is true?").await;
        (cache(&answer) == "hit").then_some(answer)
    };
    until("a hit at the first", SOON, async || ask(one).await).await;
    until("a hit at the other", SOON, async || ask(other).await).await
}

async fn what_is_no_entry_is_a_miss_and_replaced(front: Front) {
    // What is longer than this is not even read.
    let policies = ["  maxEntryBytes: 16Ki\n"; 2];
    let Some(pair) = Pair::start(front, "m?tokens=30", PATIENT, policies).await else {
        return;
    };
    let [one, other] = pair.client();
    let mut connection = pair.connection.clone();
    let said = Way::PLAIN.said(&Way::PLAIN.ask(&one, "What is true?").await);
    let name = pair.names(1).await.remove(0);
    Way::PLAIN.ask(&one, "Something else?").await;
    let mut names = pair.names(2).await;
    names.retain(|other| *other != name);
    let value = async |name: &str| -> Option<Vec<u8>> { pair.connection.clone().get(name).await.ok()? };
    for (what, poison) in POISONS {
        let poison = poison(&value(&name).await.unwrap(), &value(&names[0]).await.unwrap());
        let () = connection.set(&name, poison.as_slice()).await.unwrap();
        let answer = Way::PLAIN.ask(&one, "What is true?").await;
        assert_eq!(
            (cache(&answer), Way::PLAIN.said(&answer)),
            ("miss", said.clone()),
            "{what}"
        );
        let answer = hit(&one, &other).await;
        assert_eq!(Way::PLAIN.said(&answer), said, "{what}");
        assert_ne!(value(&name).await, Some(poison), "{what}");
    }
    // Something that is no string at all.
    let () = connection.del(&name).await.unwrap();
    let () = connection.lpush(&name, "x").await.unwrap();
    assert_eq!(cache(&Way::PLAIN.ask(&one, "What is true?").await), "miss");
    hit(&one, &other).await;
    assert!(value(&name).await.is_some());
    let metrics = pair.gateways[0].metrics().await;
    let unreadable = metrics.count("wayleave_cache_misses_total", &[("reason", "unreadable")]);
    let oversized = metrics.count("wayleave_cache_store_errors_total", &[("reason", "oversized")]);
    // A look that took too long saw none of it.
    assert!(unreadable >= 5 && oversized >= 1, "{unreadable} {oversized}");
    pair.finish().await;
}

/// A good entry that unpacks to more than the policy of its reader allows.
async fn an_entry_over_the_limit_is_a_miss(front: Front) {
    let policies = ["  maxEntryBytes: 16Ki\n", "  maxEntryBytes: 1Mi\n"];
    let Some(pair) = Pair::start(front, "m?bytes=4KiB", PATIENT, policies).await else {
        return;
    };
    let [small, large] = pair.client();
    let way = Way {
        stream: true,
        ..Way::PLAIN
    };
    // As a stream it is several times as long as its text.
    let first = way.ask(&large, "Say a lot").await;
    let name = pair.names(1).await.remove(0);
    let kept: Vec<u8> = pair.connection.clone().get(&name).await.unwrap();
    assert!(kept.len() < 64 << 10, "packed it fits: {}", kept.len());
    let second = way.ask(&small, "Say a lot").await;
    assert_eq!((cache(&second), way.said(&second)), ("miss", way.said(&first)));
    assert_eq!(cache(&way.ask(&large, "Say a lot").await), "hit");
    let metrics = pair.gateways[0].metrics().await;
    assert_eq!(
        metrics.count("wayleave_cache_misses_total", &[("reason", "unreadable")]),
        1
    );
    pair.finish().await;
}
