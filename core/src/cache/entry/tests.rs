use super::*;
use crate::cache::key::Scope;

fn key(client: &str) -> Key {
    Key {
        scope: Scope {
            route: "team/chat".into(),
            client: Digest::of([client.as_bytes()]),
        },
        request: Digest::of([b"r".as_slice()]),
    }
}

fn entry(body: &'static [u8]) -> Entry {
    Entry {
        from: Provenance {
            kept: Timestamp::UNIX_EPOCH,
            call: "c".to_owned(),
            provider: "team/p".to_owned(),
            model: "m".to_owned(),
            served: None,
            vendor: "OpenAI".to_owned(),
            format: WireFormat::OpenAIChat,
            framing: Framing::Sse,
            usage: Usage::default(),
            cost: Some(Ticks::new(7)),
        },
        body: Bytes::from_static(body),
    }
}

#[test]
fn comes_back_as_it_was_and_short_where_that_pays() {
    let long: &'static [u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"
        .repeat(100)
        .leak();
    for body in [b"".as_slice(), b"{\"a\":1}", long] {
        let entry = entry(body);
        let bytes = entry.encode(&key("a"));
        assert_eq!(Entry::decode(&bytes, &key("a"), body.len()), Ok(entry));
    }
    let packed = entry(long).encode(&key("a")).len();
    assert!(packed < long.len() / 4, "{packed} of {}", long.len());
}

#[test]
fn a_vendor_of_another_version_has_no_shape() {
    let mut entry = entry(b"{}");
    assert!(entry.shape().is_some());
    entry.from.vendor = "newer".to_owned();
    assert_eq!(entry.shape(), None);
}

#[test]
fn what_is_not_its_own_is_no_entry() {
    let bytes = entry(b"{\"a\":1}").encode(&key("a"));
    let decode = |bytes: &[u8]| Entry::decode(&Bytes::copy_from_slice(bytes), &key("a"), 100);
    assert_eq!(
        Entry::decode(&bytes, &key("b"), 100),
        Err(NotAnEntry::Damaged),
        "another client's"
    );
    assert_eq!(Entry::decode(&bytes, &key("a"), 6), Err(NotAnEntry::TooLarge));
    let mut newer = bytes.to_vec();
    newer[8] += 1;
    assert_eq!(decode(&newer), Err(NotAnEntry::Foreign));
    for garbage in [
        b"".as_slice(),
        b"\xff\xfe",
        b"wayleave\x01",
        b"wayleave\x01\xff\xff\xff\xff{}",
        b"{\"a\":1}",
    ] {
        assert!(decode(garbage).is_err(), "{garbage:?}");
    }
    for cut in 0..bytes.len() {
        assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    for at in MAGIC.len()..bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 0x20;
        if let Ok(read) = decode(&damaged) {
            assert_eq!(read.body, entry(b"{\"a\":1}").body, "a bit at {at}");
        }
    }
}

#[test]
fn a_small_entry_cannot_become_a_large_one() {
    let zeros: &'static [u8] = vec![b'0'; 1 << 20].leak();
    let bytes = entry(zeros).encode(&key("a"));
    assert!(bytes.len() < 10_000);
    assert_eq!(
        Entry::decode(&bytes, &key("a"), 1 << 16),
        Err(NotAnEntry::TooLarge)
    );
}
