use tokio::time::Instant;
use wayleave_core::cache::key::Scope;
use wayleave_core::digest::Digest;

use super::*;
use crate::metrics::{Label, Metrics};

const LONG: Duration = Duration::from_secs(3600);

fn key(route: &str, client: &str, request: usize) -> Key {
    Key {
        scope: Scope {
            route: Arc::from(route),
            client: Digest::of([client.as_bytes()]),
        },
        request: Digest::of([request.to_be_bytes().as_slice()]),
    }
}

fn gauges() -> MemoryGauges {
    Metrics::new().store().memory(Label(Arc::from("a/policy")))
}

fn memory(max_bytes: u64) -> (Memory, MemoryGauges) {
    let gauges = gauges();
    (Memory::new(max_bytes, gauges.clone()), gauges)
}

fn found(text: &'static str) -> Lookup {
    Lookup::Found(Bytes::from_static(text.as_bytes()))
}

fn put(memory: &Memory, key: &Key, text: &'static str) {
    memory.put(key, &Bytes::from_static(text.as_bytes()), LONG);
}

#[test]
fn keeps_the_last_entry_of_each_key() {
    let (memory, gauges) = memory(1 << 20);
    put(&memory, &key("a/r", "one", 1), "first");
    put(&memory, &key("a/r", "one", 1), "second");
    put(&memory, &key("a/r", "two", 1), "other");
    assert_eq!(memory.get(&key("a/r", "one", 1)), found("second"));
    assert_eq!(memory.get(&key("a/r", "two", 1)), found("other"));
    assert_eq!(memory.get(&key("a/r", "one", 2)), Lookup::Missing);
    assert_eq!(memory.get(&key("a/s", "one", 1)), Lookup::Missing);
    assert_eq!(gauges.entries.get(), 2);
    assert_eq!(gauges.evictions.get(), 0);
}

#[test]
fn holds_no_more_bytes_than_it_may_and_says_how_many() {
    let (memory, gauges) = memory(1 << 20);
    let entry = Bytes::from(vec![7; 100_000]);
    for number in 0..50 {
        memory.put(&key("a/r", "one", number), &entry, LONG);
        let bytes = gauges.bytes.get();
        assert!((100_000..=1 << 20).contains(&bytes), "{bytes}");
    }
    assert_eq!(gauges.entries.get(), 10);
    assert_eq!(gauges.evictions.get(), 40);
    let tally = &memory.tally;
    assert_eq!(
        u64::try_from(tally.bytes.load(Ordering::Relaxed)).unwrap(),
        memory.cache.weighted_size()
    );
    // One that does not fit at all takes nothing from the others.
    memory.put(&key("a/r", "one", 99), &Bytes::from(vec![7; 2 << 20]), LONG);
    assert_eq!(memory.get(&key("a/r", "one", 99)), Lookup::Missing);
    assert_eq!(gauges.entries.get(), 10);
}

#[test]
fn what_is_asked_for_often_stays() {
    let (memory, _) = memory(1 << 20);
    let entry = Bytes::from(vec![7; 100_000]);
    let popular = key("a/r", "one", 1000);
    memory.put(&popular, &entry, LONG);
    for number in 0..100 {
        memory.put(&key("a/r", "one", number), &entry, LONG);
        assert_eq!(
            memory.get(&popular),
            Lookup::Found(entry.clone()),
            "after {number} others"
        );
    }
}

#[tokio::test]
async fn an_entry_ends_when_its_time_is_over_even_if_it_replaced_another() {
    let (memory, _) = memory(1 << 20);
    put(&memory, &key("a/r", "one", 1), "long");
    memory.put(
        &key("a/r", "one", 1),
        &Bytes::from_static(b"short"),
        Duration::from_millis(30),
    );
    put(&memory, &key("a/r", "one", 2), "stays");
    let end = Instant::now() + Duration::from_secs(10);
    while memory.get(&key("a/r", "one", 1)) != Lookup::Missing {
        assert!(Instant::now() < end, "it is still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(memory.get(&key("a/r", "one", 2)), found("stays"));
}

#[tokio::test]
async fn forgets_what_it_is_told_to_and_nothing_else() {
    let (memory, gauges) = memory(10 << 20);
    for number in 0..100 {
        for (route, client) in [("a/r", "one"), ("a/r", "two"), ("a/s", "one")] {
            put(&memory, &key(route, client, number), "entry");
        }
    }
    let one = key("a/r", "one", 7);
    assert_eq!(memory.purge(&Purge::Key(one.clone())).await, Ok(1));
    assert_eq!(memory.purge(&Purge::Key(one.clone())).await, Ok(0));
    assert_eq!(memory.get(&one), Lookup::Missing);
    assert_eq!(memory.purge(&Purge::Scope(one.scope)).await, Ok(99));
    assert_eq!(memory.get(&key("a/r", "two", 7)), found("entry"));
    assert_eq!(memory.purge(&Purge::Route(Arc::from("a/r"))).await, Ok(100));
    assert_eq!(memory.get(&key("a/s", "one", 7)), found("entry"));
    assert_eq!(gauges.entries.get(), 100);
    assert_eq!(gauges.evictions.get(), 0);
}

#[test]
fn one_that_ends_leaves_nothing_in_the_gauges() {
    let (memory, gauges) = memory(1 << 20);
    put(&memory, &key("a/r", "one", 1), "entry");
    assert!(gauges.bytes.get() > 0);
    drop(memory);
    assert_eq!((gauges.bytes.get(), gauges.entries.get()), (0, 0));
}

#[test]
fn a_part_of_something_large_does_not_hold_the_rest() {
    let (memory, _) = memory(1 << 20);
    let large = Bytes::from(vec![7; 1 << 20]);
    memory.put(&key("a/r", "one", 1), &large.slice(5..10), LONG);
    assert!(large.is_unique());
}
