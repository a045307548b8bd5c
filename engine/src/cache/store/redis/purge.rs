//! What is forgotten in a server, and what must not be put there any more.
//!
//! ```text
//! one replica:    note ──► remove all that is there
//! any of them:                  put ──► is there a note younger than the question? remove it again
//! ```
//! What was put before the note is removed with the rest, what is put after it finds the note. Nobody's clock is compared
//! with another's: how old a note is tells the time that it still has.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use redis::{Cmd, RedisResult, Value, cmd};
use tokio::time::{sleep, timeout};
use wayleave_core::cache::key::Key;

use super::server::{self, Wire};
use super::vectors::Dialect;
use super::{Redis, millis, name};
use crate::cache::store::{Asked, Purge, PurgeError};
use crate::metrics::{Fault, Operation};

/// Names that one step of a purge looks at, about.
pub(super) const STEP: usize = 1000;
/// How long a step of a purge may take: no call waits for it.
const STEP_PATIENCE: Duration = Duration::from_secs(2);
/// Commands of one step that are under way at once.
const AT_ONCE: usize = 64;
/// How long a note is there: longer than any call may take.
const NOTED: Duration = Duration::from_secs(25 * 3600);
/// To what a server says the time that a note has.
const GRAIN: Duration = Duration::from_millis(2);

/// What a walk through all names takes.
#[derive(Clone, Copy)]
enum Take<'a> {
    /// Whatever has such a name.
    Whole,
    /// Of each set the vector of this key.
    VectorOf(&'a Key),
}

impl Redis {
    pub(in crate::cache::store) async fn purge(&self, which: &Purge) -> Result<u64, PurgeError> {
        let Some(link) = self.0.line.link() else {
            self.failed(Operation::Purge, Fault::Down);
            return Err(PurgeError::Unavailable);
        };
        let wire = &link.wire;
        self.step(0, wire.ask::<()>(&note(which))).await?;
        // Whoever asks once this is over is not taken for one who asked before.
        sleep(5 * GRAIN).await;
        let mut removed = 0;
        match (which, link.dialect) {
            (Purge::Route(_) | Purge::Scope(_), _) => {
                self.walk(wire, &name::pattern(which), Take::Whole, &mut removed)
                    .await?;
            }
            (Purge::Key(key), dialect) => {
                removed = self.unlink(wire, &[name::of(key)], 0).await?;
                let (pattern, take) = match dialect {
                    None => return Ok(removed),
                    Some(Dialect::VectorSets) => (name::pattern_of_groups(key), Take::VectorOf(key)),
                    Some(Dialect::Search) => (name::pattern_of_item(key), Take::Whole),
                };
                self.walk(wire, &pattern, take, &mut removed).await?;
            }
        }
        Ok(removed)
    }

    /// Removes one entry, in the time that a command has.
    pub(in crate::cache::store) async fn remove(&self, key: &Key) {
        // What went wrong is counted.
        let _ = self
            .command::<()>(Operation::Put, cmd("UNLINK").arg(name::of(key)))
            .await;
    }

    /// Whether a purge has taken a key since, of any replica.
    pub(in crate::cache::store) async fn is_purged(&self, key: &Key, asked: Asked) -> Result<bool, Fault> {
        let notes = name::of_purges(key);
        let count: u64 = self
            .command(Operation::Put, cmd("EXISTS").arg(notes.as_slice()))
            .await?;
        if count == 0 {
            return Ok(false);
        }
        for note in &notes {
            let left: i64 = self.command(Operation::Put, cmd("PTTL").arg(note)).await?;
            // Below 0: there is none.
            let Ok(left) = u64::try_from(left) else { continue };
            let age = NOTED.saturating_sub(Duration::from_millis(left));
            let since = asked.at.elapsed();
            // No two clocks run alike; one in a thousand is far more than they differ.
            if age <= since + since / 1000 + GRAIN {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes through all names that look so, and takes.
    async fn walk(
        &self,
        wire: &Wire,
        pattern: &str,
        take: Take<'_>,
        removed: &mut u64,
    ) -> Result<(), PurgeError> {
        for node in self.step(*removed, wire.nodes()).await? {
            let mut cursor = 0_u64;
            loop {
                let scan = cmd("SCAN")
                    .arg(cursor)
                    .arg("MATCH")
                    .arg(pattern)
                    .arg("COUNT")
                    .arg(STEP)
                    .to_owned();
                let (next, names): (u64, Vec<String>) =
                    self.step(*removed, wire.ask_node(&node, scan)).await?;
                *removed += self.take(wire, names, take, *removed).await?;
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// How many entries were taken.
    async fn take(
        &self,
        wire: &Wire,
        names: Vec<String>,
        take: Take<'_>,
        removed: u64,
    ) -> Result<u64, PurgeError> {
        match take {
            Take::Whole => {
                let (entries, others): (Vec<String>, Vec<String>) =
                    names.into_iter().partition(|name| name::is_of_entry(name));
                let taken = self.unlink(wire, &entries, removed).await?;
                // What entries are found by is none.
                self.unlink(wire, &others, removed + taken).await?;
                Ok(taken)
            }
            Take::VectorOf(key) => {
                let request = key.request.to_string();
                let removing = names.into_iter().map(|name| {
                    let command = cmd("VREM").arg(name).arg(&request).to_owned();
                    async move { forgive(wire.ask(&command).await) }
                });
                let all = stream::iter(removing).buffer_unordered(AT_ONCE);
                self.step(removed, all.try_collect::<()>()).await?;
                Ok(0)
            }
        }
    }

    /// Removes these from the nodes that hold them: while a cluster moves entries, that may be another one.
    async fn unlink(&self, wire: &Wire, names: &[String], removed: u64) -> Result<u64, PurgeError> {
        if names.is_empty() {
            return Ok(0);
        }
        self.step(removed, wire.ask(cmd("UNLINK").arg(names))).await
    }

    /// One step of a purge that has removed that many.
    async fn step<T>(
        &self,
        removed: u64,
        work: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, PurgeError> {
        let fault = match timeout(STEP_PATIENCE, work).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => server::fault(&error),
            Err(_) => Fault::Timeout,
        };
        self.failed(Operation::Purge, fault);
        Err(PurgeError::Partly {
            removed,
            reason: fault.as_str(),
        })
    }
}

/// Notes a purge, for those who put something there later.
fn note(which: &Purge) -> Cmd {
    cmd("SET")
        .arg(name::of_purge(which))
        .arg("")
        .arg("PX")
        .arg(millis(NOTED))
        .to_owned()
}

/// What is no set was put there by others.
fn forgive(removed: RedisResult<Value>) -> RedisResult<()> {
    match removed {
        Err(error) if server::fault(&error) != Fault::Refused => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
