//! The flags that every command that runs a data plane has.

mod learned;
mod ledger;
mod url;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use wayleave_engine::EngineOptions;

pub use self::learned::LearnedArgs;
pub use self::ledger::LedgerArgs;
use crate::request::Limits;
use crate::run::Options;

/// Flags of the data plane.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Data plane")]
pub struct DataPlaneArgs {
    /// The largest request body, both as sent and decoded; more gets 413
    #[arg(
        long,
        env = "WAYLEAVE_MAX_REQUEST_BYTES",
        value_name = "SIZE",
        default_value = "32Mi"
    )]
    pub max_request_bytes: ByteSize,

    /// The largest set of request headers; more gets 431. Envoy's own limit has to be at least this
    #[arg(
        long,
        env = "WAYLEAVE_MAX_HEADER_BYTES",
        value_name = "SIZE",
        default_value = "60Ki"
    )]
    pub max_header_bytes: ByteSize,

    /// The largest answer; a longer one is cut
    #[arg(
        long,
        env = "WAYLEAVE_MAX_ANSWER_BYTES",
        value_name = "SIZE",
        default_value = "64Mi"
    )]
    pub max_answer_bytes: ByteSize,

    /// The most bytes of all answers in flight together; beyond, new calls get 503
    #[arg(
        long,
        env = "WAYLEAVE_MAX_INFLIGHT_BYTES",
        value_name = "SIZE",
        default_value = "512Mi"
    )]
    pub max_inflight_bytes: ByteSize,

    /// How long a client that streams hears nothing before a comment keeps its connection awake; 0s: never
    #[arg(long, env = "WAYLEAVE_KEEP_ALIVE", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub keep_alive: Duration,

    /// How long calls are still taken after a SIGTERM, /readyz being 503 already
    #[arg(long, env = "WAYLEAVE_SHUTDOWN_DELAY", value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub shutdown_delay: Duration,

    /// How long calls in flight may take to end after that
    #[arg(long, env = "WAYLEAVE_DRAIN_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub drain_timeout: Duration,

    /// The ledger's.
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// Those of what is learned.
    #[command(flatten)]
    pub learned: LearnedArgs,
}

/// A count of bytes: `1048576`, `1024Ki`, `1Mi`, at most `1Ti`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub usize);

/// A text that is not a count of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a size from 1 to 1Ti: write 1048576, 1024Ki, 1Mi or 1Gi")]
pub struct BadByteSize;

impl DataPlaneArgs {
    /// As [`crate::run`] takes them.
    pub fn into_options(self) -> Options {
        Options {
            limits: Limits {
                body: self.max_request_bytes.0,
                headers: self.max_header_bytes.0,
            },
            shutdown_delay: self.shutdown_delay,
            drain_timeout: self.drain_timeout,
            engine: EngineOptions {
                ledger_rotation: self.ledger.rotation(),
                ledger_spool: self.ledger.spool(),
                ledger_file: self.ledger.ledger_file,
                learned: self.learned.keep(),
                ledger_ring: self.ledger.ledger_ring,
                max_answer_bytes: self.max_answer_bytes.0,
                max_inflight_bytes: self.max_inflight_bytes.0,
                keep_alive: self.keep_alive,
            },
        }
    }
}

impl FromStr for ByteSize {
    type Err = BadByteSize;

    fn from_str(text: &str) -> Result<Self, BadByteSize> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit: usize = match unit {
            "" => 1,
            "Ki" => 1 << 10,
            "Mi" => 1 << 20,
            "Gi" => 1 << 30,
            "Ti" => 1 << 40,
            _ => return Err(BadByteSize),
        };
        let number: usize = number.parse().map_err(|_| BadByteSize)?;
        let bytes = number.checked_mul(unit).ok_or(BadByteSize)?;
        if (1..=1 << 40).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(BadByteSize)
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A time as flags take it: `30s`, `500ms`, `1m30s`.
///
/// # Errors
/// What to write instead.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text
        .parse()
        .map_err(|_| "write it as 30s, 500ms or 1m30s".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "it must not be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: DataPlaneArgs,
    }

    fn parse(flags: &[&str]) -> Result<Options, clap::Error> {
        let command = Command::try_parse_from([&["wayleave"], flags].concat())?;
        Ok(command.args.into_options())
    }

    #[test]
    fn the_defaults_are_those_of_the_types() {
        let options = parse(&[]).unwrap();
        assert_eq!(options.limits, Limits::default());
        assert_eq!(
            options.engine.max_answer_bytes,
            EngineOptions::default().max_answer_bytes
        );
        assert_eq!(
            options.engine.max_inflight_bytes,
            EngineOptions::default().max_inflight_bytes
        );
        assert_eq!(options.engine.keep_alive, EngineOptions::default().keep_alive);
        assert_eq!(options.engine.ledger_ring, EngineOptions::default().ledger_ring);
        assert_eq!(
            options.engine.ledger_rotation,
            EngineOptions::default().ledger_rotation
        );
        assert!(options.engine.ledger_spool.is_none() && options.engine.learned.is_none());
        assert_eq!(options.drain_timeout, Duration::from_secs(30));
        assert_eq!(options.shutdown_delay, Duration::ZERO);
    }

    #[test]
    fn reads_sizes_and_times() {
        let options = parse(&[
            "--max-request-bytes",
            "1Mi",
            "--drain-timeout",
            "1m30s",
            "--ledger",
            "l",
        ])
        .unwrap();
        assert_eq!(options.limits.body, 1 << 20);
        assert_eq!(options.drain_timeout, Duration::from_secs(90));
        assert_eq!(options.engine.ledger_file, Some(PathBuf::from("l")));
    }

    #[test]
    fn refuses_what_is_no_size_or_time() {
        for size in ["", "0", "-1", "1M", "Mi", "2Ti", "99999999999999999999", "1.5Mi"] {
            assert_eq!(size.parse::<ByteSize>(), Err(BadByteSize), "{size}");
        }
        for time in ["", "30", "-1s", "soon"] {
            assert!(duration(time).is_err(), "{time}");
        }
    }
}
