use serde_json::json;

use super::super::request::{Client, Delivery, Way, Who};
use super::*;

fn attempt(value: &serde_json::Value) -> AttemptRecord {
    let mut record = json!({
        "attempt": 1, "lane": 0, "role": "primary", "provider": "default/north", "model_asked": "fast?tokens=2",
        "model_served": null, "status": 200, "class": "ok", "estimated": false, "cost_ticks": 5,
        "usage": {"input": 10, "output": 2},
    });
    for (name, value) in value.as_object().unwrap() {
        record[name] = value.clone();
    }
    serde_json::from_value(record).unwrap()
}

fn played(attempts: Vec<AttemptRecord>, faults: &[&str]) -> Played {
    let call = json!({"call": "1", "model_asked": "chat", "status": 200, "class": "ok", "attempts": 1,
        "provider": "default/north", "cost_ticks": 5, "cost_usd": "0.0000000005"});
    Played {
        scene: "chat",
        way: Way {
            client: Client::OpenAI,
            delivery: Delivery::Stream,
            who: Who::Usual,
        },
        status: 200,
        first_content_ms: Some(3.2),
        total_ms: 9.6,
        books: Books {
            call: serde_json::from_value(call).unwrap(),
            attempts,
        },
        text: String::new(),
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
    }
}

fn report(calls: Vec<Played>) -> Report {
    let attempts: Vec<AttemptRecord> = calls
        .iter()
        .flat_map(|call| call.books.attempts.clone())
        .collect();
    Report {
        ok: true,
        envoy: None,
        scenes: vec![Scened {
            calls,
            faults: Vec::new(),
        }],
        spend: spend(&attempts),
        saved: saved(&attempts),
    }
}

#[test]
fn attempts_are_told_with_class_and_lane() {
    let chain = [
        json!({"provider": "default/busy", "status": 429, "class": "rate_limited"}),
        json!({"provider": "default/west", "role": "fallback"}),
    ];
    let chain = played(chain.each_ref().map(attempt).to_vec(), &[]);
    assert_eq!(attempts(&chain.books), "busy 429 rate_limited → west 200 ok");
    let race = [
        json!({"role": "race-loser", "status": null, "class": "lost_race"}),
        json!({"role": "race-winner", "lane": 1}),
    ];
    let race = played(race.each_ref().map(attempt).to_vec(), &[]);
    assert_eq!(attempts(&race.books), "0: north lost_race | 1: north 200 ok");
}

#[test]
fn an_unknown_price_is_never_shown_as_nothing() {
    let priced = json!({"model_served": "fast"});
    let unknown = json!({"cost_ticks": null, "model_served": "mystery"});
    let report = report(vec![played(
        [priced, unknown].each_ref().map(attempt).to_vec(),
        &[],
    )]);
    let text = report.spend_table().render("");
    assert!(
        text.contains("north     fast            1         10    2  0.0000000005\n"),
        "{text}"
    );
    assert!(
        text.contains("north     mystery         1         10    2  unpriced\n"),
        "{text}"
    );
}

#[test]
fn a_call_that_went_wrong_is_told() {
    let good = report(vec![played(vec![attempt(&json!({}))], &[])]).text();
    assert!(good.contains("All 1 calls did what their scenes say."), "{good}");
    let bad = report(vec![played(
        vec![attempt(&json!({}))],
        &["status 500 instead of 200"],
    )])
    .text();
    assert!(
        bad.contains("NOT AS EXPECTED  chat, OpenAI stream: status 500 instead of 200\n"),
        "{bad}"
    );
    assert!(
        bad.contains("10 in 2 out  0.0000000005   3 ms  10 ms  NO\n"),
        "{bad}"
    );
}

#[test]
fn many_calls_are_shown_by_outcome() {
    let served = |provider: &str| played(vec![attempt(&json!({"provider": provider}))], &[]);
    let calls = (0..10).map(|place| {
        served(if place < 7 {
            "default/north"
        } else {
            "default/south"
        })
    });
    let text = report(calls.collect()).text();
    assert!(text.contains("chat   7 of 10 calls  north 200 ok"), "{text}");
    assert!(text.contains("chat   3 of 10 calls  south 200 ok"), "{text}");
}

#[test]
fn what_the_cache_saved_is_no_spend() {
    let hit = json!({"role": "cache-hit", "status": null, "cost_ticks": 0, "usage": null, "saved_ticks": 5,
        "saved_usd": "0.0000000005"});
    let shared = json!({"role": "coalesced", "status": null, "cost_ticks": 0, "usage": null, "saved_ticks": 5,
        "saved_usd": "0.0000000005"});
    let calls = [json!({}), hit, shared].map(|one| played(vec![attempt(&one)], &[]));
    let report = report(calls.into());
    assert_eq!(report.spend.len(), 1);
    assert_eq!(report.spend[0].attempts, 1);
    let text = report.text();
    for part in [
        "The cache answered 2 calls without a request, and saved $0.000000001.",
        "cache ok",
        "shared ok",
        ", saved 0.0000000005",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}
