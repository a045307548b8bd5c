//! What is done at the server, each in one step.
//!
//! The keys, behind the prefix:
//!
//! | Key | Type | Holds |
//! |---|---|---|
//! | `replicas` | sorted set | each replica, by the server's time when it was last heard of |
//! | `seqs` | hash | of each replica, how many parts it has written |
//! | `cuts` | hash | of each replica, how often others took over some of its parts |
//! | `tokens` | hash | of each replica, what it took over last |
//! | `moves` | number | how often any did |
//! | `parts:REPLICA` | hash | its parts, by table and name |
//! | `order:REPLICA` | sorted set | the same fields, by when they were written |
//! | `gone:REPLICA` | string | that others have begun to take over its parts |

use std::collections::HashMap;
use std::time::Duration;

use redis::{Cmd, FromRedisValue};
use tokio::time::timeout;

use super::Prefix;
use crate::cache::store::server::{Wire, fault};
use crate::metrics::Fault;

/// How long the server may take. No call waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long parts are kept that nobody renews.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Fields that one step reads or writes at most.
pub(super) const PAGE: usize = 256;
/// Fields of a replica that are kept, those that were written last: more than all its tables have.
const MOST_FIELDS: usize = 1 << 16;

const NOW: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
";

/// KEYS: replicas, moves, seqs, cuts.
const LIST: &str = "
return {now, tonumber(redis.call('GET', KEYS[2]) or '0'), redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4])}
";

/// KEYS: moves, parts, order. ARGV: after which, how many.
const READ: &str = "
local fields = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local found = {}
for i = 1, #fields, 2 do
  local part = redis.call('HGET', KEYS[2], fields[i])
  if part then
    found[#found + 1] = fields[i]
    found[#found + 1] = part
  end
end
return {tonumber(redis.call('GET', KEYS[1]) or '0'), #fields / 2, tonumber(fields[#fields] or ARGV[1]), found}
";

/// KEYS: replicas, seqs, cuts, tokens, parts, order, gone. ARGV: replica, expected seq, least seq, kept, most fields;
/// then fields and parts.
const WRITE: &str = "
if redis.call('EXISTS', KEYS[7]) == 1 then return {-2, 0} end
local seq = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if seq ~= tonumber(ARGV[2]) then return {-1, seq} end
seq = math.max(seq, tonumber(ARGV[3]))
for i = 6, #ARGV, 2 do
  seq = seq + 1
  redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[6], seq, ARGV[i])
end
local over = redis.call('ZCARD', KEYS[6]) - tonumber(ARGV[5])
if over > 0 then
  for _, field in ipairs(redis.call('ZRANGE', KEYS[6], 0, over - 1)) do
    redis.call('HDEL', KEYS[5], field)
    redis.call('ZREM', KEYS[6], field)
  end
end
redis.call('HSET', KEYS[2], ARGV[1], seq)
redis.call('ZADD', KEYS[1], now, ARGV[1])
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])) do
  redis.call('ZREM', KEYS[1], old)
  for i = 2, 4 do redis.call('HDEL', KEYS[i], old) end
end
for i = 1, 6 do redis.call('PEXPIRE', KEYS[i], ARGV[4]) end
return {1, seq}
";

/// KEYS: replicas, seqs, cuts, tokens, own parts, own order, own gone, moves, its parts, its order, its gone.
/// ARGV: replica, gone replica, its seq, its cut, own seq, token, how long it has to be silent, kept; then fields and
/// merged parts.
const TAKE: &str = "
local own = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if redis.call('HGET', KEYS[4], ARGV[1]) == ARGV[6] then return {1, own} end
if redis.call('EXISTS', KEYS[7]) == 1 then return {-2, 0} end
if own ~= tonumber(ARGV[5]) then return {-1, own} end
local heard = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not heard or now - heard < tonumber(ARGV[7]) then return {0, own} end
if (redis.call('HGET', KEYS[2], ARGV[2]) or '0') ~= ARGV[3] then return {0, own} end
if (redis.call('HGET', KEYS[3], ARGV[2]) or '0') ~= ARGV[4] then return {0, own} end
for i = 9, #ARGV, 2 do
  own = own + 1
  redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[6], own, ARGV[i])
  redis.call('HDEL', KEYS[9], ARGV[i])
  redis.call('ZREM', KEYS[10], ARGV[i])
end
redis.call('HSET', KEYS[2], ARGV[1], own)
redis.call('HSET', KEYS[4], ARGV[1], ARGV[6])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
redis.call('INCR', KEYS[8])
redis.call('SET', KEYS[11], '1', 'PX', ARGV[8])
if redis.call('HLEN', KEYS[9]) == 0 then
  redis.call('DEL', KEYS[9], KEYS[10])
  redis.call('ZREM', KEYS[1], ARGV[2])
  for i = 2, 4 do redis.call('HDEL', KEYS[i], ARGV[2]) end
end
for _, i in ipairs({1, 2, 3, 4, 5, 6, 8}) do redis.call('PEXPIRE', KEYS[i], ARGV[8]) end
return {1, own}
";

/// KEYS: replicas. ARGV: replica, how long it then was silent.
const LEAVE: &str = "
return redis.call('ZADD', KEYS[1], 'XX', now - ARGV[2], ARGV[1])
";

/// The keys, and a connection to where they are.
pub(super) struct Scripts<'a> {
    pub(super) wire: &'a Wire,
    pub(super) prefix: &'a Prefix,
}

/// All replicas at one moment.
pub(super) struct List {
    /// The server's time in milliseconds.
    pub(super) now: f64,
    pub(super) moves: u64,
    /// When each was last heard of.
    pub(super) heard: HashMap<String, f64>,
    pub(super) seqs: HashMap<String, u64>,
    pub(super) cuts: HashMap<String, u64>,
}

/// Some parts of a replica.
pub(super) struct Page {
    pub(super) moves: u64,
    /// Whether there may be more.
    pub(super) more: bool,
    /// The number of the last one.
    pub(super) last: u64,
    pub(super) parts: Vec<(String, String)>,
}

/// What became of a step that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is done: so many parts has this replica written.
    Done(u64),
    /// It is not done, as what is to be taken over has changed.
    Refused,
    /// It is not done: the server knows of so many parts only, or of more.
    OutOfStep(u64),
    /// It is not done: others have taken over what this replica wrote.
    Gone,
}

/// Parts that are taken over.
pub(super) struct Takeover {
    pub(super) gone: String,
    pub(super) seq: u64,
    pub(super) cut: u64,
    pub(super) token: String,
    pub(super) silence: Duration,
    pub(super) merged: Vec<(String, String)>,
}

impl Scripts<'_> {
    fn key(&self, name: &str) -> String {
        self.prefix.key(name)
    }

    fn of(&self, name: &str, replica: &str) -> String {
        self.key(&format!("{name}:{replica}"))
    }

    fn command(script: &str, keys: &[String]) -> Cmd {
        let script = [NOW, script].concat();
        redis::cmd("EVAL")
            .arg(script)
            .arg(keys.len())
            .arg(keys)
            .to_owned()
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Fault> {
        match timeout(PATIENCE, self.wire.ask(command)).await {
            Ok(answer) => answer.map_err(|error| fault(&error)),
            Err(_) => Err(Fault::Timeout),
        }
    }

    pub(super) async fn list(&self) -> Result<List, Fault> {
        let keys = ["replicas", "moves", "seqs", "cuts"].map(|name| self.key(name));
        let (now, moves, heard, seqs, cuts) = self.ask(&Self::command(LIST, &keys)).await?;
        Ok(List {
            now,
            moves,
            heard,
            seqs,
            cuts,
        })
    }

    /// Parts that a replica wrote after that many others.
    pub(super) async fn read(&self, replica: &str, after: u64) -> Result<Page, Fault> {
        let keys = [
            self.key("moves"),
            self.of("parts", replica),
            self.of("order", replica),
        ];
        let command = Self::command(READ, &keys).arg(after).arg(PAGE).to_owned();
        let (moves, count, last, found): (u64, usize, u64, Vec<Vec<u8>>) = self.ask(&command).await?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let pairs = found.chunks_exact(2).filter_map(|pair| match pair {
            [field, part] => Some((text(field)?, text(part)?)),
            _ => None,
        });
        Ok(Page {
            moves,
            more: count >= PAGE,
            last,
            parts: pairs.collect(),
        })
    }

    /// Writes parts of one's own, and says that one is there.
    pub(super) async fn write(
        &self,
        replica: &str,
        expected: u64,
        least: u64,
        parts: &[(String, String)],
    ) -> Result<Said, Fault> {
        let mut command = Self::command(WRITE, &self.own(replica));
        command.arg(replica).arg(expected).arg(least);
        command.arg(millis(KEPT)).arg(MOST_FIELDS);
        for (field, part) in parts {
            command.arg(field).arg(part);
        }
        Ok(Said::of(self.ask(&command).await?))
    }

    /// Takes over parts of a replica that is gone. Asked again with the same token, it says what became of it.
    pub(super) async fn take(&self, replica: &str, own: u64, takeover: &Takeover) -> Result<Said, Fault> {
        let gone = &takeover.gone;
        let mut keys = self.own(replica).to_vec();
        keys.push(self.key("moves"));
        keys.extend(["parts", "order", "gone"].map(|name| self.of(name, gone)));
        let mut command = Self::command(TAKE, &keys);
        command.arg(replica).arg(gone).arg(takeover.seq).arg(takeover.cut);
        command
            .arg(own)
            .arg(&takeover.token)
            .arg(millis(takeover.silence));
        command.arg(millis(KEPT));
        for (field, part) in &takeover.merged {
            command.arg(field).arg(part);
        }
        Ok(Said::of(self.ask(&command).await?))
    }

    /// Leaves one's own parts to the others.
    pub(super) async fn leave(&self, replica: &str, silence: Duration) -> Result<(), Fault> {
        let mut command = Self::command(LEAVE, &[self.key("replicas")]);
        self.ask(command.arg(replica).arg(millis(silence))).await
    }

    fn own(&self, replica: &str) -> [String; 7] {
        [
            self.key("replicas"),
            self.key("seqs"),
            self.key("cuts"),
            self.key("tokens"),
            self.of("parts", replica),
            self.of("order", replica),
            self.of("gone", replica),
        ]
    }
}

impl Said {
    fn of((code, seq): (i64, u64)) -> Self {
        match code {
            1 => Self::Done(seq),
            -1 => Self::OutOfStep(seq),
            -2 => Self::Gone,
            _ => Self::Refused,
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
