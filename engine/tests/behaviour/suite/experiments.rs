//! Experiments: who serves, what is counted, and what follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use wayleave_core::experiment::decided::Fate;
use wayleave_core::experiment::report::{ArmReport, Report};
use wayleave_core::experiment::{Verdict, Why};
use wayleave_core::snapshot::experiment::{Experiment, Judge, JudgeMode, Mode, Promote};
use wayleave_core::snapshot::{Rule, StickyBy};

use super::support::{Ask, Gateway, Key, eventually, experiment, judge, pick, rule};

const BETTER: [(&str, &str); 2] = [("old", "old?quality=40"), ("new", "new?quality=90")];

fn keys() -> Vec<Key> {
    ["old", "new", "judge", "spare"]
        .into_iter()
        .map(Key::new)
        .collect()
}

fn start(experiment: Experiment) -> Gateway {
    let rule = Rule {
        experiment: Some(Box::new(experiment)),
        ..rule(vec![pick("spare", "spare")])
    };
    Gateway::start(&keys(), rule)
}

fn report(gateway: &Gateway) -> Report {
    gateway.engine.experiments().pop().expect("an experiment")
}

fn arm(gateway: &Gateway, name: &str) -> ArmReport {
    let arms = report(gateway).arms.into_iter();
    arms.into_iter().find(|arm| &*arm.name == name).expect("an arm")
}

/// How many of so many calls each provider served.
async fn served(gateway: &Gateway, calls: u32) -> BTreeMap<String, u32> {
    let mut served = BTreeMap::new();
    for _ in 0..calls {
        let got = gateway.ask(Ask::chat()).await.ok();
        let target = got.header("x-wayleave-target").expect("a target");
        let provider = target.split('/').nth(1).expect("a provider").to_owned();
        *served.entry(provider).or_default() += 1;
    }
    served
}

#[tokio::test]
async fn a_better_arm_is_promoted_and_gets_all_calls() {
    let gateway = start(experiment(&BETTER, judge("judge?judge=5")));
    let first = served(&gateway, 30).await;
    assert!(first["old"] > 5 && first["new"] > 5, "{first:?}");
    for _ in 0..20 {
        if report(&gateway).winner.is_some() {
            break;
        }
        served(&gateway, 20).await;
        gateway.engine_is_quiet().await;
    }
    let report = report(&gateway);
    assert_eq!(report.winner.as_deref(), Some("new"), "{report:?}");
    let decision = report.arms[1].decision.expect("a decision");
    assert_eq!(decision.fate, Fate::Promoted);
    assert_eq!(
        served(&gateway, 10).await,
        BTreeMap::from([("new".to_owned(), 10)])
    );
    // What is decided costs nothing more.
    gateway.engine_is_quiet().await;
    let judged = gateway.sent_to("judge").len();
    served(&gateway, 5).await;
    gateway.engine_is_quiet().await;
    assert_eq!(gateway.sent_to("judge").len(), judged);
    let line = r#"wayleave_experiment_decided{route="team/chat",arm="new",verdict="promoted"} 1"#;
    assert!(
        gateway.engine.metrics().contains(line),
        "{}",
        gateway.engine.metrics()
    );
}

#[tokio::test]
async fn people_promote_where_they_want_to() {
    let manual = Experiment {
        promote: Promote::Manual,
        ..experiment(&BETTER, judge("judge?judge"))
    };
    let gateway = start(manual);
    served(&gateway, 60).await;
    eventually("a verdict", || {
        report(&gateway).verdict == Verdict::Promote("new".into())
    })
    .await;
    assert_eq!(report(&gateway).winner, None);
    let after = served(&gateway, 30).await;
    assert!(after["old"] > 0 && after["new"] > 0, "{after:?}");
}

#[tokio::test]
async fn an_arm_that_fails_is_rolled_back_and_no_client_sees_it() {
    let arms = [("old", "old?quality=60"), ("new", "new?status=500")];
    let gateway = start(experiment(&arms, judge("judge?judge")));
    for _ in 0..20 {
        if arm(&gateway, "new").decision.is_some() {
            break;
        }
        let served = served(&gateway, 20).await;
        assert_eq!(served.get("new"), None, "the steps stand in for it");
    }
    let new = arm(&gateway, "new");
    let fate = new.decision.expect("a decision").fate;
    assert_eq!((fate, new.weight), (Fate::RolledBack(Why::Errors), 0));
    assert_eq!(new.all.calls, new.all.failed);
    let tried = gateway.sent_to("new").len();
    assert_eq!(
        served(&gateway, 20).await,
        BTreeMap::from([("old".to_owned(), 20)])
    );
    assert_eq!(gateway.sent_to("new").len(), tried);
}

#[tokio::test]
async fn a_shadow_answers_behind_the_clients_back() {
    let shadow = Experiment {
        mode: Mode::Shadow,
        ..experiment(
            &BETTER,
            Judge {
                mode: JudgeMode::Pairwise,
                ..judge("judge?judge")
            },
        )
    };
    let gateway = start(shadow);
    let got = gateway.ask(Ask::chat().streamed()).await.ok();
    assert!(got.said().contains("(quality 40)"));
    eventually("a comparison", || arm(&gateway, "new").all.score.count == 1).await;
    gateway.engine_is_quiet().await;
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.lines(), ["primary old ok 200"]);
    let roles: Vec<_> = books.behind.iter().map(|record| record["role"].clone()).collect();
    assert_eq!(roles, ["shadow", "judge", "judge"], "both orders");
    assert_eq!(books.behind[0]["provider"], "team/new");
    assert_eq!(
        arm(&gateway, "new").difference.expect("a difference").mean,
        Some(1.0)
    );
    assert_eq!(arm(&gateway, "new").all.calls, 1);
    // The other lanes are the client's: the shadow is not.
    assert_eq!(gateway.metric_of("wayleave_calls_total", "team/chat"), 1);
}

#[tokio::test]
async fn a_shadow_that_fails_harms_nobody() {
    let shadow = Experiment {
        mode: Mode::Shadow,
        ..experiment(
            &[("old", "old?quality=60"), ("new", "new?fault=cut")],
            judge("judge?judge"),
        )
    };
    let gateway = start(shadow);
    assert_eq!(served(&gateway, 5).await, BTreeMap::from([("old".to_owned(), 5)]));
    eventually("five failures", || arm(&gateway, "new").all.failed == 5).await;
    assert_eq!(arm(&gateway, "new").all.score.count, 0);
}

#[tokio::test]
async fn a_user_keeps_an_arm() {
    let sticky = Experiment {
        sticky_by: Some(StickyBy::Header("x-user".into())),
        ..experiment(&BETTER, judge("judge?judge"))
    };
    let gateway = start(sticky);
    let mut arms = std::collections::BTreeSet::new();
    for user in 0..12 {
        let mut own = std::collections::BTreeSet::new();
        for _ in 0..3 {
            let ask = Ask::chat().header("x-user", &format!("user-{user}"));
            let got = gateway.ask(ask).await.ok();
            own.insert(got.header("x-wayleave-target").expect("a target").to_owned());
        }
        assert_eq!(own.len(), 1, "{own:?}");
        arms.extend(own);
    }
    assert_eq!(arms.len(), 2);
}

#[tokio::test]
async fn another_question_begins_anew() {
    let gateway = start(experiment(&BETTER, judge("judge?judge")));
    served(&gateway, 10).await;
    gateway.engine_is_quiet().await;
    let before = report(&gateway);
    let apply = |experiment: Experiment| {
        let rule = Rule {
            experiment: Some(Box::new(experiment)),
            ..rule(vec![pick("spare", "spare")])
        };
        let simulator = gateway.sim.base_url();
        gateway
            .engine
            .apply(super::support::snapshot(&simulator, &keys(), rule));
    };
    let mut heavier = experiment(&BETTER, judge("judge?judge"));
    heavier.terms.arms[1].weight = 3;
    apply(heavier);
    assert_eq!(
        report(&gateway).arms[0].all,
        before.arms[0].all,
        "another share is the same question"
    );
    let rubric = Judge {
        rubric: Some(Arc::from("Be brief.")),
        ..judge("judge?judge")
    };
    apply(experiment(&BETTER, rubric));
    assert_eq!(report(&gateway).arms[0].all.calls, 0);
    assert_ne!(report(&gateway).experiment, before.experiment);
}
