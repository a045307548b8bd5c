//! The benchmark's command; see `--help`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use wayleave_bench::options::{Options, Output};
use wayleave_bench::{run, table};

/// One thread: the machine belongs to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Box::pin(bench(Options::parse())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn bench(options: Options) -> Result<()> {
    let report = Box::pin(run::run(&options, tell)).await?;
    let text = match options.output {
        Output::Table => table::render(&report),
        Output::Json => serde_json::to_string_pretty(&report).context("cannot write the report as JSON")?,
    };
    writeln!(io::stdout(), "{text}").context("cannot print the report")
}

/// A line for people; that nobody reads it is no reason to stop.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
