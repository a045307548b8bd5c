//! Twenty-five years of certificates, seen by a client that trusts a bundle of three months ago.

mod damage;

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::*;

const DAY: i64 = 24 * 3600;
const NAME: &str = "wayleave-config.own.svc";

fn names() -> Names {
    let config = vec![NAME.to_owned(), "other.example".to_owned()];
    BTreeMap::from([
        (Bearer::ConfigService, config),
        (Bearer::DataPlane, vec!["envoy.example".to_owned()]),
    ])
}

/// So many seconds after a day in 2026.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).expect("is a time")
}

/// The store of a fresh installation.
fn fresh() -> Store {
    renewed(&Store::default(), &names(), 0).expect("everything is made")
}

fn renewed(store: &Store, names: &Names, seconds: i64) -> Option<Store> {
    store.renewed(names, at(seconds)).expect("can be made")
}

fn certificate(store: &Store, bearer: Bearer) -> &str {
    &store.leaf(bearer).expect("is there").certificate
}

/// What a client says to this certificate.
fn verify(certificate: &str, bundle: &str, name: &str, seconds: i64) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(root.expect("is PEM"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .expect("there are roots");
    let leaf = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("is PEM");
    let name = ServerName::try_from(name.to_owned()).expect("is a name");
    let now = u64::try_from(at(seconds).as_second()).expect("is after 1970");
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    verifier.verify_server_cert(&leaf, &[], &name, &[], now).map(drop)
}

#[test]
fn everything_is_made_at_once() {
    let store = fresh();
    for name in [NAME, "other.example"] {
        assert_eq!(
            verify(
                certificate(&store, Bearer::ConfigService),
                &store.bundle(),
                name,
                0
            ),
            Ok(())
        );
    }
    let own = certificate(&store, Bearer::DataPlane);
    assert_eq!(verify(own, &store.bundle(), "envoy.example", 0), Ok(()));
    // The verifier can refuse.
    assert!(verify(own, &store.bundle(), NAME, 0).is_err());
    assert!(verify(own, &store.bundle(), "envoy.example", 31 * DAY).is_err());
    assert!(verify(own, &fresh().bundle(), "envoy.example", 0).is_err());
    assert_eq!(store.end(Bearer::ConfigService), Some(at(30 * DAY).as_second()));
    assert_eq!(Store::default().end(Bearer::ConfigService), None);
    // A client whose clock is behind.
    assert_eq!(verify(own, &store.bundle(), "envoy.example", -3_000), Ok(()));
}

#[test]
fn a_certificate_is_renewed_when_a_third_of_its_life_is_left() {
    let store = fresh();
    for seconds in [0, DAY, 20 * DAY - 1] {
        assert_eq!(renewed(&store, &names(), seconds), None);
    }
    let next = renewed(&store, &names(), 20 * DAY).expect("is renewed");
    assert_eq!(next.bundle(), store.bundle());
    for bearer in Bearer::ALL {
        assert_ne!(next.leaf(bearer), store.leaf(bearer));
    }
    // An operator that was away for long.
    let late = renewed(&store, &names(), 365 * DAY).expect("is renewed");
    assert_eq!(late.bundle(), store.bundle());
    assert_eq!(
        verify(
            certificate(&late, Bearer::ConfigService),
            &late.bundle(),
            NAME,
            365 * DAY
        ),
        Ok(())
    );
    let ages = renewed(&store, &names(), 4_000 * DAY).expect("is renewed");
    assert_eq!(ages.authorities.len(), 1);
    assert_ne!(ages.bundle(), store.bundle());
}

#[test]
fn a_certificate_is_good_at_every_time_for_who_has_an_old_bundle() {
    // An operator that misses two looks of three.
    let step = 3 * i64::try_from(LOOK_AGAIN.as_secs()).expect("is not long");
    let names = BTreeMap::from([(Bearer::ConfigService, vec![NAME.to_owned()])]);
    let mut store = renewed(&Store::default(), &names, 0).expect("everything is made");
    let mut bundles = vec![(i64::MIN, store.bundle())];
    let (mut authorities, mut leaves) = (vec![0], vec![0]);
    for seconds in (0..25 * 365 * DAY).step_by(step.unsigned_abs().try_into().expect("fits")) {
        if let Some(next) = renewed(&store, &names, seconds) {
            assert!(next.authorities.len() <= 2);
            if next.bundle() != store.bundle() {
                bundles.push((seconds, next.bundle()));
            }
            if next.authorities.last() != store.authorities.last() {
                authorities.push(seconds);
            }
            if next.leaves != store.leaves {
                leaves.push(seconds);
            }
            store = next;
        }
        // Each one and, so that it does not take all day, every tenth look between.
        if leaves.last() == Some(&seconds) || seconds / step % 10 == 0 {
            let known = bundles.iter().rfind(|(since, _)| *since <= seconds - 90 * DAY);
            let (_, known) = known.expect("the first is older than time");
            let leaf = certificate(&store, Bearer::ConfigService);
            // Up to the next look, on clocks that go half an hour wrong.
            for now in [seconds - 1_800, seconds + step + 1_800] {
                for bundle in [known, &store.bundle()] {
                    assert_eq!(verify(leaf, bundle, NAME, now), Ok(()), "at {now}");
                }
            }
        }
    }
    let pauses = |times: &[i64]| -> Vec<_> {
        let pairs = times.windows(2);
        pairs.map(|pair| (pair[1] - pair[0]) / DAY).collect()
    };
    // The first look after two thirds of a life.
    assert_eq!(pauses(&authorities), [2_434; 3]);
    assert_eq!(pauses(&leaves), vec![21; 25 * 365 / 21]);
}

#[test]
fn other_names_need_another_certificate() {
    let store = fresh();
    let config = |names: &[&str]| {
        let mut all = self::names();
        all.insert(
            Bearer::ConfigService,
            names.iter().map(|&name| name.to_owned()).collect(),
        );
        all
    };
    for other in [
        &["new.example"][..],
        &[NAME],
        &[NAME, "other.example", "new.example"],
        &["other.example", NAME],
    ] {
        let names = config(other);
        let next = renewed(&store, &names, DAY).expect("is renewed");
        assert_eq!(next.leaf(Bearer::DataPlane), store.leaf(Bearer::DataPlane));
        assert_eq!(next.bundle(), store.bundle());
        assert_eq!(
            verify(
                certificate(&next, Bearer::ConfigService),
                &next.bundle(),
                other[0],
                DAY
            ),
            Ok(())
        );
        assert_eq!(renewed(&next, &names, DAY), None, "once");
    }
    for bad in ["nämlich.example", "10.0.0.1", "::1"] {
        let refused = store
            .renewed(&config(&[NAME, bad]), at(0))
            .expect_err("cannot stand in it");
        assert_eq!(
            refused.to_string(),
            format!("`{NAME}, {bad}` cannot stand in a certificate")
        );
    }
}

#[test]
fn a_bearer_that_is_not_wanted_any_more_is_dropped() {
    let store = fresh();
    let mut names = names();
    names.remove(&Bearer::DataPlane);
    let next = renewed(&store, &names, DAY).expect("is another");
    assert_eq!(next.leaf(Bearer::DataPlane), None);
    assert_eq!(
        next.leaf(Bearer::ConfigService),
        store.leaf(Bearer::ConfigService)
    );
    assert!(!next.write().keys().any(|entry| entry.starts_with("ext-proc")));
    let back = renewed(&next, &self::names(), DAY).expect("is another");
    assert!(back.leaf(Bearer::DataPlane).is_some());
}

#[test]
fn keys_are_not_shown() {
    let shown = format!("{:?}", fresh());
    assert!(
        shown.contains("BEGIN CERTIFICATE") && !shown.contains("PRIVATE KEY"),
        "{shown}"
    );
}
