//! In a folder.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use wayleave_core::evidence::{Length, Scores};

use super::*;
use crate::metrics::Metrics;

/// A process that learns.
struct Process {
    lengths: Arc<Shared<Length>>,
    scores: Arc<Shared<Scores>>,
    learned: Learned,
    metrics: Arc<Metrics>,
}

fn start(folder: &Path) -> Result<Process, StartError> {
    let mut learned = Learned::default();
    let metrics = Metrics::new();
    let (lengths, scores) = (learned.table("lengths"), learned.table("scores"));
    learned.keep(&Keep::Folder(folder.to_owned()), metrics.learned())?;
    Ok(Process {
        lengths,
        scores,
        learned,
        metrics,
    })
}

/// Starts one when the one before is gone.
async fn restart(folder: &Path) -> Process {
    let mut started = None;
    until("the folder is free", || {
        started = start(folder).ok();
        started.is_some()
    })
    .await;
    started.unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

impl Process {
    fn observe(&self, name: &str, tokens: u64) {
        self.lengths.observe(name, |length| length.observe(tokens));
        self.scores.observe(name, |scores| scores.observe(0.75));
    }

    fn knows(&self, name: &str) -> (Option<u64>, Option<f64>) {
        (self.lengths.sum(name).expected(), self.scores.sum(name).value())
    }
}

/// Looks again and again while time goes on.
async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !look() {
        assert!(Instant::now() < end, "there is still not: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_learned_survives_a_restart() {
    let folder = folder();
    let before = start(folder.path()).unwrap();
    before.observe("team/chat any \"quoted\" \u{1f600}", 300);
    before.observe("b", 20);
    before.learned.flush().await;
    drop(before);
    let after = restart(folder.path()).await;
    assert_eq!(
        after.knows("team/chat any \"quoted\" \u{1f600}"),
        (Some(300), Some(0.75))
    );
    assert_eq!(after.knows("b"), (Some(20), Some(0.75)));
    assert_eq!(after.knows("c"), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_killed_loses_what_came_in_the_last_seconds_only() {
    let folder = folder();
    let process = start(folder.path()).unwrap();
    process.observe("a", 300);
    let file = folder.path().join("learned.json");
    until("a file", || file.is_file()).await;
    let began = Instant::now();
    process.observe("b", 20);
    let holds =
        |name: &str| fs::read_to_string(&file).is_ok_and(|text| text.contains(&format!("\"{name}\":")));
    until("the second name", || holds("b")).await;
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    // Another process finds it, whatever lies beside.
    let elsewhere = self::folder();
    fs::copy(&file, elsewhere.path().join("learned.json")).unwrap();
    fs::write(elsewhere.path().join("learned.json.new"), "half of a fi").unwrap();
    let other = start(elsewhere.path()).unwrap();
    assert_eq!((other.knows("a").0, other.knows("b").0), (Some(300), Some(20)));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_is_put_aside() {
    for (text, kept) in [
        ("", false),
        ("{\"version\":1,\"tables\":{\"lengths\":{\"a\":", false),
        (
            r#"{"version":2,"tables":{"lengths":{"a":{"count":1,"mean":5.0}}}}"#,
            false,
        ),
        (r#"{"tables":{"lengths":{"a":{"count":1,"mean":5.0}}}}"#, false),
        (
            r#"{"version":1,"tables":{"lengths":{"a":{"count":1,"mean":5.0}}}}"#,
            true,
        ),
        // One part that is none, a table of another program: the rest is read.
        (
            r#"{"version":1,"tables":{"lengths":{"b":{"count":"x"},"a":{"count":1,"mean":5.0}},"others":{"a":{}}}}"#,
            true,
        ),
    ] {
        let folder = folder();
        let file = folder.path().join("learned.json");
        fs::write(&file, text).unwrap();
        let process = start(folder.path()).unwrap();
        assert_eq!(process.lengths.sum("a").expected(), kept.then_some(5), "{text}");
        let aside = fs::read_to_string(folder.path().join("learned.json.unreadable"));
        assert_eq!(aside.ok().as_deref(), (!kept).then_some(text));
        process.observe("c", 7);
        process.learned.flush().await;
        drop(process);
        assert_eq!(restart(folder.path()).await.knows("c").0, Some(7));
    }
}

#[tokio::test]
async fn a_folder_is_of_one_process() {
    let folder = folder();
    let one = start(&folder.path().join("new/folder")).unwrap();
    let error = start(&folder.path().join("new/folder")).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("another process has it"), "{error}");
    drop(one);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(start(&file).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_harms_nothing() {
    let folder = folder();
    let process = start(folder.path()).unwrap();
    // Nothing can be renamed to what is a folder.
    fs::create_dir_all(folder.path().join("learned.json/x")).unwrap();
    process.observe("a", 1);
    process.learned.flush().await;
    let failed = "wayleave_learned_errors_total{place=\"disk\",reason=\"io\"}";
    assert!(
        process.metrics.text().contains(failed),
        "{}",
        process.metrics.text()
    );
    assert_eq!(process.knows("a").0, Some(1));
    fs::remove_dir_all(folder.path().join("learned.json")).unwrap();
    process.learned.flush().await;
    drop(process);
    assert_eq!(restart(folder.path()).await.knows("a").0, Some(1));
}

#[test]
fn what_finds_no_room_in_the_file_is_what_nobody_asks_for() {
    /// As large as a part may be.
    #[derive(Clone, Default, Serialize, serde::Deserialize)]
    struct Large(String);
    impl Part for Large {
        type Sum = usize;
        fn version(&self) -> (u64, u32) {
            (0, 0)
        }
        fn add_to(&self, sum: &mut usize) {
            *sum += self.0.len();
        }
        fn merge(&mut self, _: Self) {}
    }
    let folder = folder();
    let open = || {
        let mut learned = Learned::default();
        let table: Arc<Shared<Large>> = learned.table("large");
        let tables = Tables(learned.tables.as_slice().into());
        (table, tables, Disk::open(folder.path()).unwrap())
    };
    let (table, tables, disk) = open();
    let fits = LARGEST_PART - 2;
    for index in 0..1_100 {
        table.observe(&index.to_string(), |part| part.0 = "x".repeat(fits));
    }
    table.observe("too large", |part| part.0 = "x".repeat(fits + 1));
    table.sum("0");
    disk.save(&tables).unwrap();
    drop(disk);
    let size = fs::metadata(folder.path().join("learned.json")).unwrap().len();
    assert!(size <= 64 << 20, "{size}");
    let (table, tables, disk) = open();
    disk.restore(&tables);
    assert!(table.len() > 900, "{}", table.len());
    for (name, kept) in [("0", fits), ("1", 0), ("1099", fits), ("too large", 0)] {
        assert_eq!(table.sum(name), kept, "{name}");
    }
}
