use std::time::Duration;

use wayleave_core::outcome::Class;
use wayleave_core::walk::Role;

use super::super::books::CallRecord;
use super::super::request::Client;
use super::super::scene::SCENES;
use super::*;

fn scene(model: &str) -> &'static Scene {
    SCENES.iter().find(|scene| scene.model == model).unwrap()
}

const WHOLE: Way = Way {
    client: Client::OpenAI,
    delivery: Delivery::Whole,
    who: Who::Usual,
};
const STREAM: Way = Way {
    delivery: Delivery::Stream,
    ..WHOLE
};

fn seen(status: u16) -> Seen {
    Seen {
        status,
        id: "1".to_owned(),
        text: "Hello".to_owned(),
        ended: status == 200,
        cost_header: Some("0.0000000001".to_owned()),
        cache_header: None,
        saved_header: None,
        first_content: None,
        total: Duration::ZERO,
    }
}

fn attempt(provider: &str, class: Class, role: Role, ticks: Option<i64>) -> AttemptRecord {
    AttemptRecord {
        attempt: 1,
        lane: 0,
        role,
        provider: format!("default/{provider}"),
        model_asked: "m".to_owned(),
        model_served: None,
        status: None,
        class,
        usage: None,
        estimated: false,
        cost_ticks: ticks.map(Ticks::new),
        saved_ticks: None,
        saved_usd: None,
    }
}

fn books(attempts: Vec<AttemptRecord>) -> Books {
    let cost: Option<Ticks> = attempts.iter().map(|attempt| attempt.cost_ticks).sum();
    let call = CallRecord {
        call: "1".to_owned(),
        model_asked: "m".to_owned(),
        status: Some(200),
        class: Class::Ok,
        attempts: 1,
        provider: None,
        cost_ticks: cost,
        cost_usd: cost.map(Ticks::usd),
    };
    Books { call, attempts }
}

fn nobody(rests: bool) -> Books {
    let denied = attempt("denied", Class::AuthFailed, Role::Primary, Some(0));
    let role = if rests { Role::Primary } else { Role::Fallback };
    let dead = attempt("dead", Class::ServerError, role, Some(0));
    books((!rests).then_some(denied).into_iter().chain([dead]).collect())
}

#[test]
fn a_call_as_the_scene_says_has_no_fault() {
    let scene = scene("nobody");
    let none: [String; 0] = [];
    assert_eq!(verify(scene, true, WHOLE, &seen(401), &nobody(false)), none);
    assert_eq!(
        verify(scene, false, WHOLE, &seen(503), &nobody(true)),
        none,
        "denied may rest later"
    );
}

#[test]
fn a_missing_and_an_additional_attempt_are_told() {
    let told = |books: &Books| verify(scene("nobody"), true, WHOLE, &seen(401), books);
    assert_eq!(told(&nobody(true)), ["denied was not tried in its turn"]);
    let mut more = nobody(false);
    more.attempts
        .push(attempt("north", Class::Ok, Role::Fallback, Some(0)));
    assert_eq!(told(&more), ["north was tried beyond the plan"]);
}

#[test]
fn another_class_or_role_is_told() {
    let won = attempt("south", Class::Ok, Role::RaceWinner, Some(1));
    let lost = attempt("north", Class::LostRace, Role::RaceLoser, Some(1));
    let faults = verify(
        scene("race-staggered"),
        true,
        STREAM,
        &seen(200),
        &books(vec![won, lost]),
    );
    assert_eq!(
        faults,
        [
            "south was ok as race-winner, not lost_race",
            "north was lost_race as race-loser, not ok"
        ]
    );
}

#[test]
fn what_the_client_saw_counts() {
    let chat = || books(vec![attempt("north", Class::Ok, Role::Primary, Some(1))]);
    let told = |seen: &Seen| verify(scene("chat"), true, STREAM, seen, &chat());
    assert_eq!(told(&seen(503)), ["status 503 instead of 200: Hello"]);
    assert_eq!(
        told(&Seen {
            ended: false,
            ..seen(200)
        }),
        ["the answer did not end as its format demands"]
    );
    assert_eq!(
        told(&Seen {
            text: String::new(),
            ..seen(200)
        }),
        ["the client got no text"]
    );
}

#[test]
fn money_is_counted() {
    let chat = |ticks| books(vec![attempt("north", Class::Ok, Role::Primary, ticks)]);
    let told = |model: &str, books: &Books| verify(scene(model), true, STREAM, &seen(200), books);
    assert_eq!(told("chat", &chat(Some(0))), ["it cost $0, not something"]);
    assert_eq!(
        told("unpriced", &chat(Some(0))),
        ["it cost $0, not an unknown amount"]
    );
    let mut off = chat(Some(1));
    off.call.cost_ticks = Some(Ticks::new(2));
    assert_eq!(
        told("chat", &off),
        ["its attempts cost $0.0000000001 together, the call $0.0000000002"]
    );
    let whole = verify(
        scene("chat"),
        true,
        WHOLE,
        &Seen {
            cost_header: None,
            ..seen(200)
        },
        &chat(Some(1)),
    );
    assert_eq!(
        whole,
        ["x-wayleave-cost-usd said nothing, the ledger says otherwise"]
    );
}

#[test]
fn a_split_that_serves_one_side_only_is_told() {
    assert_eq!(
        verify_scene(scene("split"), &["north"; 40]),
        ["south served none of 40 calls"]
    );
    assert!(verify_scene(scene("split"), &["north", "south"]).is_empty());
}

#[test]
fn what_is_learned_has_to_show_in_the_end() {
    let served = |learned: usize| {
        let mut served = vec!["west"; 80 + SETTLED - learned];
        served.extend(vec!["north"; learned]);
        served
    };
    assert!(verify_scene(scene("best-prose"), &served(SETTLED - FOR_FINDING_OUT)).is_empty());
    assert_eq!(
        verify_scene(scene("best-prose"), &served(SETTLED - FOR_FINDING_OUT - 1)),
        ["7 of the last 20 calls did not go to north"]
    );
}

/// An answer out of the cache that saved this.
fn hit(role: Role, saved: Option<i64>) -> Books {
    let saved = saved.map(Ticks::new);
    books(vec![AttemptRecord {
        saved_ticks: saved,
        saved_usd: saved.map(Ticks::usd),
        ..attempt("north", Class::Ok, role, Some(0))
    }])
}

fn told_by_cache(status: &str, saved: Option<&str>) -> Seen {
    Seen {
        cache_header: Some(status.to_owned()),
        saved_header: saved.map(str::to_owned),
        ..seen(200)
    }
}

#[test]
fn a_cached_call_is_a_hit_but_for_the_first_and_for_another_client() {
    let none: [String; 0] = [];
    let scene = scene("cached");
    let stranger = Way {
        who: Who::Stranger,
        ..WHOLE
    };
    let made = || books(vec![attempt("north", Class::Ok, Role::Primary, Some(1))]);
    let (miss, kept) = (
        told_by_cache("miss", None),
        told_by_cache("hit", Some("0.0000000001")),
    );
    assert_eq!(verify(scene, true, WHOLE, &miss, &made()), none);
    assert_eq!(verify(scene, false, stranger, &miss, &made()), none);
    assert_eq!(
        verify(scene, false, STREAM, &kept, &hit(Role::CacheHit, Some(1))),
        none
    );
    assert_eq!(
        verify(scene, false, stranger, &kept, &hit(Role::CacheHit, Some(1))),
        [
            "north was ok as cache-hit, not ok",
            "x-wayleave-cache said hit, not miss"
        ]
    );
    assert_eq!(
        verify(scene, false, WHOLE, &miss, &made()),
        [
            "north was ok as primary, not ok",
            "x-wayleave-cache said miss, not hit"
        ]
    );
    assert_eq!(
        verify(
            scene,
            false,
            WHOLE,
            &told_by_cache("hit", None),
            &hit(Role::CacheHit, Some(1))
        ),
        ["x-wayleave-saved-usd said nothing, the ledger says otherwise"]
    );
    assert_eq!(
        verify(
            scene,
            false,
            WHOLE,
            &told_by_cache("hit", None),
            &hit(Role::CacheHit, None)
        ),
        ["the ledger does not say what it saved"]
    );
}

#[test]
fn equal_calls_at_once_are_one_request() {
    let answer = |reused, text| Answer { reused, text };
    let shared = scene("cached-at-once");
    let none: [String; 0] = [];
    let coalesced = hit(Role::Coalesced, Some(1));
    assert_eq!(
        verify(
            shared,
            false,
            STREAM,
            &told_by_cache("coalesced", None),
            &coalesced
        ),
        none
    );
    assert!(verify_answers(shared, &[answer(true, "a"), answer(false, "a")]).is_empty());
    assert_eq!(
        verify_answers(
            shared,
            &[answer(false, "a"), answer(false, "a"), answer(true, "b")]
        ),
        [
            "3 calls took 2 requests, not 1",
            "1 answers from the cache say something else"
        ]
    );
    assert!(verify_answers(scene("chat"), &[answer(false, "a")]).is_empty());
}
