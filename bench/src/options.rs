//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::scenario::Scenario;
use crate::variant::Variant;

/// How the result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Tables for people.
    #[default]
    Table,
    /// One JSON object, with every single measurement.
    Json,
}

/// Measures Wayleave side by side with plain Envoy, in interleaved rounds on this machine.
///
/// The simulator, Envoy and every way to run Wayleave are started once, side by side, and stay up: the idle ones cost
/// next to nothing. Each round measures every variant in turn, in another order. Every answer is checked.
#[derive(Clone, Debug, Parser)]
#[command(name = "wayleave-bench", version, after_help = EXAMPLES)]
pub struct Options {
    /// Rounds; the medians over them are reported
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Seconds of load for each variant in each scenario and round (0.1 to 600)
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub seconds: Duration,
    /// Only these scenarios (default: all)
    #[arg(long = "scenario", value_name = "NAME", value_enum, num_args = 1..)]
    pub scenarios: Vec<Scenario>,
    /// Only these variants (default: all); ratios need `envoy`, what a fallback adds needs `direct`
    #[arg(long = "variant", value_name = "NAME", value_enum, num_args = 1..)]
    pub variants: Vec<Variant>,
    /// The wayleave program (default: the one beside this program)
    #[arg(long, value_name = "PATH")]
    pub wayleave: Option<PathBuf>,
    /// The Envoy program (default: envoy on PATH, else the one that Wayleave has fetched)
    #[arg(long, value_name = "PATH")]
    pub envoy: Option<PathBuf>,
    /// The redis-server program, for the scenario `cache` (default: redis-server on PATH)
    #[arg(long, value_name = "PATH")]
    pub redis: Option<PathBuf>,
    /// A running simulator to use instead of starting one
    #[arg(long, value_name = "ADDRESS")]
    pub upstream: Option<SocketAddr>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p wayleave-bench
      everything; takes about 8 minutes
  cargo run --release -p wayleave-bench -- --rounds 3 --seconds 1 --scenario small flat --variant envoy wayleave-extproc
      two scenarios, two variants
  cargo run --release -p wayleave-bench -- --scenario cache --variant envoy wayleave-extproc
      the cache only
  cargo run --release -p wayleave-bench -- --output json > bench.json
      every measurement, for machines";

impl Options {
    /// The chosen scenarios, each once, in the order of the report.
    pub fn scenarios(&self) -> Vec<Scenario> {
        let chosen = |scenario: &Scenario| self.scenarios.is_empty() || self.scenarios.contains(scenario);
        Scenario::ALL.into_iter().filter(chosen).collect()
    }

    /// Whether answers from the cache are measured: what is no gateway has none.
    pub fn caches(&self) -> bool {
        let gateway = |variant: &Variant| variant.up_flags().is_some();
        self.scenarios().contains(&Scenario::Cache) && self.variants().iter().any(gateway)
    }

    /// The chosen variants, each once, in the order of the report.
    pub fn variants(&self) -> Vec<Variant> {
        let chosen = |variant: &Variant| self.variants.is_empty() || self.variants.contains(variant);
        Variant::ALL.into_iter().filter(chosen).collect()
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if !(0.1..=600.0).contains(&seconds) {
        return Err("use 0.1 to 600 seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_its_examples_parse() {
        Options::command().debug_assert();
        let examples = EXAMPLES
            .lines()
            .filter_map(|line| line.trim().strip_prefix("cargo run --release -p "));
        let parsed: Vec<_> = examples
            .map(|example| {
                let words = example.split(" > ").next().unwrap().split_whitespace();
                Options::try_parse_from(words.filter(|word| *word != "--")).unwrap()
            })
            .collect();
        assert_eq!(parsed.len(), 4);
        assert_eq!(parsed[0].scenarios(), Scenario::ALL);
        assert_eq!(parsed[0].variants(), Variant::ALL);
        assert_eq!(parsed[1].scenarios(), [Scenario::Small, Scenario::Flat]);
        assert_eq!(parsed[1].variants(), [Variant::Envoy, Variant::WayleaveExtproc]);
        assert_eq!(parsed[2].scenarios(), [Scenario::Cache]);
        assert!(parsed[0].caches() && !parsed[1].caches() && parsed[2].caches());
        assert_eq!(parsed[3].output, Output::Json);
    }

    #[test]
    fn times_that_make_no_sense_are_refused() {
        for text in ["0", "-1", "601", "NaN", "two"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
    }
}
