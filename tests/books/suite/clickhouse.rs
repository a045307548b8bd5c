//! A real ClickHouse, which is killed under load.

use std::fs;
use std::time::Duration;

use serde_json::json;
use wayleave_tests::clickhouse::USER;
use wayleave_tests::{ClickHouse, Format, HEAVY, until};

use super::killed::kill_in_the_middle;
use super::load::{CLIENTS, Load};
use super::plane::{SOON, Site};
use super::tally::Tally;

const CALLS: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn its_sums_are_those_of_the_calls_though_it_is_killed() {
    let _alone = HEAVY.lock().await;
    let site = Site::new();
    let Some(mut clickhouse) = ClickHouse::start(&site.secrets).await else {
        return;
    };
    let password = site.file("password", clickhouse.password());
    let url = clickhouse.url();
    let flags = [
        "--ledger-clickhouse",
        &*url,
        "--ledger-clickhouse-user",
        USER,
        "--ledger-clickhouse-password-file",
        &*password,
        "--ledger-clickhouse-table",
        "books",
        "--ledger-clickhouse-migrate",
    ];
    let plane = site.start(&flags).await;
    let load = Load::default();
    let calls = "SELECT count() FROM books WHERE kind = 'call'";
    for part in 1..=3 {
        let clients = load.run(&plane.client, CALLS * part / 3);
        if part > 1 {
            until("half of this part is answered", SOON, async || {
                (load.answered().len() > CALLS * (2 * part - 1) / 6).then_some(())
            })
            .await;
            clickhouse.kill().await;
            clients.join_all().await;
            clickhouse.restart().await;
        } else {
            clients.join_all().await;
            until("the first rows are there", SOON, async || {
                // The table is made with the first of them.
                let count = clickhouse.ask(calls).await.ok()?;
                (count.trim() != "0").then_some(())
            })
            .await;
        }
    }
    plane.settled("clickhouse").await;
    assert_eq!(load.answered().len(), CALLS);
    assert_eq!(
        plane.metrics().await.count("wayleave_ledger_dropped_total", &[]),
        0
    );

    let rows = clickhouse.rows("SELECT * FROM books FINAL").await;
    let tally = Tally::of(rows);
    assert_eq!(tally.duplicates, 0, "the table has collapsed what came twice");
    let sum = tally.assert_has(&load.answered(), 0);
    let by_kind = "SELECT kind, sum(cost_ticks) AS ticks FROM books FINAL GROUP BY kind ORDER BY kind";
    for row in clickhouse.rows(by_kind).await {
        assert_eq!(row["ticks"], sum, "{row}");
    }
    plane.daemon.finish().await;
}

/// Both are killed: the server first, and then the data plane in the middle of its calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_data_plane_hands_over_what_a_killed_server_could_not_take() {
    let _alone = HEAVY.lock().await;
    let site = Site::new();
    let Some(mut clickhouse) = ClickHouse::start(&site.secrets).await else {
        return;
    };
    let password = site.file("password", clickhouse.password());
    let url = clickhouse.url();
    let flags = [
        "--ledger-clickhouse",
        &*url,
        "--ledger-clickhouse-user",
        USER,
        "--ledger-clickhouse-password-file",
        &*password,
        "--ledger-clickhouse-migrate",
    ];
    let load = Load::default();
    let plane = site.start(&flags).await;
    load.run(&plane.client, 50).join_all().await;
    clickhouse.kill().await;
    kill_in_the_middle(&load, plane, CALLS).await;
    clickhouse.restart().await;
    let plane = site.start(&flags).await;
    load.run(&plane.client, CALLS).join_all().await;
    plane.settled("clickhouse").await;
    plane.daemon.finish().await;
    let rows = clickhouse.rows("SELECT * FROM wayleave_ledger FINAL").await;
    let tally = Tally::of(rows);
    assert_eq!(tally.duplicates, 0, "the table has collapsed what came twice");
    tally.assert_has(&load.answered(), CLIENTS);
}

/// The table is made once, by whoever comes first, and is changed by none who comes later.
#[tokio::test]
async fn a_second_data_plane_finds_the_table() {
    let site = Site::new();
    let Some(clickhouse) = ClickHouse::start(&site.secrets).await else {
        return;
    };
    let password = site.file("password", clickhouse.password());
    let url = clickhouse.url();
    let flags = [
        "--ledger-clickhouse",
        &*url,
        "--ledger-clickhouse-user",
        USER,
        "--ledger-clickhouse-password-file",
        &*password,
        "--ledger-clickhouse-migrate",
    ];
    let load = Load::default();
    for calls in [10, 20] {
        let plane = site.start(&flags).await;
        load.run(&plane.client, calls).join_all().await;
        plane.settled("clickhouse").await;
        plane.daemon.finish().await;
    }
    Tally::of(clickhouse.rows("SELECT * FROM wayleave_ledger FINAL").await).assert_has(&load.answered(), 0);
    let applied = clickhouse
        .rows("SELECT version FROM wayleave_ledger_migrations")
        .await;
    assert_eq!(applied.len(), 3, "each statement once: {applied:?}");
}

/// What clients say of answers is in the table; one of an older version takes all but that.
#[tokio::test]
async fn feedback_is_a_row_where_the_table_has_room_for_it() {
    let site = Site::new();
    let Some(clickhouse) = ClickHouse::start(&site.secrets).await else {
        return;
    };
    let password = site.file("password", clickhouse.password());
    let url = clickhouse.url();
    let flags = [
        "--ledger-clickhouse",
        &*url,
        "--ledger-clickhouse-user",
        USER,
        "--ledger-clickhouse-password-file",
        &*password,
        "--ledger-clickhouse-migrate",
    ];
    let mut ids = Vec::new();
    for older in [false, true] {
        if older {
            let older = "ALTER TABLE wayleave_ledger DROP COLUMN feedback_value";
            clickhouse.ask(older).await.unwrap();
        }
        let plane = site.start(&flags).await;
        let call = plane.client.chat("chat").await.id().to_owned();
        let body = json!({"call_id": call, "value": 0.5, "comment": "\"kind\":\"feedback\""}).to_string();
        let answer = plane.client.call(Format::OpenAi, "/v1/feedback", &[], body).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
        plane.settled("clickhouse").await;
        plane.daemon.finish().await;
        ids.push(call);
    }
    let calls = clickhouse
        .rows("SELECT call FROM wayleave_ledger FINAL WHERE kind = 'call'")
        .await;
    assert_eq!(calls.len(), 2, "{calls:?}");
    let said = clickhouse
        .rows("SELECT * FROM wayleave_ledger FINAL WHERE kind = 'feedback'")
        .await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["call"], *ids[0]);
    assert_eq!(said[0]["feedback_name"], "score");
    assert_eq!(said[0]["feedback_counted"], 1);
    assert_eq!(said[0]["provider"], "default/good");
}

/// Without the right password nothing is taken, nothing lost, and the password told to nobody.
#[tokio::test]
async fn a_wrong_password_is_mended_while_it_runs() {
    let site = Site::new();
    let Some(clickhouse) = ClickHouse::start(&site.secrets).await else {
        return;
    };
    let password = site.file("password", &site.secrets.mint("wrong"));
    let url = clickhouse.url();
    let flags = [
        "--ledger-clickhouse",
        &*url,
        "--ledger-clickhouse-user",
        USER,
        "--ledger-clickhouse-password-file",
        &*password,
        "--ledger-clickhouse-migrate",
    ];
    let plane = site.start(&flags).await;
    let load = Load::default();
    load.run(&plane.client, 10).join_all().await;
    let wrong = [("sink", "clickhouse"), ("reason", "credentials")];
    until("the failure is counted", SOON, async || {
        let metrics = plane.metrics().await;
        (metrics.count("wayleave_ledger_sink_errors_total", &wrong) > 0).then_some(())
    })
    .await;
    fs::write(&password, clickhouse.password()).unwrap();
    tokio::time::timeout(Duration::from_secs(60), plane.settled("clickhouse"))
        .await
        .unwrap();
    plane.daemon.finish().await;
    Tally::of(clickhouse.rows("SELECT * FROM wayleave_ledger FINAL").await).assert_has(&load.answered(), 0);
}
