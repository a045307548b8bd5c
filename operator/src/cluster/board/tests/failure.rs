//! What is tried again, and when.

use proptest::prelude::*;

use super::*;

#[test]
fn after_a_failure_the_newest_is_tried_again() {
    let mut clocked = Clocked::new();
    clocked.want(0, "it", None, &broken(1));
    clocked.due(0);
    clocked.want(1, "it", None, &broken(1));
    clocked.fail(2, "it", &broken(1), 1.0);
    assert_eq!(clocked.next(), Some(202));
    assert_eq!(clocked.due(202), [(object("it"), broken(1))]);
    clocked.want(203, "it", None, &broken(2));
    clocked.fail(204, "it", &broken(1), 1.0);
    assert_eq!(clocked.due(604), [(object("it"), broken(2))]);
    // Another who has written it meanwhile spares us the next try.
    clocked.fail(605, "it", &broken(2), 1.0);
    clocked.want(606, "it", Some(&broken(2)), &broken(2));
    assert_eq!(clocked.next(), None);
}

#[test]
fn pauses_double_to_a_minute_for_that_object_only() {
    let mut clocked = Clocked::new();
    let (mut now, mut pauses) = (0, Vec::new());
    clocked.want(now, "it", None, &broken(1));
    for _ in 0..40 {
        assert_eq!(clocked.due(now).len(), 1);
        clocked.fail(now, "it", &broken(1), 1.0);
        let next = u64::try_from(clocked.next().expect("is tried again")).expect("is not long");
        // The neighbour does not wait.
        clocked.want(now, "neighbour", None, &broken(1));
        assert_eq!(clocked.due(now), [(object("neighbour"), broken(1))]);
        clocked.board.done(&object("neighbour"));
        assert_eq!(clocked.due(next - 1), []);
        pauses.push(next - now);
        now = next;
    }
    let expected = [
        200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000,
    ];
    assert_eq!(pauses[..expected.len()], expected);
    assert_eq!(pauses.last(), Some(&60_000));

    // Success forgets.
    clocked.due(now);
    clocked.board.done(&object("it"));
    clocked.want(now, "it", None, &broken(2));
    clocked.due(now);
    clocked.fail(now, "it", &broken(2), 1.0);
    assert_eq!(clocked.next(), Some(u128::from(now) + 200));
}

proptest! {
    #[test]
    fn jitter_takes_at_most_half(jitter in 0.0..=1.0_f64, failures in 1..30_usize) {
        let mut clocked = Clocked::new();
        let mut now = 0;
        clocked.want(now, "it", None, &broken(1));
        for failure in 0..failures {
            prop_assert_eq!(clocked.due(now).len(), 1);
            clocked.fail(now, "it", &broken(1), jitter);
            let next = clocked.board.next().expect("is tried again");
            let pause = next - clocked.at(now);
            let longest = Duration::from_millis(200 << failure.min(16)).min(LONGEST_BACKOFF);
            prop_assert!(pause >= longest / 2 && pause <= longest, "{pause:?} of {longest:?}");
            now += u64::try_from(pause.as_millis()).expect("is not long") + 1;
        }
    }
}
