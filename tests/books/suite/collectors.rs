//! The ledger as logs.

use serde_json::Value;
use wayleave_tests::Collector;

use super::load::Load;
use super::plane::Site;
use super::tally::Tally;

/// The value of an attribute of a log record.
fn attribute(log: &Value, name: &str) -> Value {
    let attributes = log["attributes"].as_array().expect("attributes");
    let found = attributes.iter().find(|attribute| attribute["key"] == name);
    let value = found.and_then(|attribute| attribute["value"].as_object()?.iter().next());
    match value {
        Some((kind, Value::String(text))) if kind == "intValue" => {
            text.parse::<i64>().expect("a number").into()
        }
        Some((_, value)) => value.clone(),
        None => Value::Null,
    }
}

#[tokio::test]
async fn a_collector_gets_every_record() {
    let site = Site::new();
    let collector = Collector::start();
    collector.refuse(&[http::StatusCode::SERVICE_UNAVAILABLE]);
    let url = collector.url();
    let plane = site.start(&["--ledger-otlp", &*url]).await;
    let load = Load::default();
    load.run(&plane.client, 60).join_all().await;
    plane.settled("otlp").await;
    let overloaded = [("sink", "otlp"), ("reason", "overloaded")];
    assert_eq!(
        plane
            .metrics()
            .await
            .count("wayleave_ledger_sink_errors_total", &overloaded),
        1
    );
    plane.daemon.finish().await;
    let row = |log: &Value| {
        let names = ["id", "kind", "call", "attempts", "cost_ticks"];
        let members = names.map(|name| (name.to_owned(), attribute(log, &format!("wayleave.{name}"))));
        Value::Object(members.into_iter().collect())
    };
    let tally = Tally::of(collector.logs().iter().map(row).collect());
    tally.assert_has(&load.answered(), 0);
    let seen = collector.seen();
    assert!(seen.iter().all(|(path, _)| path == "/v1/logs"));
    assert!(
        seen.iter()
            .all(|(_, headers)| headers["content-type"] == "application/json")
    );
    assert!(seen.iter().all(|(_, headers)| headers["x-token"] == *site.token));
}
