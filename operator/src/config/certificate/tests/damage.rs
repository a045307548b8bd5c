//! A Secret that somebody has edited: whatever stands there, the next look puts it in order, once.

use super::*;

type Data = BTreeMap<String, ByteString>;

const ENTRIES: [&str; 6] = [
    "ca.crt",
    "ca.key",
    "tls.crt",
    "tls.key",
    "ext-proc.crt",
    "ext-proc.key",
];

/// A store with two authorities.
fn grown() -> Store {
    let store = renewed(&fresh(), &names(), 2_500 * DAY).expect("is renewed");
    assert_eq!(store.authorities.len(), 2);
    store
}

/// What is made of damaged entries: it is good, and stays.
fn repaired(data: &Data, seconds: i64) -> Store {
    let read = Store::read(data);
    let store = renewed(&read, &names(), seconds).unwrap_or(read);
    for (bearer, name) in [
        (Bearer::ConfigService, NAME),
        (Bearer::DataPlane, "envoy.example"),
    ] {
        assert_eq!(
            verify(certificate(&store, bearer), &store.bundle(), name, seconds),
            Ok(())
        );
    }
    let again = Store::read(&store.write());
    assert_eq!(renewed(&again, &names(), seconds), None, "it is in order");
    store
}

#[test]
fn what_is_written_is_read_again() {
    for store in [Store::default(), fresh(), grown()] {
        assert_eq!(Store::read(&store.write()), store);
    }
    let entries: Vec<_> = fresh().write().into_keys().collect();
    let mut expected = ENTRIES;
    expected.sort_unstable();
    assert_eq!(entries, expected);
}

#[test]
fn what_cannot_be_read_is_made_anew() {
    let good = fresh();
    let [mut key_of_another, mut half] = [good.write(), good.write()];
    for entry in ["tls.key", "ca.key"] {
        let other = fresh().write()[entry].clone();
        key_of_another.insert(entry.to_owned(), other);
        let cut = half[entry].0[..60].to_vec();
        half.insert(entry.to_owned(), ByteString(cut));
    }
    for entry in ENTRIES {
        for content in [
            None,
            Some(b"".to_vec()),
            Some(b"garbage".to_vec()),
            Some(vec![0xff, 0xfe]),
            Some(b"-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n".to_vec()),
            Some(half.get(entry).map(|bytes| bytes.0.clone()).unwrap_or_default()),
            Some(key_of_another[entry].0.clone()),
        ] {
            let mut data = good.write();
            let same = content.as_ref() == data.get(entry).map(|bytes| &bytes.0);
            match content {
                Some(content) => drop(data.insert(entry.to_owned(), ByteString(content))),
                None => drop(data.remove(entry)),
            }
            let store = repaired(&data, DAY);
            let stays = |bearer| store.leaf(bearer) == good.leaf(bearer);
            // What is left stays: the authority that everybody trusts, and the other one's certificate.
            assert_eq!(
                store.bundle() == good.bundle(),
                same || !entry.starts_with("ca."),
                "{entry}"
            );
            assert_eq!(
                stays(Bearer::ConfigService),
                same || entry.starts_with("ext-proc"),
                "{entry}"
            );
            assert_eq!(
                stays(Bearer::DataPlane),
                same || entry.starts_with("tls"),
                "{entry}"
            );
        }
    }
}

#[test]
fn of_two_authorities_one_that_is_damaged_takes_the_other_not_down() {
    let good = grown();
    let mut data = good.write();
    let keys = blocks(std::str::from_utf8(&data["ca.key"].0).expect("is text"));
    let damaged = [keys[0].clone(), keys[1].replace('a', "b")].concat();
    data.insert("ca.key".to_owned(), ByteString(damaged.into_bytes()));
    let store = repaired(&data, 2_500 * DAY);
    assert_eq!(store.authorities[0], good.authorities[0]);
    assert_eq!(store.authorities.len(), 2);
    assert_ne!(store.authorities[1], good.authorities[1]);
    assert_eq!(store.leaves, good.leaves);

    // In the wrong order no key is its certificate's: what they sign next, nobody would trust.
    let swapped = [keys[1].clone(), keys[0].clone()].concat();
    data.insert("ca.key".to_owned(), ByteString(swapped.into_bytes()));
    repaired(&data, 2_521 * DAY);
}
