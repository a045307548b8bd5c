//! `kill -9` of the data plane while nothing listens where its ledger goes.

use std::fs;

use wayleave_tests::daemon::Daemon;
use wayleave_tests::{Collector, HEAVY, until};

use super::load::{CLIENTS, Load};
use super::plane::{Plane, SOON, Site};
use super::tally::Tally;

const CALLS: usize = 1_000;

/// Kills a data plane when about half of the calls are answered, whatever the others are doing.
pub(crate) async fn kill_in_the_middle(load: &Load, plane: Plane, calls: usize) {
    let clients = load.run(&plane.client, calls / 2 + CLIENTS);
    until("half of the calls are answered", SOON, async || {
        (load.answered().len() >= calls / 2 - CLIENTS).then_some(())
    })
    .await;
    Daemon::kill(plane.daemon).await;
    clients.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_call_is_in_the_ledger_once() {
    let _alone = HEAVY.lock().await;
    let site = Site::new();
    let mut collector = Collector::down();
    let url = collector.url();
    let flags = ["--ledger-clickhouse", &*url];
    let load = Load::default();
    kill_in_the_middle(&load, site.start(&flags).await, CALLS).await;
    let before = load.answered().len();
    assert!(before >= CALLS / 2 - CLIENTS, "{before} calls were answered");
    assert!(collector.rows().is_empty());

    // What a crash in the middle of a write leaves.
    let last = fs::read_dir(site.spool())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = last
        .filter(|path| path.extension().is_some_and(|end| end == "segment"))
        .collect();
    segments.sort();
    let mut torn = fs::read(segments.last().unwrap()).unwrap();
    torn.extend_from_slice(&[40, 0, 0, 0, 1, 2, 3, 4, 5]);
    fs::write(segments.last().unwrap(), torn).unwrap();

    let plane = site.start(&flags).await;
    let clients = load.run(&plane.client, CALLS);
    collector.up();
    clients.join_all().await;
    plane.settled("clickhouse").await;
    let metrics = plane.metrics().await;
    for name in [
        "wayleave_ledger_dropped_total",
        "wayleave_ledger_unacknowledged_total",
    ] {
        assert_eq!(metrics.count(name, &[]), 0, "{name}");
    }
    plane.daemon.finish().await;

    let answered = load.answered();
    assert!(
        answered.len() >= CALLS - 2 * CLIENTS,
        "{} were answered",
        answered.len()
    );
    let tally = Tally::of(collector.rows());
    tally.assert_has(&answered, CLIENTS);
    assert_eq!(tally.duplicates, 0, "nobody gave a batch twice");
}

/// A sink that fails after it has taken a batch gets it once more: the same records, by their ids.
#[tokio::test]
async fn what_comes_twice_is_the_same() {
    let site = Site::new();
    let collector = Collector::start();
    collector.take_and_refuse(&[http::StatusCode::INTERNAL_SERVER_ERROR]);
    let url = collector.url();
    let plane = site.start(&["--ledger-clickhouse", &*url]).await;
    let load = Load::default();
    load.run(&plane.client, 40).join_all().await;
    plane.settled("clickhouse").await;
    let failures = [("sink", "clickhouse"), ("reason", "refused")];
    assert_eq!(
        plane
            .metrics()
            .await
            .count("wayleave_ledger_sink_errors_total", &failures),
        1
    );
    plane.daemon.finish().await;
    let tally = Tally::of(collector.rows());
    assert!(tally.duplicates > 0);
    tally.assert_has(&load.answered(), 0);
}

/// A sink that is down delays nothing and nobody.
#[tokio::test]
async fn a_dead_sink_delays_no_call() {
    let site = Site::new();
    let collector = Collector::down();
    let url = collector.url();
    let plane = site
        .start(&["--ledger-clickhouse", &*url, "--ledger-otlp", &*url])
        .await;
    let load = Load::default();
    load.run(&plane.client, 100).join_all().await;
    assert_eq!(load.answered().len(), 100);
    let metrics = plane.metrics().await;
    assert_eq!(metrics.count("wayleave_ledger_unacknowledged_total", &[]), 0);
    for sink in ["clickhouse", "otlp"] {
        let lag = metrics.count("wayleave_ledger_sink_lag_records", &[("sink", sink)]);
        assert!(lag >= 200, "{sink}: {lag}");
    }
    until("the failures are counted", SOON, async || {
        let metrics = plane.metrics().await;
        let of = |sink| {
            metrics.count(
                "wayleave_ledger_sink_errors_total",
                &[("sink", sink), ("reason", "connection")],
            )
        };
        (of("clickhouse") > 0 && of("otlp") > 0).then_some(())
    })
    .await;
    plane.daemon.finish().await;
}
