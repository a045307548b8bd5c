//! A store in a Redis or Valkey server, or a cluster of them, that all replicas share.
//!
//! What a call waits for is bounded by the policy's timeout: a command goes to a connection that is there, or nowhere.

mod line;
mod name;
mod purge;
pub(crate) mod server;
mod vectors;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, FromRedisValue, Pipeline, RedisResult, cmd};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use wayleave_core::cache::key::Key;
use wayleave_core::snapshot::cache::RedisStore;

use self::line::{Line, Link, Vectors};
use self::server::{BadServer, Server};
use super::seal::{self, BadKey, Seal};
use super::{Ground, Lookup, Setup};
use crate::metrics::{Fault, Label, Operation, StoreKind, StoreMetrics};

/// A store in a server. Cheap to clone: all clones are one.
#[derive(Clone)]
pub(super) struct Redis(Arc<Inner>);

struct Inner {
    line: Line,
    seal: Seal,
    timeout: Duration,
    /// The most bytes of an entry as it lies there.
    largest: usize,
    metrics: StoreMetrics,
}

/// A store that cannot be used as it is described. Says nothing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadStore {
    #[error(transparent)]
    Server(#[from] BadServer),
    #[error(transparent)]
    Key(#[from] BadKey),
}

impl Redis {
    pub(super) fn open(
        spec: &RedisStore,
        setup: &Setup,
        policy: Label,
        ground: &Ground,
        metrics: &StoreMetrics,
    ) -> Result<Self, BadStore> {
        let server = Server::new(spec)?;
        let seal = Seal::new(spec.encryption_key.as_ref())?;
        let vectors = match (setup.similar, &spec.encryption_key) {
            (false, _) => Vectors::Unwanted,
            (true, None) => Vectors::Wanted,
            // They tell much of the words, and nobody could search them if they were encrypted.
            (true, Some(_)) => Vectors::Secret,
        };
        Ok(Self(Arc::new(Inner {
            line: Line::open(
                server,
                spec.timeout,
                vectors,
                policy,
                metrics.clone(),
                ground.news.clone(),
            ),
            seal,
            timeout: spec.timeout,
            largest: setup.largest.saturating_add(seal::OVERHEAD),
            metrics: metrics.clone(),
        })))
    }

    pub(super) async fn get(&self, key: &Key) -> Lookup {
        let name = name::of(key);
        // Of an entry that is too large only the beginning comes, in one round trip: GET would bring it all, and STRLEN
        // before it would take a second one.
        let command = cmd("GETRANGE").arg(&name).arg(0).arg(self.0.largest).to_owned();
        let closed: Vec<u8> = match self.command(Operation::Get, &command).await {
            Ok(closed) => closed,
            Err(Fault::Refused) => return Lookup::Missing,
            Err(_) => return Lookup::Unavailable,
        };
        if closed.is_empty() {
            return Lookup::Missing;
        }
        if closed.len() > self.0.largest {
            self.failed(Operation::Get, Fault::Oversized);
            return Lookup::Missing;
        }
        if let Some(entry) = self.0.seal.open(&name, closed) {
            return Lookup::Found(entry);
        }
        self.failed(Operation::Get, Fault::Sealed);
        Lookup::Missing
    }

    /// What went wrong is counted.
    pub(super) async fn put(&self, key: &Key, entry: &Bytes, ttl: Duration) -> Result<(), Fault> {
        let name = name::of(key);
        let closed = match self.0.seal.close(&name, entry) {
            Ok(closed) if closed.len() <= self.0.largest => closed,
            unfit => {
                let fault = unfit.map_or(Fault::Sealed, |_| Fault::Oversized);
                self.failed(Operation::Put, fault);
                return Err(fault);
            }
        };
        let command = cmd("SET")
            .arg(&name)
            .arg(closed)
            .arg("PX")
            .arg(millis(ttl))
            .to_owned();
        self.command(Operation::Put, &command).await
    }

    /// Sends a command, and waits no longer than a call may.
    async fn command<T: FromRedisValue>(&self, operation: Operation, command: &Cmd) -> Result<T, Fault> {
        let link = self.link(operation)?;
        let answer = timeout(self.0.timeout, link.wire.ask(command)).await;
        self.judge(operation, &link, answer)
    }

    /// Sends several commands at once, all of one name, and waits no longer than a call may.
    async fn commands<T: FromRedisValue>(
        &self,
        operation: Operation,
        commands: &Pipeline,
    ) -> Result<T, Fault> {
        let link = self.link(operation)?;
        let answer = timeout(self.0.timeout, link.wire.ask_all(commands)).await;
        self.judge(operation, &link, answer)
    }

    fn link(&self, operation: Operation) -> Result<Arc<Link>, Fault> {
        self.0.line.link().ok_or_else(|| {
            self.failed(operation, Fault::Down);
            Fault::Down
        })
    }

    fn judge<T>(
        &self,
        operation: Operation,
        link: &Link,
        answer: Result<RedisResult<T>, Elapsed>,
    ) -> Result<T, Fault> {
        let fault = match answer {
            Ok(Ok(answer)) => {
                link.served();
                return Ok(answer);
            }
            Ok(Err(error)) => server::fault(&error),
            Err(_) => Fault::Timeout,
        };
        link.failed(fault);
        self.failed(operation, fault);
        Err(fault)
    }

    /// Whether it is to search vectors and the server, when last seen, could not.
    pub(super) fn lacks_vectors(&self) -> bool {
        self.0.line.lacks_vectors()
    }

    fn failed(&self, operation: Operation, fault: Fault) {
        self.0.metrics.failed(StoreKind::Redis, operation, fault);
    }
}

fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, i64::MAX as u64)
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
