//! `make cluster`: the operator, a data plane and Envoy on a Kubernetes API server of their own, to play with.

use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{Signal, SignalKind, signal};
use wayleave_tests::play::{Announcement, Ports, play};

/// Run the operator, a data plane and Envoy on a Kubernetes API server of their own, with simulated providers
#[derive(Clone, Copy, Debug, Parser)]
#[command(name = "cluster", after_help = EXAMPLE)]
struct Args {
    /// Take any free ports, not those of the documents (4000, 4001, 4010), which are taken only if they are free
    #[arg(long)]
    any_ports: bool,
    /// How to print the addresses, once a call is served
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// How the addresses are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    #[default]
    Text,
    /// One line, for machines
    Json,
}

const EXAMPLE: &str = "\
Example:
  make cluster
  make cluster ARGS=\"--any-ports --output json\"

An interrupt or SIGTERM ends everything and removes it. Exit status 1: a program of it ended or did not start; the
logs are kept until the next start.";

fn main() -> ExitCode {
    let args = Args::parse();
    // It panics when a program does not start or ends; where in our sources matters to nobody here.
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let said = payload.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| payload.downcast_ref::<&str>().copied());
        progress(&format!("error: {}", said.unwrap_or("a panic")));
    }));
    match catch_unwind(AssertUnwindSafe(|| run(args))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            progress(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
        // It has been told.
        Err(_) => ExitCode::FAILURE,
    }
}

/// On one thread, because the system ties the life of the programs to the thread that started them.
fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let watch = |kind| signal(kind).context("cannot watch for signals");
        let (terminate, interrupt) = (watch(SignalKind::terminate())?, watch(SignalKind::interrupt())?);
        let ports = if args.any_ports {
            Ports::Any
        } else {
            Ports::OfTheDocuments
        };
        let announce = |announcement: &Announcement| print(announcement, args.output);
        play(ports, announce, either(terminate, interrupt)).await;
        Ok(())
    })
}

async fn either(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn print(announcement: &Announcement, output: Output) {
    let text = match output {
        Output::Text => format!("\n{}", announcement.text()),
        Output::Json => serde_json::to_string(announcement).unwrap_or_default() + "\n",
    };
    // Whoever does not read it can do without it.
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Nothing depends on a line of stderr.
fn progress(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
