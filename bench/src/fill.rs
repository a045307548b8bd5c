//! What kept answers take in memory: resident memory and the gauge of the cache, before and after it is filled.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::fleet::Member;
use crate::gauges;
use crate::http::call::{Call, Expect, Source};
use crate::http::connection::Connection;
use crate::http::response::Cache;
use crate::load::Lane;
use crate::process;
use crate::report::mb;
use crate::scenario::{Route, Store, request};

/// Connections that fill.
const LANES: u32 = 8;
/// Calls before the first look at the memory, which keep nothing.
const WARM_UP: u32 = 1_000;
/// Entries at each look.
const SIZES: [u32; 2] = [1_000, 10_000];
/// Rest before memory is read.
const SETTLE: Duration = Duration::from_secs(1);
/// How long filling may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// Chunks with content in each stream.
const CHUNKS: u32 = 200;

/// The answers that fill a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filling {
    /// Of 1 KB.
    Answers,
    /// Streams of 200 events.
    Streams,
}

/// What a cache takes with so many entries. MB are 1,000,000 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Filled {
    /// The answers.
    pub filling: Filling,
    /// How many.
    pub entries: u32,
    /// What the cache says of itself.
    pub cache_mb: f64,
    /// Resident memory before the first entry, after calls that keep nothing.
    pub before_mb: f64,
    /// Resident memory with them.
    pub after_mb: f64,
}

impl Filling {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Answers, Self::Streams];

    /// What they are.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Answers => "answers of 1 KB",
            Self::Streams => "streams of 200 events",
        }
    }

    /// The routes of the gateway: one that keeps nothing, and one that fills the cache.
    pub fn routes(self) -> [Route; 2] {
        let (names, chain): (_, &[&str]) = match self {
            Self::Answers => (["warm-answers", "fill-answers"], &["sim?bytes=1KiB"]),
            Self::Streams => (
                ["warm-streams", "fill-streams"],
                &["sim?chunks=200&chunk-bytes=4"],
            ),
        };
        let [warm, fill] = names;
        let route = |name, cache| Route { name, chain, cache };
        [route(warm, None), route(fill, Some(Store::Memory))]
    }

    /// A call with a question of its own.
    fn call(self, route: Route, address: SocketAddr, number: u32) -> Call {
        // What is answered from the cache adds nothing to it.
        let source = route.cache.map_or(Source::Any, |_| Source::Cache(Cache::Miss));
        let expect = match self {
            Self::Answers => Expect::Answer {
                min_bytes: 1024,
                source,
            },
            Self::Streams => Expect::Stream {
                chunks: CHUNKS,
                source,
            },
        };
        let stream = matches!(self, Self::Streams);
        Call {
            request: request(address, route.name, stream, &format!("Question {number}: ")),
            expect,
        }
    }
}

/// Fills the cache of a gateway that has just been started, and looks at its memory.
///
/// # Errors
/// When a call is not answered well, or the gateway does not tell of its cache.
pub async fn measure(member: &Member, filling: Filling) -> Result<Vec<Filled>> {
    let [warm, fill] = filling.routes();
    let calls = async |route, from, to| {
        let calls = ask(member.address, filling, route, from, to);
        timeout(PATIENCE, calls)
            .await
            .context("filling the cache took too long")?
    };
    calls(warm, 0, WARM_UP).await?;
    let before_mb = resident_mb(member).await;
    let mut filled = Vec::new();
    let mut done = 0;
    for entries in SIZES {
        calls(fill, done, entries).await?;
        done = entries;
        let after_mb = resident_mb(member).await;
        let told = gauges::read(member.admin).await?;
        if told.cache_entries != u64::from(entries) {
            bail!(
                "the cache has {} entries instead of {entries}",
                told.cache_entries
            );
        }
        filled.push(Filled {
            filling,
            entries,
            cache_mb: mb(told.cache_bytes),
            before_mb,
            after_mb,
        });
    }
    Ok(filled)
}

async fn resident_mb(member: &Member) -> f64 {
    sleep(SETTLE).await;
    mb(process::usage(member.child.pid()).other.resident)
}

/// Asks each question from `from` up to `to` once.
async fn ask(address: SocketAddr, filling: Filling, route: Route, from: u32, to: u32) -> Result<()> {
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        lanes.spawn(async move {
            let numbers = (from..to).filter(|number| number % LANES == lane);
            let mut connection: Option<Connection> = None;
            for number in numbers {
                let call = Arc::new(filling.call(route, address, number));
                let connection = match &mut connection {
                    Some(connection) => {
                        connection.ask(call);
                        connection
                    }
                    none @ None => none.insert(Connection::new(address, call)),
                };
                connection
                    .call(Instant::now())
                    .await
                    .with_context(|| format!("question {number} to {}", route.name))?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = lanes.join_next().await {
        ended.context("a connection of the bench failed")??;
    }
    Ok(())
}
