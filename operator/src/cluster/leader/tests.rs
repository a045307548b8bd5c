use proptest::prelude::*;

use super::*;

const OURS: &str = "ours";
const DURATION: Duration = Duration::from_secs(15);

/// A lease as an API server has it.
fn lease(version: u32, holder: Option<&str>, told: Option<i32>) -> Lease {
    Lease {
        metadata: ObjectMeta {
            resource_version: Some(version.to_string()),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: holder.map(str::to_owned),
            lease_duration_seconds: told,
            ..LeaseSpec::default()
        }),
    }
}

/// Someone who looks at leases, with a clock of their own.
struct Watcher {
    seen: Seen,
    began: Instant,
}

impl Watcher {
    fn new() -> Self {
        let began = Instant::now();
        let seen = Seen {
            version: None,
            since: began,
        };
        Self { seen, began }
    }

    /// Looks so many milliseconds after the beginning.
    fn look(&mut self, milliseconds: u64, lease: Option<&Lease>) -> Step {
        let now = self.began + Duration::from_millis(milliseconds);
        step(lease, OURS, DURATION, &mut self.seen, now)
    }
}

#[test]
fn what_is_free_or_ours_is_taken_at_once() {
    let look = |lease: Option<Lease>| Watcher::new().look(0, lease.as_ref());
    assert_eq!(look(None), Step::Make);
    assert_eq!(look(Some(lease(1, None, Some(15)))), Step::Take);
    assert_eq!(look(Some(lease(1, Some(""), Some(15)))), Step::Take);
    assert_eq!(
        look(Some(Lease {
            spec: None,
            ..lease(1, None, None)
        })),
        Step::Take
    );
    assert_eq!(look(Some(lease(1, Some(OURS), Some(15)))), Step::Renew);
    assert_eq!(look(Some(lease(1, Some("theirs"), Some(15)))), Step::Wait);
}

#[test]
fn a_lease_expires_when_it_was_seen_unchanged_for_long_enough() {
    let mut watcher = Watcher::new();
    let theirs = |version| lease(version, Some("theirs"), Some(15));
    // Whatever its own times say, it counts from when we saw it.
    assert_eq!(watcher.look(90_000, Some(&theirs(1))), Step::Wait);
    assert_eq!(watcher.look(105_000, Some(&theirs(1))), Step::Wait);
    assert_eq!(watcher.look(105_001, Some(&theirs(1))), Step::Take);
    assert_eq!(watcher.look(105_002, Some(&theirs(2))), Step::Wait);
    assert_eq!(watcher.look(120_002, Some(&theirs(2))), Step::Wait);
    assert_eq!(watcher.look(120_003, Some(&theirs(2))), Step::Take);
    // Given back: there is nothing to wait for.
    assert_eq!(watcher.look(120_004, Some(&theirs(3))), Step::Wait);
    assert_eq!(watcher.look(120_005, Some(&lease(4, None, Some(15)))), Step::Take);
    assert_eq!(watcher.look(120_006, None), Step::Make);
}

#[test]
fn a_holder_that_was_set_up_for_longer_is_given_longer() {
    for (told, good_for) in [
        (Some(60), 60_000),
        (Some(5), 15_000),
        (Some(-1), 15_000),
        (None, 15_000),
    ] {
        let mut watcher = Watcher::new();
        let theirs = lease(1, Some("theirs"), told);
        assert_eq!(watcher.look(0, Some(&theirs)), Step::Wait, "{told:?}");
        assert_eq!(watcher.look(good_for, Some(&theirs)), Step::Wait, "{told:?}");
        assert_eq!(watcher.look(good_for + 1, Some(&theirs)), Step::Take, "{told:?}");
    }
}

#[test]
fn the_usual_terms_leave_time_to_stop() {
    let terms = Terms::of(DURATION);
    assert!(terms.renew_within < terms.duration);
    assert!(terms.retry * 2 < terms.renew_within, "one try may fail");
}

proptest! {
    /// Whatever it waits for, a leader is back before anybody else can begin; others need not hurry.
    #[test]
    fn a_leader_waits_no_longer_than_its_time(renewed in 0..100_000_u64, at in 0..100_000_u64) {
        let terms = Terms::of(DURATION);
        let began = Instant::now();
        let [renewed, at] = [renewed, at].map(|after| began + Duration::from_millis(after));
        let until = terms.no_later(at, true, renewed);
        prop_assert!(until <= at && until < renewed + terms.duration);
        prop_assert!(until == at || until == renewed + terms.renew_within);
        prop_assert_eq!(terms.no_later(at, false, renewed), at);
    }
}
