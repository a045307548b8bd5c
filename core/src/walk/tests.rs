use proptest::prelude::*;

use super::*;
use crate::outcome::{FallbackOn, FallbackReason};
use crate::plan::plan;
use crate::plan::samples::{AllIn, wanted};
use crate::snapshot::samples::{pick, provider, race, route, rule, team};
use crate::snapshot::{Rule, Snapshot, Step};
use crate::table::Table;

const MINUTE: Duration = Duration::from_secs(60);

/// A plan over the providers `a`, `b` and `c` with one credential each, and `pool` with three.
fn planned(rule: Rule) -> Plan {
    let providers = vec![
        provider("a", &[("a", 1)]),
        provider("b", &[("b", 1)]),
        provider("c", &[("c", 1)]),
        provider("pool", &[("one", 1), ("two", 1), ("three", 1)]),
    ];
    let table = Table::build(Snapshot {
        routes: vec![route(team("chat"), &["chat"], vec![rule])],
        providers,
        ..Snapshot::default()
    });
    let rules = table.route("chat").expect("found").rules.as_ref().expect("whole");
    plan(
        &wanted(&rules[0], "chat"),
        &AllIn,
        &mut fastrand::Rng::with_seed(1),
    )
}

/// One target a step, so that the order is certain.
fn chain(providers: &[&str], retry: Retry) -> Plan {
    let steps = providers.iter().map(|name| pick(&[name])).collect();
    planned(Rule { retry, ..rule(steps) })
}

fn tries(attempts: u32) -> Retry {
    Retry {
        attempts,
        ..Retry::default()
    }
}

fn ended(class: Class) -> Outcome {
    Outcome {
        class,
        status: None,
        retry_after: None,
        message: String::new(),
    }
}

fn limited(seconds: u64) -> Outcome {
    Outcome {
        retry_after: Some(Duration::from_secs(seconds)),
        ..ended(Class::RateLimited)
    }
}

/// `PROVIDER/KEY role wait`, or what else comes next.
fn said(plan: &Plan, next: &Move) -> String {
    match next {
        Move::Attempt(attempt) => {
            let lane = &plan.steps[attempt.step].lanes()[attempt.lane];
            let key = attempt.key.name(&lane.endpoint).expect("a credential");
            let wait = attempt.wait.as_millis();
            format!(
                "{}/{key} {} {wait}ms",
                lane.target.provider.name,
                attempt.role.as_str()
            )
        }
        Move::Race { step } => format!("race {step}"),
        Move::Stop => "stop".to_owned(),
    }
}

/// Walks through these ends with a minute left and no jitter (500 is the middle).
fn walk(plan: &Plan, ends: &[Outcome]) -> Vec<String> {
    let mut walk = Walk::new(plan);
    let mut moves = vec![said(plan, &walk.first())];
    for end in ends {
        moves.push(said(plan, &walk.after(end, MINUTE, 500)));
    }
    moves
}

fn walk_classes(plan: &Plan, ends: &[Class]) -> Vec<String> {
    let ends: Vec<Outcome> = ends.iter().copied().map(ended).collect();
    walk(plan, &ends)
}

#[test]
fn row_caller_is_returned_at_once() {
    let plan = chain(&["pool", "b"], tries(5));
    assert_eq!(walk_classes(&plan, &[Class::Caller])[1], "stop");
}

#[test]
fn row_context_length_and_content_filter_fall_back_where_the_route_says_so() {
    let plan = chain(&["a", "b"], tries(5));
    assert_eq!(
        walk_classes(&plan, &[Class::ContextLength])[1],
        "b/b fallback 0ms"
    );
    // Carrying a filtered request from provider to provider is not the default.
    assert_eq!(walk_classes(&plan, &[Class::ContentFilter])[1], "stop");
    let filtered = planned(Rule {
        fallback_on: FallbackOn::new([FallbackReason::ContentFilter]),
        ..rule(vec![pick(&["a"]), pick(&["b"])])
    });
    assert_eq!(
        walk_classes(&filtered, &[Class::ContentFilter])[1],
        "b/b fallback 0ms"
    );
    assert_eq!(walk_classes(&filtered, &[Class::ContextLength])[1], "stop");
}

#[test]
fn row_auth_failed_goes_through_the_keys_at_once_and_then_on() {
    let plan = chain(&["pool", "b"], tries(0));
    let moves = walk_classes(&plan, &[Class::AuthFailed; 4]);
    assert!(moves[0].starts_with("pool/") && moves[0].ends_with(" primary 0ms"));
    assert!(moves[1].starts_with("pool/") && moves[1].ends_with(" retry 0ms"));
    assert!(moves[2].starts_with("pool/") && moves[2].ends_with(" retry 0ms"));
    assert_eq!(moves[3..], ["b/b fallback 0ms", "stop"]);
    let keys: std::collections::BTreeSet<&str> =
        moves[..3].iter().filter_map(|m| m.split(' ').next()).collect();
    assert_eq!(keys.len(), 3, "each credential once: {moves:?}");
}

#[test]
fn row_rate_limited_takes_the_next_key_then_the_next_target_and_never_sleeps() {
    let plan = chain(&["pool", "b"], tries(5));
    let moves = walk(&plan, &[limited(2), limited(2), limited(2)]);
    assert!(moves[1].starts_with("pool/") && moves[1].ends_with(" retry 0ms"));
    assert!(moves[2].starts_with("pool/") && moves[2].ends_with(" retry 0ms"));
    assert_eq!(moves[3], "b/b fallback 0ms");
}

#[test]
fn row_rate_limited_waits_only_where_nothing_else_is_left() {
    let plan = chain(&["a", "b"], tries(1));
    let moves = walk(&plan, &[limited(2), limited(2), limited(2)]);
    assert_eq!(moves[1..], ["b/b fallback 0ms", "b/b retry 2000ms", "stop"]);
}

#[test]
fn row_rate_limited_waits_for_the_key_that_said_for_how_long() {
    let plan = chain(&["pool"], tries(1));
    let mut walk = Walk::new(&plan);
    let mut last = walk.first();
    for wait in [60, 50, 1] {
        let next = walk.after(&limited(wait), MINUTE, 500);
        let (Move::Attempt(before), Move::Attempt(after)) = (&last, &next) else {
            panic!("{last:?} {next:?}");
        };
        if wait == 1 {
            assert_eq!(after.key, before.key);
            assert_eq!(after.wait, Duration::from_secs(1));
        }
        last = next;
    }
}

#[test]
fn row_rate_limited_does_not_wait_longer_than_is_bearable() {
    let retry = tries(3);
    let plan = chain(&["a"], retry);
    assert_eq!(walk(&plan, &[limited(5)])[1], "a/a retry 5000ms");
    assert_eq!(walk(&plan, &[limited(6)])[1], "stop", "longer than maxBackoff");
    let mut short = Walk::new(&plan);
    short.first();
    let left = Duration::from_secs(5);
    assert_eq!(
        short.after(&limited(5), left, 500),
        Move::Stop,
        "not before the deadline"
    );
    let plan = chain(&["a"], tries(0));
    assert_eq!(walk(&plan, &[limited(1)])[1], "stop", "no tries left");
}

#[test]
fn row_rate_limited_waits_where_the_route_allows_no_other_target() {
    let plan = planned(Rule {
        retry: tries(1),
        fallback_on: FallbackOn::new([FallbackReason::ServerError]),
        ..rule(vec![pick(&["a"]), pick(&["b"])])
    });
    assert_eq!(
        walk(&plan, &[limited(1), limited(1)])[1..],
        ["a/a retry 1000ms", "stop"]
    );
}

#[test]
fn row_server_error_tries_the_same_target_with_backoff_and_then_the_next() {
    for class in [Class::ServerError, Class::Network] {
        let plan = chain(&["a", "b"], tries(2));
        let moves = walk_classes(&plan, &[class; 6]);
        let wanted = [
            "a/a primary 0ms",
            "a/a retry 500ms",
            "a/a retry 1000ms",
            "b/b fallback 0ms",
            "b/b retry 500ms",
            "b/b retry 1000ms",
            "stop",
        ];
        assert_eq!(moves, wanted, "{class:?}");
        let plan = chain(&["a", "b"], tries(0));
        assert_eq!(walk_classes(&plan, &[class])[1], "b/b fallback 0ms");
    }
}

#[test]
fn backoff_doubles_up_to_the_longest_within_a_fifth() {
    let retry = tries(9);
    for (number, base) in [(0, 500), (1, 1000), (2, 2000), (3, 4000), (4, 5000), (40, 5000)] {
        let at = |jitter| backoff(retry, number, jitter).as_millis();
        assert_eq!(
            (at(0), at(500), at(1000)),
            (base * 4 / 5, base, base * 6 / 5),
            "retry {number}"
        );
        assert_eq!(at(u32::MAX), at(1000), "out of range is the most");
    }
}

#[test]
fn row_timeout_and_slow_stream_go_to_the_next_target_without_another_try() {
    let plan = chain(&["pool", "b"], tries(5));
    for class in [Class::Timeout, Class::SlowStream] {
        assert_eq!(walk_classes(&plan, &[class])[1], "b/b fallback 0ms", "{class:?}");
    }
}

#[test]
fn row_a_bad_200_goes_to_the_next_target() {
    let plan = chain(&["a", "b"], tries(0));
    for class in [Class::Empty, Class::Malformed, Class::Refused, Class::NotJson] {
        assert_eq!(walk_classes(&plan, &[class])[1], "b/b fallback 0ms", "{class:?}");
    }
}

#[test]
fn what_went_out_to_the_client_is_never_switched() {
    let plan = chain(&["a", "b"], tries(5));
    for class in [Class::Ok, Class::Cut, Class::ClientLeft] {
        assert_eq!(walk_classes(&plan, &[class])[1], "stop", "{class:?}");
    }
}

#[test]
fn no_attempt_starts_that_cannot_end_before_the_deadline() {
    let plan = chain(&["a", "b"], tries(3));
    let at = |left: u64| {
        let mut walk = Walk::new(&plan);
        walk.first();
        said(
            &plan,
            &walk.after(&ended(Class::ServerError), Duration::from_millis(left), 500),
        )
    };
    assert_eq!(at(0), "stop");
    assert_eq!(
        at(500),
        "b/b fallback 0ms",
        "the wait alone would use up the time"
    );
    assert_eq!(at(501), "a/a retry 500ms");
}

#[test]
fn fallback_on_is_respected_class_by_class() {
    for reason in FallbackReason::ALL {
        let plan = planned(Rule {
            fallback_on: FallbackOn::new([reason]),
            ..rule(vec![pick(&["a"]), pick(&["b"])])
        });
        for class in Class::ALL {
            let moved = walk_classes(&plan, &[class])[1] == "b/b fallback 0ms";
            assert_eq!(moved, plan.rule.fallback_on.allows(class), "{reason:?} {class:?}");
        }
    }
}

#[test]
fn a_step_is_walked_through_before_the_next_one() {
    let steps = vec![pick(&["a"]), race(&["b", "c"]), pick(&["pool"])];
    let plan = planned(rule(steps));
    let mut walk = Walk::new(&plan);
    assert!(matches!(walk.first(), Move::Attempt(_)));
    assert_eq!(
        walk.after(&ended(Class::Timeout), MINUTE, 0),
        Move::Race { step: 1 }
    );
    let after = walk.after_race(Class::ServerError, MINUTE);
    assert!(said(&plan, &after).starts_with("pool/"), "{after:?}");
    let mut over = Walk::new(&plan);
    over.first();
    over.after(&ended(Class::Timeout), MINUTE, 0);
    assert_eq!(over.after_race(Class::Caller, MINUTE), Move::Stop);
    assert_eq!(over.after_race(Class::ServerError, Duration::ZERO), Move::Stop);
}

#[test]
fn a_plan_may_begin_with_a_race_or_be_empty() {
    let plan = planned(rule(vec![race(&["a", "b"])]));
    assert_eq!(Walk::new(&plan).first(), Move::Race { step: 0 });
    let plan = planned(rule(vec![pick(&["nowhere"])]));
    assert_eq!(Walk::new(&plan).first(), Move::Stop);
}

#[test]
fn the_most_telling_failure_goes_by_precedence() {
    use Class::{AuthFailed, Caller, ContextLength, Network, RateLimited, ServerError, Timeout, Unusable};
    for (classes, telling) in [
        (vec![Timeout, ServerError, RateLimited, Caller], 3),
        (vec![Timeout, ServerError, RateLimited], 2),
        (vec![Timeout, ServerError], 1),
        (vec![Unusable, Timeout], 1),
        (vec![ServerError, AuthFailed], 1),
        (vec![AuthFailed, RateLimited], 1),
        (vec![RateLimited, ContextLength], 1),
        (vec![Network, ServerError], 1),
        (vec![ServerError, ServerError], 0),
    ] {
        assert_eq!(most_telling(&classes), Some(telling), "{classes:?}");
    }
    assert_eq!(most_telling(&[]), None);
}

fn any_class() -> impl Strategy<Value = Class> {
    proptest::sample::select(Class::ALL.to_vec())
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => proptest::sample::subsequence(vec!["a", "b", "c", "pool"], 1..=4).prop_map(|names| pick(&names)),
        1 => proptest::sample::subsequence(vec!["a", "b", "c"], 2..=3).prop_map(|names| race(&names)),
    ]
}

proptest! {
    /// Whatever happens, a walk ends: within its lanes' credentials and tries. Nothing follows a caller's error, an
    /// answer, or the deadline; no wait passes the deadline; and no two waits follow where another target exists.
    #[test]
    fn any_sequence_of_ends_comes_to_an_end(
        steps in proptest::collection::vec(any_step(), 1..4),
        attempts in 0_u32..4,
        ends in proptest::collection::vec((any_class(), proptest::option::of(0_u64..8), 0_u64..30, 0_u32..=1000), 200),
    ) {
        let plan = planned(Rule { retry: tries(attempts), ..rule(steps) });
        let lanes = || plan.steps.iter().flat_map(PlannedStep::lanes);
        let bound: usize = lanes().map(|lane| lane.keys.len() + attempts as usize).sum();
        let mut walk = Walk::new(&plan);
        let mut next = walk.first();
        let mut moves = 0;
        for (class, retry_after, left, jitter) in ends {
            let left = Duration::from_secs(left);
            let outcome = Outcome { retry_after: retry_after.map(Duration::from_secs), ..ended(class) };
            let before = next.clone();
            next = match before {
                Move::Stop => break,
                Move::Attempt(_) => walk.after(&outcome, left, jitter),
                Move::Race { .. } => walk.after_race(class, left),
            };
            moves += 1;
            let over = matches!(class, Class::Caller | Class::Ok | Class::Cut | Class::ClientLeft);
            prop_assert!(next == Move::Stop || !(over || left.is_zero()), "{class:?} {left:?} {next:?}");
            if let (Move::Attempt(after), Move::Attempt(before)) = (next.clone(), before) {
                prop_assert!(after.wait.is_zero() || after.wait < left);
                let same = (after.step, after.lane) == (before.step, before.lane);
                prop_assert!(after.wait.is_zero() || same, "only the same target is waited for");
                prop_assert_eq!(after.role == Role::Retry, same);
            }
        }
        prop_assert!(moves <= bound, "{moves} moves, at most {bound}");
        prop_assert_eq!(next, Move::Stop);
    }
}
