//! What metrics tell of decisions: first targets, what is passed over, what each part of a call cost, how keys fare.

use std::time::Duration;

use wayleave_core::money::Ticks;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::{Limits, Pick, Rule, Step, StickyBy};

use super::support::{Ask, Books, Gateway, Key, pick, race, rule, snapshot, target};

const PICKS: &str = "wayleave_picks_total";
const PASSED: &str = "wayleave_passed_over_total";

async fn asked(gateway: &Gateway, ask: Ask) -> Books {
    let got = gateway.ask(ask).await;
    gateway.books(got.call_id()).await
}

/// One step over `a` and `b`.
fn either(pick: Pick) -> Vec<Step> {
    let targets = vec![target("a", "a"), target("b", "b")];
    vec![Step::Pick { pick, targets }]
}

#[tokio::test]
async fn each_call_has_one_first_target_and_the_reason() {
    let sticky = || Pick::Sticky(StickyBy::Metadata("user".into()));
    let fastest = Pick::Fastest {
        explore: Ratio::from_millionths(0),
    };
    let of_user = || Ask::chat().with("user", "u".into());
    for (steps, ask, why) in [
        (either(Pick::Weighted), Ask::chat(), "weighted"),
        (either(sticky()), of_user(), "sticky"),
        // Nothing that it could stick to.
        (either(sticky()), Ask::chat(), "weighted"),
        (either(Pick::Cheapest), Ask::chat(), "cheapest"),
        (either(fastest), Ask::chat(), "fastest"),
        (either(Pick::LeastBusy), Ask::chat(), "least_busy"),
        (vec![race(&[("a", "a"), ("b", "b")])], Ask::chat(), "race"),
        (vec![pick("a", "a"), pick("b", "b")], Ask::chat(), "only"),
    ] {
        let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], rule(steps));
        asked(&gateway, ask).await;
        assert_eq!(gateway.metric(PICKS), 1, "{why}");
        let labels = format!("why=\"{why}\"");
        assert_eq!(
            gateway.metric_of(PICKS, &labels),
            1,
            "{}",
            gateway.engine.metrics()
        );
    }
}

#[tokio::test]
async fn what_is_passed_over_is_counted_by_reason() {
    let keys = [
        Key::new("a").price("1", "1"),
        Key::new("dear").price("900", "900"),
        Key::new("broken").broken("its Secret is not there"),
    ];
    let limited = Rule {
        // A tenth of a cent.
        max_cost: Some(Ticks::new(10_000_000)),
        ..rule(vec![pick("dear", "m"), pick("broken", "m"), pick("a", "m")])
    };
    let gateway = Gateway::start(&keys, limited);
    for calls in 1..=2 {
        asked(&gateway, Ask::chat()).await;
        for (provider, why) in [("dear", "too_dear"), ("broken", "unusable")] {
            let labels = format!("provider=\"team/{provider}\",why=\"{why}\"");
            assert_eq!(gateway.metric_of(PASSED, &labels), calls);
        }
        assert_eq!(gateway.metric(PASSED), 2 * calls);
        assert_eq!(gateway.metric_of(PICKS, "provider=\"team/a\""), calls);
    }
}

#[tokio::test]
async fn a_call_that_is_refused_goes_nowhere() {
    let nothing = Rule {
        max_cost: Some(Ticks::new(1)),
        ..rule(vec![pick("a", "m")])
    };
    let gateway = Gateway::start(&[Key::new("a")], nothing);
    assert_eq!(gateway.ask(Ask::chat()).await.status, 402);
    assert_eq!(gateway.metric_of(PASSED, "too_dear"), 1);
    assert_eq!(gateway.metric(PICKS), 0);
}

#[tokio::test]
async fn a_refused_key_is_down_and_a_failing_model_rests() {
    let pool = Key::new("a").secrets(&[("sk-bad", 1), ("sk-good", 0)]);
    let keys = [pool, Key::new("b"), Key::new("broken").broken("no Secret")];
    let steps = || vec![pick("a", "m"), pick("b", "m?status=429&retry-after=60")];
    let gateway = Gateway::start(&keys, rule(steps()));
    gateway.sim.key("sk-bad", "status=401").expect("known");
    let up = |key: &str| gateway.metric_of("wayleave_key_up", &format!("key=\"{key}\""));
    assert_eq!(
        (up("team/sk-bad"), up("team/sk-good"), up("none")),
        (1, 1, 0),
        "nobody knows yet, and what is broken is down"
    );
    asked(&gateway, Ask::chat()).await;
    assert_eq!((up("team/sk-bad"), up("team/sk-good")), (0, 1));
    // Without its good key, the calls of the pool go on to what is limited, and then to nothing but that.
    gateway.sim.key("sk-good", "status=401").expect("known");
    asked(&gateway, Ask::chat()).await;
    let resting = |provider: &str| gateway.metric_of("wayleave_key_models_resting", provider);
    assert_eq!((resting("team/b"), resting("team/a")), (1, 0));
    asked(&gateway, Ask::chat()).await;
    assert_eq!(gateway.metric_of(PICKS, "last_resort"), 1);
    // A configuration without it shows it no longer.
    let without = snapshot(&gateway.sim.base_url(), &keys[1..2], rule(vec![pick("b", "m")]));
    gateway.engine.apply(without);
    assert!(!gateway.engine.metrics().contains("team/sk-bad"));
}

#[tokio::test]
async fn a_key_at_its_limits_is_down_until_there_is_room() {
    let limits = Limits {
        requests_per_minute: Some(1),
        ..Limits::default()
    };
    let gateway = Gateway::start(&[Key::new("a").limits(limits)], rule(vec![pick("a", "m")]));
    let up = || gateway.metric_of("wayleave_key_up", "team/a");
    assert_eq!(up(), 1);
    asked(&gateway, Ask::chat()).await;
    assert_eq!(up(), 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(up(), 1);
}

#[tokio::test]
async fn the_parts_of_a_race_are_told_apart() {
    let lanes = [("a", "m?ttft=5s"), ("b", "m?ttft=20ms")];
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], rule(vec![race(&lanes)]));
    let books = asked(&gateway, Ask::chat()).await;
    let of = |role: &str| {
        let mut attempts = books.attempts.iter();
        let attempt = attempts.find(|attempt| attempt["role"] == role).expect("it");
        attempt["cost_ticks"].as_i64().expect("a price")
    };
    assert!(of("race-winner") > 0 && of("race-loser") > 0);
    for role in ["race-winner", "race-loser"] {
        let labels = format!("role=\"{role}\"");
        assert_eq!(gateway.metric_of("wayleave_cost_ticks_total", &labels), of(role));
        assert_eq!(
            gateway.metric_of("wayleave_call_cost_ticks_total", &labels),
            of(role)
        );
    }
    assert_eq!(
        Some(gateway.metric("wayleave_call_cost_ticks_total")),
        books.call["cost_ticks"].as_i64()
    );
}
