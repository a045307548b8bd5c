//! The log, on stderr.

use std::io::{self, IsTerminal as _};
use std::process::Command;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// What is logged, and how.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Log (on stderr)")]
pub struct LogArgs {
    /// What to log: error, warn, info, debug, or a filter such as `info,wayleave_engine=debug` [default: info; warn for
    /// demo, check and explain]
    #[arg(long, global = true, env = "RUST_LOG", value_name = "FILTER", value_parser = filter)]
    pub log: Option<String>,
    /// How a line of the log is written
    #[arg(long, global = true, env = "WAYLEAVE_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// Checks a filter, so that a misspelt one is wrong usage.
fn filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{error}; write e.g. info or info,wayleave_engine=debug")),
    }
}

impl LogArgs {
    /// Starts the log. `default` holds where no filter is given.
    pub fn start(&self, default: &str) {
        let filter = EnvFilter::new(
            self.log
                .as_deref()
                .filter(|filter| !filter.is_empty())
                .unwrap_or(default),
        );
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr);
        let log = log.with_ansi(io::stderr().is_terminal());
        // Fails only where a log runs already: in tests, which keep theirs.
        let _ = match self.log_format {
            LogFormat::Text => log.with_target(false).try_init(),
            LogFormat::Json => log.json().try_init(),
        };
    }

    /// Makes a child log in the same way.
    pub fn pass_on(&self, command: &mut Command) {
        if let Some(filter) = &self.log {
            command.args(["--log", filter]);
        }
        command.args(["--log-format", self.log_format.as_str()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_filter_is_told() {
        assert_eq!(
            filter("info,wayleave_engine=debug").as_deref(),
            Ok("info,wayleave_engine=debug")
        );
        assert!(filter("wayleave=loud").unwrap_err().contains("write e.g. info"));
    }
}
