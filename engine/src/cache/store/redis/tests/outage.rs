//! Servers that die, hang, and come back.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::time::Instant;

use super::*;

const TIMEOUT: Duration = Duration::from_millis(20);
/// On a machine that builds at the same time a task may get its turn late. Connecting would take seconds.
const TURN: Duration = Duration::from_millis(300);

/// Calls that look up and put all the time.
struct Load {
    store: Store,
    ends: AtomicBool,
    found: AtomicUsize,
    slowest: Mutex<Duration>,
}

impl Load {
    async fn run(&self, number: usize) {
        let one = key("a/r", "one", number);
        while !self.ends.load(Ordering::Relaxed) {
            let start = Instant::now();
            let looked = self.store.get(&one).await;
            let took = start.elapsed();
            self.took(took);
            match looked {
                Lookup::Found(found) => {
                    assert_eq!(found, entry());
                    self.found.fetch_add(1, Ordering::Relaxed);
                }
                Lookup::Missing | Lookup::Unavailable => {
                    self.store.put(&one, entry(), LONG, self.store.ask()).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn took(&self, took: Duration) {
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = slowest.max(took);
    }

    /// Waits until entries are found that were not before.
    async fn serves(&self, what: &str) {
        let before = self.found.load(Ordering::Relaxed);
        until(what, async || {
            (self.found.load(Ordering::Relaxed) > before + 100).then_some(())
        })
        .await;
    }
}

fn impatient(url: &str) -> RedisStore {
    RedisStore {
        timeout: TIMEOUT,
        ..spec(url)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_load_holds_nobody_up_and_is_found_again() {
    let Some(mut process) = Process::start(&[]).await else {
        return;
    };
    let opened = open(impatient(&process.url()));
    let load = Arc::new(Load {
        store: opened.store.clone(),
        ends: AtomicBool::new(false),
        found: AtomicUsize::new(0),
        slowest: Mutex::default(),
    });
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let load = Arc::clone(&load);
            tokio::spawn(async move { load.run(number).await })
        })
        .collect();
    for round in 0..2 {
        load.serves("hits").await;
        process.kill();
        until("the line is down", async || {
            (load.store.get(&key("a/r", "one", 99)).await == Lookup::Unavailable).then_some(())
        })
        .await;
        process.restart().await;
        load.serves(&format!("hits after restart {round}")).await;
    }
    load.ends.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let slowest = *load.slowest.lock().unwrap();
    assert!(slowest < TIMEOUT + TURN, "{slowest:?}");
    assert!(opened.failed("get", "down"));
}

/// In told time nothing but the timeout counts, however busy the machine.
#[tokio::test]
async fn no_look_takes_longer_than_the_timeout() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let held_up = Duration::from_millis(50);
    let opened = connected(RedisStore {
        timeout: held_up,
        ..spec(&process.url())
    })
    .await;
    process.signal("STOP");
    let before = opened.failures("get", "timeout");
    tokio::time::pause();
    let start = Instant::now();
    assert_eq!(opened.store.get(&key("a/r", "one", 1)).await, Lookup::Unavailable);
    let took = start.elapsed();
    assert!(took <= held_up + Duration::from_millis(1), "{took:?}");
    assert_eq!(
        opened.failures("get", "timeout"),
        before + 1,
        "the server was asked"
    );
    process.signal("CONT");
}

#[tokio::test]
async fn a_server_that_hangs_is_left_alone_after_a_few_calls() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let opened = connected(impatient(&process.url())).await;
    process.signal("STOP");
    let one = key("a/r", "one", 1);
    let down = opened.failures("get", "down");
    // Five in a row are enough; the next does not ask.
    for _ in 0..7 {
        let start = Instant::now();
        assert_eq!(opened.store.get(&one).await, Lookup::Unavailable);
        assert!(start.elapsed() < TIMEOUT + TURN, "{:?}", start.elapsed());
    }
    assert_eq!(opened.failures("get", "timeout"), 5);
    assert_eq!(opened.failures("get", "down"), down + 2);
    process.signal("CONT");
    opened.answers().await;
}

#[tokio::test]
async fn a_server_that_comes_later_is_found() {
    let Some(mut process) = Process::start(&[]).await else {
        return;
    };
    process.kill();
    let opened = open(impatient(&process.url()));
    until("it was tried", async || {
        opened.failed("connect", "connection").then_some(())
    })
    .await;
    assert_eq!(opened.store.get(&key("a/r", "one", 1)).await, Lookup::Unavailable);
    process.restart().await;
    opened.answers().await;
}
