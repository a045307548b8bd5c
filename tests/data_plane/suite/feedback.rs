//! What clients say of answers.

use serde_json::{Value, json};
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::ledger::Record;
use wayleave_tests::{Client, Format, Front, Gateway, Manifests, on_every_front};

on_every_front!(feedback_joins_the_ledger);

async fn send(client: &Client, path: &str, body: &Value) -> (u16, Value) {
    let answer = client.call(Format::OpenAi, path, &[], body.to_string()).await;
    (answer.status.as_u16(), answer.json())
}

async fn feedback_joins_the_ledger(front: Front) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default()
        .openai("o", &sim)
        .to("chat", "o", "m?tokens=9");
    let gateway = Gateway::start(front, &manifests).await;
    let (client, other) = (gateway.client(), gateway.http2_client());
    let answer = client.chat("chat").await;
    let call = answer.id();
    let body = json!({"call_id": call, "value": 0.25, "comment": "wrong town"});
    let (status, unknown) = send(&other, "/v1/feedback", &body).await;
    assert_eq!(
        (status, &unknown["error"]["code"]),
        (404, &json!("call_not_found"))
    );
    let counted = |counted: bool| (202, json!({"call_id": call, "counted": counted}));
    assert_eq!(send(&client, "/v1/feedback", &body).await, counted(true));
    // As an SDK with the bare host for its base URL has it.
    assert_eq!(send(&client, "/feedback", &body).await, counted(false));
    let (status, wrong) = send(&client, "/v1/feedback", &json!({"call_id": call, "value": 7})).await;
    assert_eq!((status, &wrong["error"]["param"]), (400, &json!("value")));
    let get = client.get("/v1/feedback", &[]).await;
    assert_eq!(get.status.as_u16(), 405);

    let records = gateway.ledger(Some(call)).await;
    let said: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Feedback(said) => Some(said),
            Record::Attempt(_) | Record::Call(_) => None,
        })
        .collect();
    assert_eq!(said.len(), 1, "{records:?}");
    assert_eq!(said[0].provider.as_deref(), Some("default/o"));
    assert_eq!(said[0].feedback["comment"], "wrong town");
    assert_eq!(gateway.books(call).await.call.attempts, 1);
    gateway.log.assert_calm();
    gateway.finish().await;
}
