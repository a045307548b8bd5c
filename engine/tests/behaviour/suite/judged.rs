//! Answers are judged behind their clients' backs, and what the judge says moves the next calls.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use wayleave_core::experiment::report::Report;
use wayleave_core::judge::judgements::Judged;
use wayleave_core::snapshot::Rule;
use wayleave_core::snapshot::experiment::Judge;

use super::support::{Ask, Gateway, Key, best, eventually, experiment, judge, pick, rule};

const ARMS: [(&str, &str); 2] = [("old", "old?quality=60"), ("new", "new?quality=60")];

fn keys() -> Vec<Key> {
    ["old", "new", "judge", "spare"]
        .into_iter()
        .map(Key::new)
        .collect()
}

fn judged_by(judge: Judge) -> Rule {
    Rule {
        experiment: Some(Box::new(experiment(&ARMS, judge))),
        ..rule(vec![pick("spare", "spare")])
    }
}

fn report(gateway: &Gateway) -> Report {
    gateway.engine.experiments().pop().expect("an experiment")
}

fn judgements(gateway: &Gateway, judged: Judged) -> u64 {
    let judge = report(gateway).judge.expect("a judge");
    judge.judgements.get(&judged).copied().unwrap_or_default()
}

fn scores(gateway: &Gateway) -> u64 {
    report(gateway).arms.iter().map(|arm| arm.all.score.count).sum()
}

#[tokio::test]
async fn the_best_is_the_cheapest_that_is_good_enough() {
    let keys = [
        Key::new("poor").price("1", "1"),
        Key::new("good").price("2", "2"),
        Key::new("dear").price("9", "9"),
        Key::new("judge"),
    ];
    let targets = [
        ("dear", "dear?quality=95"),
        ("poor", "poor?quality=40"),
        ("good", "good?quality=95"),
    ];
    let gateway = Gateway::start(&keys, rule(vec![best(&targets, judge("judge?judge"))]));
    let mut served: Vec<String> = Vec::new();
    for call in 1..=160 {
        let got = gateway.ask(Ask::chat()).await.ok();
        let target = got.header("x-wayleave-target").expect("a target").to_owned();
        served.push(target);
        if call % 40 == 0 {
            gateway.engine_is_quiet().await;
        }
    }
    assert!(served[0].starts_with("team/"), "{}", served[0]);
    let of = |calls: &[String], name: &str| calls.iter().filter(|target| target.contains(name)).count();
    let last = &served[100..];
    assert!(of(last, "team/good") > 50, "{last:?}");
    assert_eq!(
        of(last, "team/dear"),
        0,
        "the declared order serves until there is evidence: {served:?}"
    );
    assert!(of(&served[..20], "team/dear") > 0, "{served:?}");
}

#[tokio::test]
async fn a_judgement_is_in_the_books_of_its_call_and_no_part_of_its_cost() {
    let gateway = Gateway::start(&keys(), judged_by(judge("judge?judge")));
    let got = gateway.ask(Ask::chat()).await.ok();
    eventually("a score", || scores(&gateway) == 1).await;
    gateway.engine_is_quiet().await;
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.lines().len(), 1);
    let [judgement] = books.behind.as_slice() else {
        panic!("{:?}", books.behind);
    };
    assert_eq!(
        (&judgement["role"], &judgement["provider"]),
        (&"judge".into(), &"team/judge".into())
    );
    assert_eq!(
        (&judgement["attempt"], &judgement["class"]),
        (&2.into(), &"ok".into())
    );
    let cost = judgement["cost_ticks"].as_i64().expect("a price");
    assert!(cost > 0);
    let spent = report(&gateway).judge.expect("a judge").spent_today;
    assert_eq!(spent.get(), cost);
    assert_eq!(gateway.metric_of("wayleave_judgements_total", "scored"), 1);
    let sent = gateway.sent_to("judge").pop().expect("a request");
    let body: Value = serde_json::from_slice(&sent.body).expect("JSON");
    let text = body.to_string();
    assert!(
        text.contains("Say something about the rain") && text.contains("(quality 60)"),
        "{text}"
    );
    for secret in ["team/old", "team/new", "old?", "new?"] {
        assert!(!text.contains(secret), "the judge is blind: {secret} in {text}");
    }
}

#[tokio::test]
async fn a_judge_that_is_of_no_use_changes_no_answer_and_no_score() {
    for (model, expected) in [
        ("judge?status=500", Judged::Failed),
        ("judge?judge=garbage", Judged::Unusable),
        ("judge?fault=garbage", Judged::Failed),
        ("judge?fault=cut&judge", Judged::Failed),
        ("judge?json=broken", Judged::Unusable),
        ("judge?refusal", Judged::Unusable),
        ("judge?fault=empty-done", Judged::Failed),
        ("judge?echo", Judged::Unusable),
    ] {
        let gateway = Gateway::start(&keys(), judged_by(judge(model)));
        for ask in [Ask::chat(), Ask::chat().streamed(), Ask::messages()] {
            let got = gateway.ask(ask).await.ok();
            let text = got.said() + got.text();
            assert!(text.contains("(quality 60)"), "{model}: {text}");
        }
        gateway.engine_is_quiet().await;
        let judge = report(&gateway).judge.expect("a judge");
        assert_eq!(judge.judgements, BTreeMap::from([(expected, 3)]), "{model}");
        assert_eq!(scores(&gateway), 0, "{model}");
    }
}

#[tokio::test]
async fn a_judge_that_prefers_a_place_gives_ties() {
    let first = judge("judge?judge=first");
    let pairwise = Judge {
        mode: wayleave_core::snapshot::experiment::JudgeMode::Pairwise,
        ..first
    };
    let gateway = Gateway::start(&keys(), judged_by(pairwise));
    for _ in 0..4 {
        gateway.ask(Ask::chat()).await.ok();
    }
    eventually("four ties", || judgements(&gateway, Judged::Tie) == 4).await;
    let report = report(&gateway);
    assert_eq!(report.arms[1].difference.expect("a difference").mean, Some(0.0));
}

#[tokio::test]
async fn spending_stops_at_the_cap() {
    let cap = judge("judge?judge");
    let cap = Judge {
        max_cost_per_day: "0.01".parse().expect("dollars"),
        ..cap
    };
    let gateway = Gateway::start(&keys(), judged_by(cap.clone()));
    for _ in 0..40 {
        gateway.ask(Ask::chat()).await.ok();
    }
    eventually("all judged or refused", || {
        scores(&gateway) + judgements(&gateway, Judged::OverBudget) == 40
    })
    .await;
    gateway.engine_is_quiet().await;
    let records = gateway.engine.ledger(None, usize::MAX);
    let judged = records.iter().filter(|record| record["role"] == "judge");
    let spent: i64 = judged.filter_map(|record| record["cost_ticks"].as_i64()).sum();
    assert!(spent > 0 && spent <= cap.max_cost_per_day.get(), "{spent}");
    assert!(judgements(&gateway, Judged::OverBudget) > 0 && scores(&gateway) > 0);
}

#[tokio::test]
async fn a_judge_without_a_price_is_never_asked() {
    let mut keys = keys();
    keys[2] = Key::new("judge").unpriced();
    let gateway = Gateway::start(&keys, judged_by(judge("judge?judge")));
    gateway.ask(Ask::chat()).await.ok();
    eventually("no money", || judgements(&gateway, Judged::OverBudget) == 1).await;
    assert!(gateway.sent_to("judge").is_empty());
}

/// In pairs, one call with and one without: what is done behind the client's back takes 300 ms each time.
#[tokio::test]
async fn neither_judge_nor_shadow_adds_to_a_clients_time() {
    const SLOW: Duration = Duration::from_millis(300);
    let plain = Gateway::start(&keys(), rule(vec![pick("old", ARMS[0].1)]));
    let shadowed = Rule {
        experiment: Some(Box::new(wayleave_core::snapshot::experiment::Experiment {
            mode: wayleave_core::snapshot::experiment::Mode::Shadow,
            ..experiment(
                &[ARMS[0], ("new", "new?quality=60&ttft=300ms")],
                judge("judge?judge&ttft=300ms"),
            )
        })),
        ..rule(vec![pick("spare", "spare")])
    };
    let judged = Gateway::start(&keys(), shadowed);
    let mut differences = Vec::new();
    for pair in 0..20 {
        let ask = || {
            if pair % 2 == 0 {
                Ask::chat()
            } else {
                Ask::chat().streamed()
            }
        };
        let mut took = [Duration::ZERO; 2];
        for (gateway, took) in [&plain, &judged].into_iter().zip(&mut took) {
            let start = Instant::now();
            gateway.ask(ask()).await.ok();
            *took = start.elapsed();
        }
        differences.push(took[1].saturating_sub(took[0]));
    }
    differences.sort_unstable();
    let median = differences[differences.len() / 2];
    println!("the median of what it adds: {median:?}");
    assert!(median < SLOW / 3, "{differences:?}");
    eventually("all judged", || scores(&judged) == 40).await;
}
