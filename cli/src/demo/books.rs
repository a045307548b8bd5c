//! The ledger, read back at the admin port.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::usage::Usage;
use wayleave_core::walk::Role;

use crate::client::Peer;

/// How long a call's record may take: a race's losers are read to their ends first.
const PATIENCE: Duration = Duration::from_secs(15);
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// More than all records of the demo.
const ALL: usize = 10_000;

/// What the ledger has of one call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Books {
    pub(crate) call: CallRecord,
    /// In the order of their beginning.
    pub(crate) attempts: Vec<AttemptRecord>,
}

/// The members of a record of an attempt that the demo needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AttemptRecord {
    pub(crate) attempt: u32,
    pub(crate) lane: u32,
    pub(crate) role: Role,
    /// `NAMESPACE/NAME`.
    pub(crate) provider: String,
    pub(crate) model_asked: String,
    pub(crate) model_served: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) class: Class,
    pub(crate) usage: Option<Usage>,
    pub(crate) estimated: bool,
    pub(crate) cost_ticks: Option<Ticks>,
    /// What the answer had cost, where it came out of a cache.
    pub(crate) saved_ticks: Option<Ticks>,
    pub(crate) saved_usd: Option<String>,
}

/// The same of a call's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CallRecord {
    pub(crate) call: String,
    pub(crate) model_asked: String,
    pub(crate) status: Option<u16>,
    pub(crate) class: Class,
    pub(crate) attempts: u32,
    /// `NAMESPACE/NAME`.
    pub(crate) provider: Option<String>,
    pub(crate) cost_ticks: Option<Ticks>,
    pub(crate) cost_usd: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Record {
    Attempt(Box<AttemptRecord>),
    Call(Box<CallRecord>),
}

impl AttemptRecord {
    /// Whether it was made behind the client's back: no part of what its call cost.
    pub(crate) const fn is_behind(&self) -> bool {
        matches!(self.role, Role::Shadow | Role::Judge)
    }

    /// Whether it was no request, but the answer to another call.
    pub(crate) const fn is_reused(&self) -> bool {
        matches!(self.role, Role::CacheHit | Role::Coalesced)
    }

    /// The name without its namespace.
    pub(crate) fn provider_name(&self) -> &str {
        self.provider.rsplit('/').next().unwrap_or_default()
    }
}

/// The records of one call, once all are there.
///
/// # Errors
/// When they do not come within 15 seconds, or are not what they are agreed to be.
pub(crate) async fn of_call(admin: &Peer, call: &str) -> anyhow::Result<Books> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(books) = balanced(read(admin, &format!("/ledger?call={call}&limit={ALL}")).await?) {
            return Ok(books);
        }
        if Instant::now() > end {
            bail!("the ledger has no whole record of call {call} after 15 seconds");
        }
        sleep(ASK_AGAIN).await;
    }
}

/// Every attempt.
///
/// # Errors
/// When the records are not what they are agreed to be.
pub(crate) async fn attempts(admin: &Peer) -> anyhow::Result<Vec<AttemptRecord>> {
    let records = read(admin, &format!("/ledger?limit={ALL}")).await?;
    let attempts = records.into_iter().filter_map(|record| match record {
        Record::Attempt(attempt) => Some(*attempt),
        Record::Call(_) => None,
    });
    Ok(attempts.collect())
}

/// Waits until the judge has seen all answers that wait for it.
///
/// # Errors
/// When that takes longer than 15 seconds.
pub(crate) async fn judged(admin: &Peer) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let metrics = admin.get_text("/metrics").await?;
        if metrics.lines().any(|line| line == "wayleave_behind 0") {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("the judge has not seen all answers after 15 seconds");
        }
        sleep(ASK_AGAIN).await;
    }
}

async fn read(admin: &Peer, path: &str) -> anyhow::Result<Vec<Record>> {
    let records = admin.get_json(path).await?;
    serde_json::from_value(records).with_context(|| format!("the ledger at {admin}{path} has other members"))
}

/// The books of a call that is over, i.e. has its own record and one for each attempt that it counts.
fn balanced(records: Vec<Record>) -> Option<Books> {
    let mut attempts = Vec::new();
    let mut call = None;
    for record in records {
        match record {
            Record::Attempt(attempt) if attempt.is_behind() => {}
            Record::Attempt(attempt) => attempts.push(*attempt),
            Record::Call(record) => call = Some(*record),
        }
    }
    attempts.sort_by_key(|attempt| attempt.attempt);
    let call = call?;
    (usize::try_from(call.attempts) == Ok(attempts.len())).then_some(Books { call, attempts })
}
