//! What clients say of answers.

use serde_json::{Value, json};
use wayleave_core::snapshot::Rule;
use wayleave_engine::EngineOptions;
use wayleave_engine::learned::Keep;

use super::support::{Ask, Gateway, Got, Key, cache_rules, pick, rule};

const M: &[(&str, &str)] = &[("a", "m?tokens=9")];

impl Gateway {
    async fn feedback(&self, call: &str, members: Value) -> Got {
        self.ask(Ask::feedback(call, &members)).await
    }

    /// What the ledger has of feedback on a call.
    fn feedback_of(&self, call: &str) -> Vec<Value> {
        let records = self.engine.ledger(Some(call), usize::MAX);
        records
            .into_iter()
            .filter(|record| record["kind"] == "feedback")
            .collect()
    }
}

fn counted(got: &Got) -> bool {
    assert_eq!(got.status, 202, "{}", got.text());
    got.json()["counted"].as_bool().expect("a bool")
}

/// The code of a refusal in OpenAI's form.
fn refused(got: &Got, status: u16) -> String {
    assert_eq!(got.status, status, "{}", got.text());
    got.json()["error"]["code"].as_str().expect("a code").to_owned()
}

#[tokio::test]
async fn feedback_counts_once_and_joins_the_ledger() {
    let gateway = Gateway::chain(M);
    for ask in [Ask::chat(), Ask::chat().streamed(), Ask::messages()] {
        let got = gateway.ask(ask).await.ok();
        let call = got.call_id();
        let first = gateway
            .feedback(call, json!({"value": 0.25, "comment": "wrong town"}))
            .await;
        assert!(counted(&first));
        assert_eq!(first.json(), json!({"call_id": call, "counted": true}));
        assert!(
            !counted(&gateway.feedback(call, json!({"bool": true})).await),
            "again"
        );
        assert!(counted(
            &gateway
                .feedback(call, json!({"name": "tone", "bool": true}))
                .await
        ));
        let records = gateway.feedback_of(call);
        assert_eq!(records.len(), 2);
        let books = gateway.engine.ledger(Some(call), usize::MAX);
        let attempt = books.iter().find(|record| record["kind"] == "attempt");
        let attempt = attempt.expect("an attempt");
        let first = &records[0];
        assert_eq!(first["id"], json!(format!("{call}/feedback/score")));
        for name in ["call", "route", "rule", "client", "provider", "model_asked"] {
            assert_eq!(first[name], attempt[name], "{name}");
        }
        let said = json!({"name": "score", "value": 0.25, "comment": "wrong town", "counted": true});
        assert_eq!(first["feedback"], said);
        assert_eq!(records[1]["feedback"]["value"], 1.0);
    }
    assert_eq!(
        gateway.metric_of("wayleave_feedback_total", "counted=\"true\""),
        6
    );
    assert_eq!(
        gateway.metric_of("wayleave_feedback_total", "counted=\"false\""),
        3
    );
    assert_eq!(gateway.metric_of("wayleave_learned_names", "table=\"scores\""), 1);
}

#[tokio::test]
async fn only_who_made_a_call_may_speak_of_it() {
    let gateway = Gateway::chain(M);
    let got = gateway.ask(Ask::chat()).await.ok();
    let call = got.call_id();
    let members = json!({"bool": true});
    let other = Ask::feedback(call, &members)
        .header("authorization", "Bearer sk-another")
        .header("x-api-key", "sk-another");
    let nobody = Ask::feedback(call, &members)
        .without("authorization")
        .without("x-api-key");
    let none = Ask::feedback("0192-there-is-none", &members);
    let mut told = Vec::new();
    for ask in [other, nobody, none] {
        let got = gateway.ask(ask).await;
        assert_eq!(refused(&got, 404), "call_not_found");
        told.push(got.text().to_owned());
    }
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    assert!(counted(&gateway.feedback(call, members).await));
}

#[tokio::test]
async fn what_is_no_feedback_is_refused() {
    let gateway = Gateway::chain(M);
    let got = gateway.ask(Ask::chat()).await.ok();
    let call = got.call_id();
    for (members, param) in [
        (json!({}), "value"),
        (json!({"value": 2}), "value"),
        (json!({"bool": true, "value": 1}), "bool"),
        (json!({"bool": true, "stars": 5}), "stars"),
    ] {
        let got = gateway.feedback(call, members).await;
        assert_eq!(refused(&got, 400), "bad_request");
        assert_eq!(got.json()["error"]["param"], param);
    }
    for name in 0..16 {
        let members = json!({"bool": true, "name": format!("n{name}")});
        assert!(counted(&gateway.feedback(call, members).await));
    }
    let got = gateway.feedback(call, json!({"bool": true})).await;
    assert_eq!(refused(&got, 409), "too_much_feedback");
    assert_eq!(gateway.feedback_of(call).len(), 16);
}

#[tokio::test]
async fn it_counts_for_the_target_that_answered() {
    let broken: Rule = rule(vec![pick("broken", "m?status=500"), pick("a", "m")]);
    let gateway = Gateway::start(&[Key::new("broken"), Key::new("a")], broken);
    let got = gateway.ask(Ask::chat()).await.ok();
    assert!(counted(
        &gateway.feedback(got.call_id(), json!({"bool": false})).await
    ));
    assert_eq!(gateway.feedback_of(got.call_id())[0]["provider"], "team/a");
}

#[tokio::test]
async fn of_what_no_provider_answered_there_is_nothing_to_learn() {
    let gateway = Gateway::cached(M, cache_rules());
    gateway.ask(Ask::chat()).await.ok();
    let hit = gateway.ask(Ask::chat()).await.ok();
    assert_eq!(hit.header("x-wayleave-cache"), Some("hit"));
    assert!(!counted(
        &gateway.feedback(hit.call_id(), json!({"bool": true})).await
    ));
    let failing = Gateway::chain(&[("a", "m?status=500")]);
    let failed = failing.ask(Ask::chat()).await;
    assert!(!counted(
        &failing.feedback(failed.call_id(), json!({"bool": false})).await
    ));
    for (gateway, call) in [(&gateway, hit.call_id()), (&failing, failed.call_id())] {
        let records = gateway.feedback_of(call);
        assert_eq!(records.len(), 1, "the ledger has it all the same");
        assert_eq!(records[0]["provider"], Value::Null);
        assert_eq!(records[0]["feedback"]["counted"], false);
        assert_eq!(gateway.metric_of("wayleave_learned_names", "table=\"scores\""), 0);
    }
}

#[tokio::test]
async fn what_it_shows_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || EngineOptions {
        learned: Some(Keep::Folder(folder.path().to_owned())),
        ..EngineOptions::default()
    };
    let gateway = Gateway::start_with(options(), &[Key::new("a")], rule(vec![pick("a", "m")]));
    let got = gateway.ask(Ask::chat()).await.ok();
    assert!(counted(
        &gateway.feedback(got.call_id(), json!({"value": 0.5})).await
    ));
    gateway.engine.drain();
    // A client that is quick to judge is heard to the last.
    let last = gateway
        .feedback(got.call_id(), json!({"name": "last", "bool": true}))
        .await;
    assert!(counted(&last));
    gateway.engine.drained().await;
    let kept = std::fs::read_to_string(folder.path().join("learned.json")).expect("a file");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let scores = &kept["tables"]["scores"]["team/chat any team/a m"];
    assert_eq!(scores["seen"], 2, "{kept}");
    for table in ["lengths", "speeds"] {
        assert!(
            !kept["tables"][table].as_object().expect("rows").is_empty(),
            "{table}"
        );
    }
}
