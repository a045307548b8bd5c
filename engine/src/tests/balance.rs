//! Σ attempts = the call's total = what the metric counted, whatever happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::judge::judgements::Judged;

use super::Script;
use super::config::{MODELS, snapshot};
use crate::call::{Body, Call, Piece};
use crate::{Engine, EngineOptions};

const CALLS: u64 = 1_000;

/// A client: what it asks, when, how fast it reads, and whether it leaves.
struct Client {
    call: Call,
    begins: Duration,
    reads: Duration,
    leaves: Option<Duration>,
}

/// What a client saw.
struct Seen {
    status: Option<u16>,
    /// It has the whole answer.
    whole: bool,
    call: Option<String>,
}

impl Client {
    fn draw(rng: &mut Rng) -> Self {
        let endpoint = if rng.bool() {
            Endpoint::ChatCompletions
        } else {
            Endpoint::Messages
        };
        let body = json!({
            "model": MODELS[rng.usize(0..MODELS.len())],
            "max_tokens": 100,
            "stream": rng.bool(),
            "messages": [{"role": "user", "content": "word ".repeat(rng.usize(1..400))}],
        });
        Self {
            call: Call {
                endpoint,
                path: endpoint.path("m"),
                headers: HeaderMap::new(),
                body: body.to_string().into(),
            },
            begins: Duration::from_millis(rng.u64(0..120_000)),
            reads: Duration::from_millis(rng.u64(0..50)),
            leaves: (rng.u8(..) < 64).then(|| Duration::from_millis(rng.u64(0..4000))),
        }
    }

    async fn run(self, engine: Engine) -> Seen {
        tokio::time::sleep(self.begins).await;
        let mut seen = Seen {
            status: None,
            whole: false,
            call: None,
        };
        let stay = self.leaves.unwrap_or(Duration::from_secs(3600));
        let _ = tokio::time::timeout(stay, read(&engine, self.call, self.reads, &mut seen)).await;
        seen
    }
}

async fn read(engine: &Engine, call: Call, pace: Duration, seen: &mut Seen) {
    let answer = engine.run(call).await;
    seen.status = Some(answer.status.as_u16());
    let id = answer.headers.get("x-wayleave-call-id").expect("a call id");
    seen.call = Some(id.to_str().expect("text").to_owned());
    let Body::Stream(mut pieces) = answer.body else {
        seen.whole = true;
        return;
    };
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Bytes(_) => tokio::time::sleep(pace).await,
            Piece::End(_) => seen.whole = true,
        }
    }
}

/// The ledger, by call: its own record and those of its attempts.
fn books(engine: &Engine) -> BTreeMap<String, (Option<Value>, Vec<Value>)> {
    let mut books: BTreeMap<String, (Option<Value>, Vec<Value>)> = BTreeMap::new();
    for record in engine.ledger(None, usize::MAX) {
        let (call, attempts) = books
            .entry(record["call"].as_str().expect("an id").to_owned())
            .or_default();
        let behind = is_behind(&record);
        if record["kind"] == "attempt" {
            assert!(
                behind || call.is_none(),
                "an attempt after the end of its call: {record}"
            );
            attempts.push(record);
        } else {
            assert!(call.replace(record).is_none(), "two records of one call");
        }
    }
    books
}

/// Made behind the client's back: no part of what the call cost, and perhaps after its end.
fn is_behind(attempt: &Value) -> bool {
    attempt["role"] == "shadow" || attempt["role"] == "judge"
}

/// The sum of a metric's samples.
fn metric(engine: &Engine, name: &str) -> i64 {
    let text = engine.metrics();
    let of_it = |line: &&str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['{', ' ']))
    };
    let value = |line: &str| {
        line.rsplit(' ')
            .next()
            .and_then(|value| value.parse::<i64>().ok())
    };
    text.lines().filter(of_it).filter_map(value).sum()
}

/// `None` as soon as one is.
fn total(attempts: &[Value]) -> Option<i64> {
    attempts
        .iter()
        .try_fold(0, |sum, attempt| Some(sum + attempt["cost_ticks"].as_i64()?))
}

fn check_call(call: &Value, attempts: &[Value]) {
    let mut all: Vec<u64> = attempts
        .iter()
        .filter_map(|attempt| attempt["attempt"].as_u64())
        .collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(
        all.len(),
        attempts.len(),
        "each attempt has its own number: {attempts:?}"
    );
    let attempts: Vec<Value> = attempts
        .iter()
        .filter(|attempt| !is_behind(attempt))
        .cloned()
        .collect();
    let mut numbers: Vec<u64> = attempts
        .iter()
        .filter_map(|attempt| attempt["attempt"].as_u64())
        .collect();
    numbers.sort_unstable();
    let wanted: Vec<u64> = (1..=call["attempts"].as_u64().expect("a count")).collect();
    assert_eq!(numbers, wanted, "each attempt has one record: {call}");
    assert_eq!(
        call["cost_ticks"].as_i64(),
        total(&attempts),
        "{call} {attempts:?}"
    );
    let count = |class: &str| {
        attempts
            .iter()
            .filter(|attempt| attempt["class"] == class)
            .count()
    };
    let served = count("ok") + count("cut");
    assert!(served <= 1, "nothing is served twice: {attempts:?}");
    match call["class"].as_str().expect("a class") {
        "ok" => assert_eq!(count("ok"), 1, "{call} {attempts:?}"),
        "cut" => assert_eq!(count("cut"), 1, "{call} {attempts:?}"),
        _ => {}
    }
}

/// An engine after a mix of calls.
struct Mix {
    engine: Engine,
    script: Script,
    seen: Vec<Seen>,
}

async fn run(seed: u64) -> Mix {
    fastrand::seed(seed);
    let mut rng = Rng::with_seed(seed);
    let script = Script::new(seed);
    let options = EngineOptions {
        ledger_ring: 100_000,
        ..EngineOptions::default()
    };
    let mut engine = Engine::start(options).expect("an engine");
    Arc::get_mut(&mut engine.0)
        .expect("not shared yet")
        .clients
        .script = Some(script.clone());
    engine.apply(snapshot());
    let mut clients = JoinSet::new();
    for _ in 0..CALLS {
        clients.spawn(Client::draw(&mut rng).run(engine.clone()));
    }
    let seen = clients.join_all().await;
    engine.drained().await;
    Mix { engine, script, seen }
}

impl Mix {
    fn check(&self) {
        let books = books(&self.engine);
        assert_eq!(books.len() as u64, CALLS, "one record per call");
        for (call, attempts) in books.values() {
            check_call(call.as_ref().expect("the call's record"), attempts);
        }
        let attempts: Vec<&Value> = books.values().flat_map(|(_, attempts)| attempts).collect();
        self.check_metrics(&attempts);
        assert_eq!(self.engine.in_flight(), 0);
        assert_eq!(
            self.script.running(),
            0,
            "every provider was read to its end or let go"
        );
        assert!(self.script.asked() <= attempts.len());
        for client in &self.seen {
            let Some(id) = &client.call else { continue };
            let call = books[id].0.as_ref().expect("a record");
            assert_eq!(call["status"].as_u64(), client.status.map(u64::from), "{call}");
            assert!(!client.whole || call["class"] != "client_left", "{call}");
        }
        let calls = books.values().filter_map(|(call, _)| call.as_ref());
        self.check_judges(&attempts);
        is_a_mix(&calls.chain(attempts.iter().copied()).collect::<Vec<_>>());
    }

    /// A judge that fails or takes too long gives no score.
    fn check_judges(&self, attempts: &[&Value]) {
        let by = |class: &str| {
            let judged = attempts.iter().filter(|attempt| attempt["role"] == "judge");
            judged.filter(|attempt| attempt["class"] == class).count() as u64
        };
        let ends = ["ok", "timeout", "server_error"].map(by);
        assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
        let mut given = BTreeMap::new();
        let mut scores = 0;
        for report in self.engine.experiments() {
            scores += report.arms.iter().map(|arm| arm.all.score.count).sum::<u64>();
            for (judged, count) in report.judge.expect("a judge").judgements {
                *given.entry(judged).or_insert(0) += count;
            }
        }
        let of = |judged| given.get(&judged).copied().unwrap_or(0);
        assert_eq!(scores, of(Judged::Scored) + of(Judged::Tie), "{given:?}");
        assert!(of(Judged::Failed) > 0 && of(Judged::Unusable) > 0, "{given:?}");
    }

    fn check_metrics(&self, attempts: &[&Value]) {
        let ticks: i64 = attempts
            .iter()
            .filter_map(|attempt| attempt["cost_ticks"].as_i64())
            .sum();
        let unpriced = attempts
            .iter()
            .filter(|attempt| attempt["cost_ticks"].is_null())
            .count();
        let counted = |name: &str| usize::try_from(metric(&self.engine, name)).expect("a count");
        for name in ["wayleave_cost_ticks_total", "wayleave_call_cost_ticks_total"] {
            assert_eq!(metric(&self.engine, name), ticks);
        }
        assert_eq!(counted("wayleave_unpriced_calls_total"), unpriced);
        assert_eq!(counted("wayleave_attempts_total"), attempts.len());
        assert_eq!(counted("wayleave_calls_total") as u64, CALLS);
        assert_eq!(counted("wayleave_in_flight"), 0);
        let tokens = |attempt: &&Value| {
            let usage = &attempt["usage"];
            let of = |name: &str| usage[name].as_i64().unwrap_or(0);
            of("input") + of("cache_read") + of("cache_write_5m") + of("cache_write_1h") + of("output")
        };
        let tokens: i64 = attempts.iter().map(tokens).sum();
        assert_eq!(metric(&self.engine, "wayleave_tokens_total"), tokens);
    }
}

/// Asserts that nothing interesting was missed.
fn is_a_mix(records: &[&Value]) {
    let count = |kind: &str, member: &str, value: &str| {
        let hit = |record: &&&Value| record["kind"] == kind && record[member] == value;
        records.iter().filter(hit).count()
    };
    for role in ["primary", "retry", "fallback", "race-winner", "race-loser"] {
        assert!(count("attempt", "role", role) > 10, "{role}");
    }
    for class in [
        "ok",
        "cut",
        "client_left",
        "lost_race",
        "timeout",
        "network",
        "server_error",
        "rate_limited",
    ] {
        assert!(count("attempt", "class", class) > 5, "{class}");
    }
    for class in ["auth_failed", "caller", "empty", "malformed", "slow_stream"] {
        assert!(count("attempt", "class", class) > 0, "{class}");
    }
    for source in ["table", "estimate", "none"] {
        assert!(count("attempt", "cost_source", source) > 5, "{source}");
    }
    for class in ["ok", "cut", "client_left"] {
        assert!(count("call", "class", class) > 5, "{class}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_books_balance_over_a_thousand_mixed_calls() {
    run(1).await.check();
}

#[tokio::test(start_paused = true)]
async fn the_books_balance_over_another_thousand() {
    run(20_261_123).await.check();
}
