//! What is asked of every variant.

use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::http::call::{Call, Expect};
use crate::load::Shape;

/// The size of each request body in bytes.
pub const REQUEST_BYTES: usize = 1024;
/// The size of the small answer in bytes.
const ANSWER_BYTES: u64 = 2048;
/// Chunks with content in each stream.
const CHUNKS: u32 = 64;

/// A scenario as chosen on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scenario {
    /// 1 KB request, 2 KB answer, 64 connections, each with one call at a time.
    Small,
    /// The same call at a fixed 100 requests/s, whether or not the server keeps up.
    Rate,
    /// Streams of 64 chunks without pause, 32 connections.
    Flat,
    /// Streams of 64 chunks, one each 5 ms, 24 connections.
    Paced,
    /// The first target refuses at once with 429, the second answers; one call at a time.
    Fallback,
}

/// One load within a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
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
}

const ANSWER: &str = "sim?bytes=2KiB";
/// May be asked again at once: a wait would take the target out of the chain, and later calls would not fall back.
const REFUSAL: &str = "sim?status=429&retry-after=0";

impl Scenario {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 5] = [Self::Small, Self::Rate, Self::Flat, Self::Paced, Self::Fallback];

    /// Its loads. They share the time of the scenario.
    pub const fn phases(self) -> &'static [Phase] {
        match self {
            Self::Small => &[Phase::Small],
            Self::Rate => &[Phase::Rate],
            Self::Flat => &[Phase::Flat],
            Self::Paced => &[Phase::Paced],
            Self::Fallback => &[Phase::Plain, Phase::Fallback],
        }
    }

    /// The time of each of its loads.
    pub fn phase_time(self, scenario_time: Duration) -> Duration {
        let phases = u32::try_from(self.phases().len()).unwrap_or(1);
        scenario_time / phases.max(1)
    }
}

impl Phase {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 6] = [
        Self::Small,
        Self::Rate,
        Self::Flat,
        Self::Paced,
        Self::Plain,
        Self::Fallback,
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
        }
    }

    /// Whether its calls are streams.
    pub const fn streams(self) -> bool {
        match self {
            Self::Flat | Self::Paced => true,
            Self::Small | Self::Rate | Self::Plain | Self::Fallback => false,
        }
    }

    /// The shape of the load.
    pub const fn shape(self) -> Shape {
        match self {
            Self::Small => Shape::Closed { connections: 64 },
            Self::Rate => Shape::Open { per_second: 100 },
            Self::Flat => Shape::Closed { connections: 32 },
            Self::Paced => Shape::Closed { connections: 24 },
            Self::Plain | Self::Fallback => Shape::Closed { connections: 1 },
        }
    }

    /// The route that the gateway takes for it.
    pub const fn route(self) -> Route {
        match self {
            Self::Small | Self::Rate | Self::Plain => Route {
                name: "small",
                chain: &[ANSWER],
            },
            Self::Flat => Route {
                name: "flat",
                chain: &["sim?chunks=64&chunk-bytes=32"],
            },
            Self::Paced => Route {
                name: "paced",
                chain: &["sim?chunks=64&chunk-bytes=32&pace=5ms"],
            },
            Self::Fallback => Route {
                name: "fallback",
                chain: &[REFUSAL, ANSWER],
            },
        }
    }

    /// The call, for a server at `address`.
    pub fn call(self, reader: Reader, address: SocketAddr) -> Call {
        let Route { name, chain } = self.route();
        let (model, expect) = match reader {
            Reader::Simulator => (chain.first().copied().unwrap_or(name), self.expect_of_simulator()),
            Reader::Gateway => (name, self.expect_of_gateway()),
        };
        Call {
            request: request(address, model, self.streams()),
            expect,
        }
    }

    const fn expect_of_simulator(self) -> Expect {
        match self {
            Self::Fallback => Expect::Status(429),
            Self::Small | Self::Rate | Self::Flat | Self::Paced | Self::Plain => self.expect_of_gateway(),
        }
    }

    const fn expect_of_gateway(self) -> Expect {
        match self {
            Self::Small | Self::Rate | Self::Plain => Expect::Answer {
                min_bytes: ANSWER_BYTES,
                attempts: None,
            },
            // A call that skipped the refusing target has not fallen back.
            Self::Fallback => Expect::Answer {
                min_bytes: ANSWER_BYTES,
                attempts: Some(2),
            },
            Self::Flat | Self::Paced => Expect::Stream { chunks: CHUNKS },
        }
    }
}

/// A request in the `OpenAI` chat format with a body of [`REQUEST_BYTES`].
fn request(address: SocketAddr, model: &str, stream: bool) -> Vec<u8> {
    let body = |prompt: &str| {
        let message = serde_json::json!({"role": "user", "content": prompt});
        serde_json::json!({"model": model, "stream": stream, "messages": [message]}).to_string()
    };
    let prompt = "Why is the sky blue? ".repeat(REQUEST_BYTES / 16);
    let room = REQUEST_BYTES.saturating_sub(body("").len());
    let body = body(prompt.get(..room).unwrap_or_default());
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept: */*\r\nuser-agent: wayleave-bench\r\ncontent-length: {}\r\n\r\n",
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
                attempts: Some(2)
            }
        );
        assert_eq!(
            Phase::Fallback.call(Reader::Simulator, address).expect,
            Expect::Status(429)
        );
    }

    #[test]
    fn phases_share_the_time_of_their_scenario() {
        let second = Duration::from_secs(1);
        assert_eq!(Scenario::Small.phase_time(second), second);
        assert_eq!(Scenario::Fallback.phase_time(second), second / 2);
    }
}
