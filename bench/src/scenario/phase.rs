//! The loads, and what each call asks and expects.

use std::net::SocketAddr;

use serde::Serialize;

use crate::http::call::{Call, Expect, Source};
use crate::http::response::Cache;
use crate::load::Shape;

/// The size of each request body in bytes.
pub const REQUEST_BYTES: usize = 1024;
/// The size of the small answer in bytes.
const ANSWER_BYTES: u64 = 2048;
/// Chunks with content in each stream.
const CHUNKS: u32 = 64;
const QUESTION: &str = "Why is the sky blue? ";

/// One load within a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// See [`Scenario::Small`].
    Small,
    /// See [`Scenario::Rate`].
    Rate,
    /// See [`Scenario::Flat`].
    Flat,
    /// See [`Scenario::Paced`].
    Paced,
    /// The small call, one at a time: what a fallback is compared with.
    Plain,
    /// The call that falls back. What is no gateway cannot, so there it is the refused call alone.
    Fallback,
    /// The small call, answered from a cache in memory. What is no gateway has none: there the simulator answers.
    MemoryAnswer,
    /// A stream of 64 chunks, answered in the same way.
    MemoryStream,
    /// The small call, answered from a cache in Redis.
    RedisAnswer,
    /// A stream of 64 chunks, answered in the same way.
    RedisStream,
}

/// Where a cache keeps its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// In the gateway.
    Memory,
    /// In a redis-server beside it.
    Redis,
}

/// Who reads the model's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The simulator: the name says what it shall do.
    Simulator,
    /// The gateway: the name is a route's.
    Gateway,
}

/// A route of the gateway: its name, and the models of its fallback chain as the simulator reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name that clients ask for.
    pub name: &'static str,
    /// The targets, in order.
    pub chain: &'static [&'static str],
    /// Where its answers are kept, if they are.
    pub cache: Option<Store>,
}

const ANSWER: &str = "sim?bytes=2KiB";
const STREAM: &str = "sim?chunks=64&chunk-bytes=32";
/// May be asked again at once: a wait would take the target out of the chain, and later calls would not fall back.
const REFUSAL: &str = "sim?status=429&retry-after=0";

impl Phase {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 10] = [
        Self::Small,
        Self::Rate,
        Self::Flat,
        Self::Paced,
        Self::Plain,
        Self::Fallback,
        Self::MemoryAnswer,
        Self::MemoryStream,
        Self::RedisAnswer,
        Self::RedisStream,
    ];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Rate => "rate",
            Self::Flat => "flat",
            Self::Paced => "paced",
            Self::Plain => "plain",
            Self::Fallback => "fallback",
            Self::MemoryAnswer => "memory-answer",
            Self::MemoryStream => "memory-stream",
            Self::RedisAnswer => "redis-answer",
            Self::RedisStream => "redis-stream",
        }
    }

    /// What it does, in one line.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Small => "1 KB request, 2 KB answer, 64 connections, closed loop",
            Self::Rate => {
                "1 KB request, 2 KB answer, 100 requests/s, open loop; latency from the time a call was due"
            }
            Self::Flat => "streams of 64 chunks without pause, 32 connections",
            Self::Paced => "streams of 64 chunks, one each 5 ms, 24 connections",
            Self::Plain => "1 KB request, 2 KB answer, one call at a time",
            Self::Fallback => "the first target answers 429 at once, the second answers; one call at a time",
            Self::MemoryAnswer => "1 KB request, 2 KB answer from the cache in memory, 32 connections",
            Self::MemoryStream => "streams of 64 chunks from the cache in memory, 32 connections",
            Self::RedisAnswer => "1 KB request, 2 KB answer from the cache in Redis, 32 connections",
            Self::RedisStream => "streams of 64 chunks from the cache in Redis, 32 connections",
        }
    }

    /// Whether its calls are streams.
    pub const fn streams(self) -> bool {
        match self {
            Self::Flat | Self::Paced | Self::MemoryStream | Self::RedisStream => true,
            Self::Small
            | Self::Rate
            | Self::Plain
            | Self::Fallback
            | Self::MemoryAnswer
            | Self::RedisAnswer => false,
        }
    }

    /// The shape of the load.
    pub const fn shape(self) -> Shape {
        match self {
            Self::Small => Shape::Closed { connections: 64 },
            Self::Rate => Shape::Open { per_second: 100 },
            Self::Flat | Self::MemoryAnswer | Self::MemoryStream | Self::RedisAnswer | Self::RedisStream => {
                Shape::Closed { connections: 32 }
            }
            Self::Paced => Shape::Closed { connections: 24 },
            Self::Plain | Self::Fallback => Shape::Closed { connections: 1 },
        }
    }

    /// The route that the gateway takes for it.
    pub const fn route(self) -> Route {
        let (name, chain, cache): (_, &[&str], _) = match self {
            Self::Small | Self::Rate | Self::Plain => ("small", &[ANSWER], None),
            Self::Flat => ("flat", &[STREAM], None),
            Self::Paced => ("paced", &["sim?chunks=64&chunk-bytes=32&pace=5ms"], None),
            Self::Fallback => ("fallback", &[REFUSAL, ANSWER], None),
            Self::MemoryAnswer => ("memory-answer", &[ANSWER], Some(Store::Memory)),
            Self::MemoryStream => ("memory-stream", &[STREAM], Some(Store::Memory)),
            Self::RedisAnswer => ("redis-answer", &[ANSWER], Some(Store::Redis)),
            Self::RedisStream => ("redis-stream", &[STREAM], Some(Store::Redis)),
        };
        Route { name, chain, cache }
    }

    /// The call, for a server at `address`.
    pub fn call(self, reader: Reader, address: SocketAddr) -> Call {
        let Route { name, chain, .. } = self.route();
        let (model, expect) = match reader {
            Reader::Simulator => (chain.first().copied().unwrap_or(name), self.expect_of_simulator()),
            Reader::Gateway => (name, self.expect_of_gateway()),
        };
        Call {
            request: request(address, model, self.streams(), QUESTION),
            expect,
        }
    }

    const fn expect_of_simulator(self) -> Expect {
        match self {
            Self::Fallback => Expect::Status(429),
            Self::Flat | Self::Paced | Self::MemoryStream | Self::RedisStream => stream(Source::Any),
            Self::Small | Self::Rate | Self::Plain | Self::MemoryAnswer | Self::RedisAnswer => {
                answer(Source::Any)
            }
        }
    }

    const fn expect_of_gateway(self) -> Expect {
        match self {
            // A call that skipped the refusing target has not fallen back.
            Self::Fallback => answer(Source::Attempts(2)),
            // The first one fills the cache, before the load.
            Self::MemoryAnswer | Self::RedisAnswer => answer(Source::Cache(Cache::Hit)),
            Self::MemoryStream | Self::RedisStream => stream(Source::Cache(Cache::Hit)),
            Self::Small | Self::Rate | Self::Plain | Self::Flat | Self::Paced => self.expect_of_simulator(),
        }
    }
}

const fn answer(source: Source) -> Expect {
    Expect::Answer {
        min_bytes: ANSWER_BYTES,
        source,
    }
}

const fn stream(source: Source) -> Expect {
    Expect::Stream {
        chunks: CHUNKS,
        source,
    }
}

/// A request in the `OpenAI` chat format with a body of [`REQUEST_BYTES`], which begins with `question`.
pub fn request(address: SocketAddr, model: &str, stream: bool, question: &str) -> Vec<u8> {
    let body = |prompt: &str| {
        let message = serde_json::json!({"role": "user", "content": prompt});
        serde_json::json!({"model": model, "stream": stream, "messages": [message]}).to_string()
    };
    let prompt = question.to_owned() + &QUESTION.repeat(REQUEST_BYTES / 16);
    let room = REQUEST_BYTES.saturating_sub(body("").len());
    let body = body(prompt.get(..room).unwrap_or_default());
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer bench\r\n\
         content-type: application/json\r\naccept: */*\r\nuser-agent: wayleave-bench\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(call: &Call) -> (String, serde_json::Value) {
        let text = String::from_utf8(call.request.clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.len(), REQUEST_BYTES);
        assert!(head.contains("\r\ncontent-length: 1024"), "{head}");
        (head.to_owned(), serde_json::from_str(body).unwrap())
    }

    #[test]
    fn every_request_has_the_same_size_and_asks_for_its_route() {
        let address = ([127, 0, 0, 1], 9).into();
        for phase in Phase::ALL {
            for (reader, model) in [
                (Reader::Gateway, phase.route().name),
                (Reader::Simulator, phase.route().chain[0]),
            ] {
                let (head, body) = parts(&phase.call(reader, address));
                assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:9\r\n"));
                assert_eq!(body["model"], model);
                assert_eq!(body["stream"], phase.streams());
            }
        }
    }

    #[test]
    fn a_fallback_must_have_taken_both_targets() {
        let address = ([127, 0, 0, 1], 9).into();
        let gateway = Phase::Fallback.call(Reader::Gateway, address).expect;
        assert_eq!(
            gateway,
            Expect::Answer {
                min_bytes: 2048,
                source: Source::Attempts(2)
            }
        );
        assert_eq!(
            Phase::Fallback.call(Reader::Simulator, address).expect,
            Expect::Status(429)
        );
    }

    #[test]
    fn what_a_cache_is_measured_by_must_come_from_it() {
        let address = ([127, 0, 0, 1], 9).into();
        for phase in Phase::ALL {
            let source = match phase.call(Reader::Gateway, address).expect {
                Expect::Answer { source, .. } | Expect::Stream { source, .. } => source,
                Expect::Status(status) => panic!("{phase:?} wants {status}"),
            };
            assert_eq!(
                source == Source::Cache(Cache::Hit),
                phase.route().cache.is_some(),
                "{phase:?}"
            );
        }
    }

    #[test]
    fn another_question_is_another_request_of_the_same_size() {
        let address = ([127, 0, 0, 1], 9).into();
        let [one, other] = ["1 ", "2 "].map(|question| request(address, "m", true, question));
        assert_eq!(one.len(), other.len());
        assert_ne!(one, other);
    }
}
