//! The Redis of a cache is killed, started again and frozen under load: no call fails, and none waits for it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use wayleave_tests::{Client, Front, Gateway, HEAVY, on_every_front};

use super::caching::{Pair, WAYS, cache};

on_every_front!(a_store_that_dies_under_load_is_not_noticed);

/// Clients of each gateway.
const CLIENTS: usize = 3;
/// Questions that are asked again and again; as many calls ask something that nobody asked before.
const QUESTIONS: usize = 20;
/// The longest that the store may hold up a call.
const HELD_UP: Duration = Duration::from_millis(50);
/// What a call may take on a machine that starts other gateways at the same time.
const SLACK: Duration = Duration::from_millis(500);
/// Of so many looks into the store one may be late for the same reason.
const ONE_IN: i64 = 50;

/// What the store goes through.
const PHASES: [&str; 5] = ["steady", "killed", "restarted", "frozen", "thawed"];

/// One call of the load.
struct Call {
    began: Instant,
    took: Duration,
    cache: String,
}

/// Calls one after the other until told to stop.
async fn load(client: Client, number: usize, stop: Arc<AtomicBool>) -> Vec<Call> {
    let mut calls = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let round = calls.len();
        let question = if round % 2 == 0 {
            format!("Question {}", fastrand::usize(..QUESTIONS))
        } else {
            format!("Question {round} of client {number}")
        };
        let way = WAYS[round % WAYS.len()];
        let began = Instant::now();
        // Asks for a whole and good answer.
        let answer = way.ask(&client, &question).await;
        calls.push(Call {
            began,
            took: began.elapsed(),
            cache: cache(&answer).to_owned(),
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    calls
}

/// Within what time half of the calls that began in a phase had their answers, and all of them.
fn times(what: &str, calls: &[Call], moments: &Range<Instant>) -> (Duration, Duration) {
    let within = |call: &&Call| moments.contains(&call.began);
    let mut took: Vec<_> = calls.iter().filter(within).map(|call| call.took).collect();
    took.sort();
    let of = |cache: &str| {
        calls
            .iter()
            .filter(within)
            .filter(|call| call.cache == cache)
            .count()
    };
    let (Some(middle), Some(last)) = (took.get(took.len() / 2), took.last()) else {
        panic!("{what}: no call")
    };
    println!(
        "{what}: {} calls, {} hits, {} misses; half within {middle:?}, all within {last:?}",
        took.len(),
        of("hit"),
        of("miss")
    );
    (*middle, *last)
}

/// Looks into the store that took longer than a call may be held up, and all.
async fn slow_looks(gateway: &Gateway) -> (i64, i64) {
    let metrics = gateway.metrics().await;
    let gets = |name: &str, more: &[(&str, &str)]| {
        metrics.count(
            name,
            &[&[("store", "redis"), ("operation", "get")], more].concat(),
        )
    };
    let all = gets("wayleave_cache_store_seconds_count", &[]);
    (
        all - gets("wayleave_cache_store_seconds_bucket", &[("le", "0.05")]),
        all,
    )
}

async fn a_store_that_dies_under_load_is_not_noticed(front: Front) {
    let _alone = HEAVY.lock().await;
    let Some(mut pair) = Pair::start(front, "m?tokens=30&ttft=20ms", "20ms", ["", ""]).await else {
        return;
    };
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    let places = pair.client();
    for client in &places {
        for way in WAYS {
            way.ask(client, "Are you warm?").await;
        }
    }
    for (number, client) in places.iter().cycle().take(2 * CLIENTS).enumerate() {
        clients.spawn(load(client.clone(), number, Arc::clone(&stop)));
    }
    let moments = fall_and_rise(&mut pair).await;
    stop.store(true, Ordering::Relaxed);
    let calls: Vec<_> = clients.join_all().await.into_iter().flatten().collect();

    let (half_steady, all_steady) = times(PHASES[0], &calls, &moments[0]);
    for (phase, moments) in PHASES.iter().zip(&moments).skip(1) {
        let (half, all) = times(phase, &calls, moments);
        assert!(
            half <= half_steady + HELD_UP,
            "{phase}: half within {half:?} after {half_steady:?}"
        );
        assert!(
            all <= all_steady.max(SLACK) + HELD_UP,
            "{phase}: all within {all:?} after {all_steady:?}"
        );
    }
    for gateway in &pair.gateways {
        let (slow, all) = slow_looks(gateway).await;
        assert!(
            slow * ONE_IN <= all && all > 0,
            "{slow} of {all} looks took longer than {HELD_UP:?}"
        );
        let errors = gateway.metrics().await;
        let errors = errors.count("wayleave_cache_store_errors_total", &[("store", "redis")]);
        assert!(errors > 0, "a dead store is counted");
    }
    pair.finish().await;
}

/// What becomes of the store, and when.
async fn fall_and_rise(pair: &mut Pair) -> [Range<Instant>; PHASES.len()] {
    let lasts = async |time| tokio::time::sleep(time).await;
    let started = Instant::now();
    lasts(Duration::from_millis(1500)).await;
    let killed = Instant::now();
    pair.redis.kill().await;
    lasts(Duration::from_secs(2)).await;
    let restarted = Instant::now();
    pair.redis.restart().await;
    // Hits again at both, without a restart of theirs.
    pair.connected().await;
    lasts(Duration::from_secs(1)).await;
    let frozen = Instant::now();
    pair.redis.freeze();
    lasts(Duration::from_millis(1500)).await;
    pair.redis.thaw();
    let thawed = Instant::now();
    pair.connected().await;
    lasts(Duration::from_secs(1)).await;
    let end = Instant::now();
    [
        started..killed,
        killed..restarted,
        restarted..frozen,
        frozen..thawed,
        thawed..end,
    ]
}
