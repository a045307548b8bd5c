//! A spool with records of no meaning, and a folder that is looked into.

use std::fs;
use std::path::Path;

use super::*;
use crate::ledger::record::Record;

const SINK: SinkName = SinkName::Otlp;

fn metrics() -> Arc<Metrics> {
    Metrics::new()
}

fn open(folder: &Path, max_bytes: u64, metrics: &Arc<Metrics>) -> Spool {
    Spool::open(folder, max_bytes, &[SINK], Arc::clone(metrics)).unwrap()
}

/// Waits until a folder is let go of, and takes it.
async fn reopen(folder: &Path, max_bytes: u64, metrics: &Arc<Metrics>) -> Spool {
    for _ in 0..1000 {
        if let Ok(spool) = Spool::open(folder, max_bytes, &[SINK], Arc::clone(metrics)) {
            return spool;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the folder is still taken");
}

async fn put(spool: &Spool, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let mut unwritten = Unwritten::default();
        spool.offer(Arc::new(Record::sample(number)), &mut unwritten);
        spool.written(unwritten).await;
    }
}

fn ids(batch: &Batch) -> Vec<String> {
    let id = |text: &Vec<u8>| {
        let record: serde_json::Value = serde_json::from_slice(text).unwrap();
        record["id"].as_str().unwrap().to_owned()
    };
    batch.texts.iter().map(id).collect()
}

fn names(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("call-{number}")).collect()
}

fn value(metrics: &Metrics, name: &str) -> u64 {
    let text = metrics.text();
    let line = text
        .lines()
        .find(|line| line.starts_with(name) && line.as_bytes().get(name.len()) == Some(&b' '));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn records_come_out_in_order_and_once_after_each_start() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let spool = open(folder.path(), 1 << 20, &metrics);
    put(&spool, 0..10).await;
    let tap = spool.tap(SINK);
    let mut reader = tap.reader();
    let batch = reader.read(4).unwrap();
    assert_eq!(ids(&batch), names(0..4));
    tap.advance(batch.after).unwrap();
    let batch = reader.read(100).unwrap();
    assert_eq!(ids(&batch), names(4..10), "not yet acknowledged");
    assert!(reader.read(100).unwrap().texts.is_empty());
    drop((spool, tap, reader));
    let spool = reopen(folder.path(), 1 << 20, &metrics).await;
    put(&spool, 10..12).await;
    let mut reader = spool.tap(SINK).reader();
    let mut all = Vec::new();
    for _ in 0..4 {
        all.extend(ids(&reader.read(5).unwrap()));
    }
    assert_eq!(all, names(4..12));
    assert_eq!(
        value(&metrics, "wayleave_ledger_sink_lag_records{sink=\"otlp\"}"),
        8
    );
    assert_eq!(value(&metrics, "wayleave_ledger_unacknowledged_total"), 0);
}

#[tokio::test]
async fn what_all_sinks_have_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 64 << 10, &metrics());
    put(&spool, 0..60).await;
    let segments = || fs::read_dir(folder.path()).unwrap().count();
    let before = segments();
    let tap = spool.tap(SINK);
    let mut reader = tap.reader();
    loop {
        let batch = reader.read(100).unwrap();
        if batch.texts.is_empty() {
            break;
        }
        tap.advance(batch.after).unwrap();
    }
    assert!(before > 6, "{before} files");
    assert_eq!(segments(), 3, "the last segment, the cursor and the lock");
}

#[tokio::test]
async fn a_full_spool_drops_the_oldest_and_says_how_many() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let spool = open(folder.path(), 16 << 10, &metrics);
    put(&spool, 0..200).await;
    assert!(value(&metrics, "wayleave_ledger_spool_bytes") <= 16 << 10);
    let mut reader = spool.tap(SINK).reader();
    let mut left = Vec::new();
    loop {
        let batch = reader.read(100).unwrap();
        if batch.texts.is_empty() {
            break;
        }
        left.extend(ids(&batch));
    }
    let dropped = value(&metrics, "wayleave_ledger_dropped_total{reason=\"full\"}");
    assert!(dropped > 100, "{dropped} are dropped");
    let first = u32::try_from(dropped).unwrap();
    assert_eq!(
        left,
        names(first..200),
        "the newest are there, and the others counted"
    );
}

#[tokio::test]
async fn a_folder_is_of_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let _spool = open(folder.path(), 1 << 20, &metrics());
    let error = Spool::open(folder.path(), 1 << 20, &[SINK], metrics()).unwrap_err();
    assert_eq!(error.to_string(), "another process has it");
}

#[tokio::test]
async fn a_disk_that_fails_holds_no_call_up_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let spool = open(folder.path(), 1 << 20, &metrics);
    // No file can be made in a folder that is gone.
    fs::remove_dir_all(folder.path()).unwrap();
    let began = tokio::time::Instant::now();
    put(&spool, 0..50).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "50 calls waited for {took:?}");
    assert_eq!(value(&metrics, "wayleave_ledger_unacknowledged_total"), 50);
    // It comes back, and nothing is lost: the records have waited.
    fs::create_dir(folder.path()).unwrap();
    spool.flush().await;
    assert_eq!(ids(&spool.tap(SINK).reader().read(100).unwrap()), names(0..50));
    put(&spool, 50..51).await;
    assert_eq!(value(&metrics, "wayleave_ledger_unacknowledged_total"), 50);
    assert_eq!(
        value(&metrics, "wayleave_ledger_dropped_total{reason=\"unwritable\"}"),
        0
    );
}

#[tokio::test]
async fn a_lost_cursor_gives_records_twice_and_never_too_few() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = metrics();
    let spool = open(folder.path(), 1 << 20, &metrics);
    put(&spool, 0..3).await;
    spool.tap(SINK).advance(3).unwrap();
    drop(spool);
    let cursor = folder.path().join("otlp.cursor");
    assert_eq!(fs::read_to_string(&cursor).unwrap(), "3\n");
    fs::write(&cursor, "").unwrap();
    let spool = reopen(folder.path(), 1 << 20, &metrics).await;
    assert_eq!(ids(&spool.tap(SINK).reader().read(10).unwrap()), names(0..3));
}

#[tokio::test]
async fn numbers_go_on_where_a_cursor_is_though_the_records_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("otlp.cursor"), "41\n").unwrap();
    let spool = open(folder.path(), 1 << 20, &metrics());
    put(&spool, 0..1).await;
    let batch = spool.tap(SINK).reader().read(10).unwrap();
    assert_eq!((ids(&batch), batch.after), (names(0..1), 42));
}
