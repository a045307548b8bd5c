//! What is asked of every variant.

mod phase;

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

pub use self::phase::{Phase, REQUEST_BYTES, Reader, Route, Store, request};

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
    /// Answers from the cache, 32 connections: from memory and from Redis, whole and streamed; then what 10,000 of them
    /// take in memory.
    Cache,
}

impl Scenario {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 6] = [
        Self::Small,
        Self::Rate,
        Self::Flat,
        Self::Paced,
        Self::Fallback,
        Self::Cache,
    ];

    /// Its loads.
    pub const fn phases(self) -> &'static [Phase] {
        match self {
            Self::Small => &[Phase::Small],
            Self::Rate => &[Phase::Rate],
            Self::Flat => &[Phase::Flat],
            Self::Paced => &[Phase::Paced],
            Self::Fallback => &[Phase::Plain, Phase::Fallback],
            Self::Cache => &[
                Phase::MemoryAnswer,
                Phase::MemoryStream,
                Phase::RedisAnswer,
                Phase::RedisStream,
            ],
        }
    }

    /// The time of each of its loads.
    pub fn phase_time(self, scenario_time: Duration) -> Duration {
        match self {
            Self::Small | Self::Rate | Self::Flat | Self::Paced => scenario_time,
            // Pairs of loads share it.
            Self::Fallback | Self::Cache => scenario_time / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_share_the_time_of_their_scenario() {
        let second = Duration::from_secs(1);
        assert_eq!(Scenario::Small.phase_time(second), second);
        assert_eq!(Scenario::Fallback.phase_time(second), second / 2);
        assert_eq!(Scenario::Cache.phase_time(second), second / 2);
    }

    #[test]
    fn every_phase_belongs_to_one_scenario() {
        let phases: Vec<Phase> = Scenario::ALL
            .iter()
            .flat_map(|scenario| scenario.phases())
            .copied()
            .collect();
        assert_eq!(phases, Phase::ALL);
    }
}
