//! Configuration changes, draining, and the ledger's file.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use wayleave_core::snapshot::Snapshot;
use wayleave_engine::call::Body;
use wayleave_engine::ledger::SpoolOptions;
use wayleave_engine::{Engine, EngineOptions, StartError};

use super::support::{Ask, Gateway, Got, Key, SOON, eventually, pick, rule, snapshot};

#[tokio::test]
async fn without_a_configuration_nothing_is_served() {
    let engine = Engine::start(EngineOptions::default()).expect("an engine");
    assert!(!engine.ready());
    assert_eq!(engine.config(), Value::Null);
    for ask in [Ask::chat(), Ask::models()] {
        let got = Got::read(engine.run(ask.call()).await).await;
        assert_eq!((got.status, got.header("retry-after")), (503, Some("1")));
    }
    engine.apply(Snapshot::default());
    assert!(engine.ready());
    assert_eq!(Got::read(engine.run(Ask::chat().call()).await).await.status, 404);
}

#[tokio::test]
async fn a_call_keeps_the_configuration_that_it_started_with() {
    let keys = [Key::new("old"), Key::new("new")];
    let gateway = Gateway::start(&keys, rule(vec![pick("old", "m?ttft=300ms"), pick("old", "m")]));
    let slow = gateway.ask(Ask::chat().streamed());
    let swap = async {
        gateway.asked(1).await;
        let next = snapshot(
            &gateway.sim.base_url(),
            &[Key::new("new")],
            rule(vec![pick("new", "m")]),
        );
        gateway.engine.apply(next);
        gateway.ask(Ask::chat()).await
    };
    let (before, after) = tokio::join!(slow, swap);
    assert_eq!(
        before.ok().header("x-wayleave-target"),
        Some("team/old/m?ttft=300ms")
    );
    assert_eq!(after.ok().header("x-wayleave-target"), Some("team/new/m"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_configurations_change() {
    let keys = [Key::new("a"), Key::new("b")];
    let gateway = Gateway::start(&keys, rule(vec![pick("a", "m")]));
    let base = gateway.sim.base_url();
    let calls = async {
        for number in 0..200 {
            let ask = if number % 2 == 0 {
                Ask::chat()
            } else {
                Ask::chat().streamed()
            };
            gateway.ask(ask).await.ok();
        }
    };
    let swaps = async {
        for provider in ["a", "b"].into_iter().cycle() {
            gateway
                .engine
                .apply(snapshot(&base, &keys, rule(vec![pick(provider, "m")])));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = calls => {}
        () = swaps => {}
    }
    assert!(!gateway.sent_to("a").is_empty() && !gateway.sent_to("b").is_empty());
    assert!(gateway.metric("wayleave_configurations_total") > 1);
}

#[tokio::test]
async fn a_drained_engine_ends_what_runs_and_takes_nothing_new() {
    let gateway = Gateway::chain(&[("a", "m?chunks=20&pace=20ms")]);
    let answer = gateway.answer(Ask::chat().streamed()).await;
    gateway.engine.drain();
    assert!(!gateway.engine.ready());
    let refused = gateway.ask(Ask::chat()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    let drained = gateway.engine.drained();
    let (got, ()) = tokio::join!(Got::read(answer), async {
        tokio::time::timeout(SOON, drained).await.expect("drained");
    });
    assert_eq!(got.data().last(), Some(&"[DONE]"));
    assert_eq!(gateway.engine.in_flight(), 0);
}

#[tokio::test]
async fn draining_waits_for_a_client_that_is_still_served() {
    let gateway = Gateway::chain(&[("a", "m?hang=mid&chunks=8")]);
    let answer = gateway.answer(Ask::chat().streamed()).await;
    gateway.engine.drain();
    let early = tokio::time::timeout(Duration::from_millis(100), gateway.engine.drained()).await;
    assert!(early.is_err(), "it must not be drained while a call runs");
    let Body::Stream(pieces) = answer.body else {
        panic!("not streamed");
    };
    drop(pieces);
    tokio::time::timeout(SOON, gateway.engine.drained())
        .await
        .expect("drained");
}

fn lines(text: &str) -> BTreeSet<String> {
    let parsed = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    parsed.map(|record| record.to_string()).collect()
}

#[tokio::test]
async fn the_ledgers_file_has_what_the_ring_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ledger.jsonl");
    let options = EngineOptions {
        ledger_file: Some(file.clone()),
        ..EngineOptions::default()
    };
    let steps = rule(vec![pick("a", "m?status=500"), pick("b", "m")]);
    let gateway = Gateway::start_with(options.clone(), &[Key::new("a"), Key::new("b")], steps);
    for _ in 0..50 {
        gateway.ask(Ask::chat()).await.ok();
    }
    gateway.engine.drain();
    gateway.engine.drained().await;
    let ring = gateway.engine.ledger(None, usize::MAX);
    let wanted: BTreeSet<String> = ring.iter().map(Value::to_string).collect();
    let text = std::fs::read_to_string(&file).expect("a file");
    assert!(wanted.len() > 100, "{}", wanted.len());
    assert_eq!(lines(&text), wanted);
    assert_eq!(text.lines().count(), wanted.len());
    // Another engine appends.
    let again = Engine::start(options).expect("an engine");
    again.drained().await;
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), text);
}

#[tokio::test]
async fn a_ledger_that_cannot_be_opened_stops_the_start_with_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = EngineOptions {
        ledger_file: Some(folder.path().to_owned()),
        ..EngineOptions::default()
    };
    let error = Engine::start(options).expect_err("a folder is no file");
    assert!(matches!(&error, StartError::Ledger { path, .. } if path == folder.path()));
    assert!(error.to_string().contains("--ledger"), "{error}");
}

#[tokio::test]
async fn a_full_disk_delays_records_but_no_call() {
    let full = std::path::PathBuf::from("/dev/full");
    if !full.exists() {
        // Only Linux has a disk that is always full.
        return;
    }
    let options = EngineOptions {
        ledger_file: Some(full),
        ..EngineOptions::default()
    };
    let gateway = Gateway::start_with(options, &[Key::new("a")], rule(vec![pick("a", "m")]));
    for _ in 0..10 {
        let got = gateway.ask(Ask::chat()).await.ok();
        gateway.books(got.call_id()).await;
    }
    eventually("the failure is counted", || {
        gateway.metric("wayleave_ledger_write_errors_total") > 0
    })
    .await;
}

#[tokio::test]
async fn the_ring_is_bounded_and_read_from_its_end() {
    let options = EngineOptions {
        ledger_ring: 6,
        ..EngineOptions::default()
    };
    let gateway = Gateway::start_with(options, &[Key::new("a")], rule(vec![pick("a", "m")]));
    let mut last = String::new();
    for _ in 0..10 {
        last = gateway.ask(Ask::chat()).await.ok().call_id().to_owned();
        gateway.books(&last).await;
    }
    let all = gateway.engine.ledger(None, usize::MAX);
    assert_eq!(all.len(), 6);
    assert_eq!(
        gateway.engine.ledger(None, 2),
        all[4..],
        "the newest, the oldest of them first"
    );
    assert_eq!(gateway.engine.ledger(Some(&last), 10), all[4..]);
    assert!(gateway.engine.ledger(Some("no such call"), 10).is_empty());
}

#[tokio::test]
async fn records_have_an_id_each_and_name_the_rule_and_the_client() {
    let steps = rule(vec![pick("a", "m?status=500"), pick("b", "m")]);
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], steps);
    let call = gateway.ask(Ask::chat()).await.ok().call_id().to_owned();
    gateway.books(&call).await;
    let records = gateway.engine.ledger(Some(&call), 10);
    let ids: Vec<&str> = records
        .iter()
        .filter_map(|record| record["id"].as_str())
        .collect();
    assert_eq!(ids, [&format!("{call}/1"), &format!("{call}/2"), &call]);
    for record in &records {
        assert_eq!(record["rule"], 0);
        assert_eq!(record["client"].as_str().map(str::len), Some(16), "{record}");
        assert_eq!(record["client"], records[0]["client"]);
    }
    let unknown = Ask::chat().without("authorization").without("x-api-key");
    let call = gateway.ask(unknown).await.ok().call_id().to_owned();
    let books = gateway.books(&call).await;
    assert_eq!(
        (&books.call["client"], &books.attempts[0]["client"]),
        (&Value::Null, &Value::Null)
    );
}

fn with_spool(folder: &Path) -> EngineOptions {
    EngineOptions {
        ledger_spool: Some(SpoolOptions {
            folder: folder.to_owned(),
            max_bytes: 1 << 20,
            sinks: Vec::new(),
        }),
        ..EngineOptions::default()
    }
}

/// What lies in a spool, whatever its form.
fn spooled(folder: &Path) -> String {
    let files = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path());
    let texts = files.map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned());
    texts.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_in_the_spool_before_the_client_has_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let steps = rule(vec![pick("a", "m?status=500"), pick("b", "m")]);
    let keys = [Key::new("a"), Key::new("b")];
    let gateway = Gateway::start_with(with_spool(folder.path()), &keys, steps);
    let failing = Ask::chat().with("model", serde_json::json!("nothing of ours"));
    assert_eq!(
        gateway.ask(failing).await.status,
        404,
        "which is no call of a route"
    );
    for number in 0..60 {
        let ask = match number % 3 {
            0 => Ask::chat(),
            1 => Ask::chat().streamed(),
            _ => Ask::count(),
        };
        let got = gateway.ask(ask).await;
        let id = format!("\"id\":\"{}\"", got.call_id());
        assert!(
            spooled(folder.path()).contains(&id),
            "call {number} is not there yet"
        );
    }
    assert_eq!(gateway.metric("wayleave_ledger_unacknowledged_total"), 0);
}

#[tokio::test]
async fn a_spool_that_another_has_stops_the_start_with_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let _first = Engine::start(with_spool(folder.path())).expect("an engine");
    let error = Engine::start(with_spool(folder.path())).expect_err("one process at a time");
    let text = error.to_string();
    assert!(
        text.contains("--ledger-spool") && text.contains("another process has it"),
        "{text}"
    );
}
