//! Recent calls of all replicas, in the Redis of what is learned, so that any of them may be told of any call.
//!
//! Calls are written in the background, and dropped where that does not keep up. Only whoever gives feedback waits for the
//! server, and not for long.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::{Cmd, FromRedisValue};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{Claim, MOST, MOST_NAMES, REMEMBERED, Was};
use crate::cache::store::server::{Wire, fault};
use crate::learned::CommonsOptions;
use crate::metrics::{Fault, LearnedMetrics};

/// Calls that wait to be written.
const QUEUE: usize = 4_096;
/// How many are written at once.
const BATCH: usize = 256;
/// How long the server may take for one step.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it is left alone when it fails.
const PAUSE: Duration = Duration::from_secs(5);

/// KEYS: calls, order. ARGV: most, how long in milliseconds; then ids and calls.
const KEEP: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[2], now, ARGV[i])
end
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2], 'LIMIT', 0, 1000)
local over = redis.call('ZCARD', KEYS[2]) - ARGV[1]
if #old == 0 and over > 0 then old = redis.call('ZRANGE', KEYS[2], 0, over - 1) end
for _, id in ipairs(old) do
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 0
";

/// KEYS: the names under which there is feedback on a call. ARGV: name, most, how long in milliseconds.
const CLAIM: &str = "
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 0 end
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return -1 end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
";

/// The calls of all replicas.
#[derive(Debug)]
pub(super) struct Commons {
    queue: mpsc::Sender<(String, Was)>,
    server: Arc<Server>,
    _writer: AbortOnDropHandle<()>,
}

struct Server {
    options: CommonsOptions,
    metrics: LearnedMetrics,
    wire: ArcSwapOption<Wire>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Commons {
    /// Has to be called inside a Tokio runtime.
    pub(super) fn start(options: CommonsOptions, metrics: LearnedMetrics) -> Self {
        let server = Arc::new(Server {
            options,
            metrics,
            wire: ArcSwapOption::empty(),
        });
        let (queue, calls) = mpsc::channel(QUEUE);
        let writer = tokio::spawn(write(Arc::clone(&server), calls));
        Self {
            queue,
            server,
            _writer: AbortOnDropHandle::new(writer),
        }
    }

    /// Never waits.
    pub(super) fn keep(&self, call: &str, was: &Was) {
        if self.queue.try_send((call.to_owned(), was.clone())).is_err() {
            self.server.metrics.failed("redis", "full");
        }
    }

    /// What a call was; `None`: nobody can say.
    pub(super) async fn find(&self, call: &str) -> Option<Was> {
        let command = redis::cmd("HGET")
            .arg(self.server.key("calls"))
            .arg(call)
            .to_owned();
        let text: Option<String> = self.server.ask(&command).await.ok()?;
        serde_json::from_str(&text?).ok()
    }

    /// Whether feedback is the first of its name anywhere; `None`: nobody can say.
    pub(super) async fn claim(&self, call: &str, name: &str) -> Option<Claim> {
        let key = self.server.key(&format!("given:{call}"));
        let mut command = redis::cmd("EVAL");
        command.arg(CLAIM).arg(1).arg(key).arg(name).arg(MOST_NAMES);
        let claim: i64 = self.server.ask(command.arg(millis(REMEMBERED))).await.ok()?;
        Some(match claim {
            1 => Claim::First,
            0 => Claim::Again,
            _ => Claim::TooMany,
        })
    }
}

impl Server {
    fn key(&self, name: &str) -> String {
        self.options.prefix.key(name)
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Fault> {
        let asked = async {
            let wire = self.wire.load_full().ok_or(Fault::Down)?;
            match timeout(PATIENCE, wire.ask(command)).await {
                Ok(answer) => answer.map_err(|error| fault(&error)),
                Err(_) => Err(Fault::Timeout),
            }
        };
        let answer = asked.await;
        if let Err(fault) = &answer {
            self.metrics.failed("redis", fault.as_str());
            if matches!(fault, Fault::Connection | Fault::Timeout | Fault::Credentials) {
                self.wire.store(None);
            }
        }
        answer
    }

    /// The log says of the same server what is wrong with it.
    async fn connect(&self) -> Result<(), Fault> {
        let server = self.options.server().map_err(|_| Fault::Unusable)?;
        let wire = server.connect().await.map_err(|error| fault(&error))?;
        self.wire.store(Some(Arc::new(wire)));
        Ok(())
    }
}

/// Writes calls as they come, and keeps the connection for all.
async fn write(server: Arc<Server>, mut calls: mpsc::Receiver<(String, Was)>) {
    let mut rests = Instant::now();
    let mut batch = Vec::new();
    loop {
        if server.wire.load().is_none() && Instant::now() >= rests && server.connect().await.is_err() {
            rests = Instant::now() + PAUSE;
        }
        // Also without a call it looks again whether there is a connection.
        let Ok(count) = timeout(PATIENCE, calls.recv_many(&mut batch, BATCH)).await else {
            continue;
        };
        if count == 0 {
            return;
        }
        let mut command = redis::cmd("EVAL");
        command.arg(KEEP).arg(2);
        command.arg(server.key("calls")).arg(server.key("calls-order"));
        command.arg(MOST).arg(millis(REMEMBERED));
        for (call, was) in batch.drain(..) {
            if let Ok(text) = serde_json::to_string(&was) {
                command.arg(call).arg(text);
            }
        }
        // What went wrong is counted, and the calls are still known here.
        let _ = server.ask::<()>(&command).await;
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
