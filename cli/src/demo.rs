//! `wayleave demo`: shows the gateway at work, and checks that it did what it should.
//!
//! ```text
//! stage: sim (in this process) ◄── wayleave up (a child) ◄── play: scenes, one after the other
//!                                        └──► books: the ledger ──► verify ──► report
//! ```

mod answer;
mod books;
mod play;
mod report;
mod request;
mod scene;
mod stage;
mod verify;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use self::report::{Report, go_on, saved, spend};
use self::stage::Stage;
use crate::log::LogArgs;
use crate::output::{Output, print, print_json, progress};
use crate::signals::Signals;

/// See it work: starts simulated providers and the gateway, sends calls, and shows what each did and cost
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct DemoArgs {
    /// Serve without Envoy
    #[arg(long)]
    pub no_envoy: bool,
    /// The Envoy to run [default: envoy on PATH, else the one that `make envoy` has fetched]
    #[arg(long, env = "WAYLEAVE_ENVOY", value_name = "PATH")]
    pub envoy: Option<PathBuf>,
    /// Where metrics and the ledger are served, so that a Prometheus of yours can watch [default: any free port]
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:0",
        hide_default_value = true
    )]
    pub admin: SocketAddr,
    /// Keep all running at the end, until an interrupt
    #[arg(long)]
    pub keep: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

const EXAMPLE: &str = "\
Example:
  wayleave demo
  wayleave demo --no-envoy --output json
  wayleave demo --keep --admin 127.0.0.1:4001

Exit status 0 only if every call did what its scene says.";

/// Plays it.
///
/// # Errors
/// When the gateway does not start, or calls do not come back.
pub fn run(args: &DemoArgs, log: &LogArgs) -> anyhow::Result<ExitCode> {
    // One thread, to which the system can tie the child's life.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(async {
        let mut signals = Signals::take()?;
        tokio::select! {
            played = perform(args, log) => played,
            () = signals.next() => bail!("interrupted"),
        }
    })
}

async fn perform(args: &DemoArgs, log: &LogArgs) -> anyhow::Result<ExitCode> {
    let gateway = if args.no_envoy {
        "the gateway without Envoy"
    } else {
        "the gateway behind Envoy"
    };
    progress(&format!("starting the simulated providers and {gateway}"));
    let stage = Stage::set(args, log).await?;
    progress(&format!("sending calls to http://{}", stage.announced.address));
    let scenes = play::all(&stage).await?;
    let attempts = books::attempts(&stage.admin()).await?;
    let ok = scenes
        .iter()
        .all(|scene| scene.faults.is_empty() && scene.calls.iter().all(|call| call.faults.is_empty()));
    let report = Report {
        ok,
        envoy: stage.announced.envoy.clone(),
        scenes,
        spend: spend(&attempts),
        saved: saved(&attempts),
    };
    match args.output {
        Output::Text => print(&(report.text() + &go_on(&stage.announced, args.keep)))?,
        Output::Json => print_json(&report)?,
    }
    if args.keep {
        std::future::pending::<()>().await;
    }
    stage.clear().await?;
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
