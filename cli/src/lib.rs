//! The `wayleave` command.
//!
//! ```text
//!   up ──starts──► Envoy ──socket──► ext-proc ──► providers
//!    └───starts, restarts───────────────┘ │
//!                                   source: folder ─► compile ─► snapshots
//!                                   or the operator's configuration server
//!   check, explain ── the same folder, once          demo ── sim + up + calls + the ledger
//!   cache purge, experiment show ── the admin ports of data planes
//!   spend, reconcile ── the ledger: its files, its table, or the admin ports
//! ```
//!
//! Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 wrong usage.

pub mod args;
pub mod books;
pub mod cache;
pub mod check;
pub mod client;
pub mod crd;
mod daemon;
pub mod demo;
mod envoy_admin;
pub mod envoy_config;
pub mod exec_envoy;
pub mod experiment;
pub mod explain;
pub mod ext_proc;
pub mod folder;
pub mod forward;
pub mod ledger;
pub mod log;
pub mod operator;
pub mod output;
pub mod parent;
pub mod reconcile;
mod signals;
pub mod source;
pub mod spend;
pub mod table;
pub mod up;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use wayleave_ext_proc::args::DataPlaneArgs;

use crate::args::{Cli, Command};
use crate::up::AlreadyTold;

/// Parses the command line, does what it says, and tells how it went.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    cli.log.start(cli.command.default_log());
    // Fails only if one is installed already, which then does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(cli, &matches) {
        Ok(code) => code,
        Err(error) => {
            if !error.is::<AlreadyTold>() {
                output::progress(&format!("error: {error:#}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Up(args) => {
            let flags = matches
                .subcommand()
                .map(|(_, own)| forward::given::<DataPlaneArgs>(own));
            up::run(args, cli.log, flags.unwrap_or_default())
        }
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Cache(args) => cache::run(args),
        Command::Experiment(args) => experiment::run(args),
        Command::Ledger(args) => ledger::run(&args),
        Command::Spend(args) => spend::run(&args),
        Command::Reconcile(args) => reconcile::run(&args),
        Command::Demo(args) => demo::run(&args, &cli.log),
        Command::Sim(args) => daemon::run(None, wayleave_sim::run(args)),
        Command::Crd(args) => crd::run(&args),
        Command::ExtProc(args) => ext_proc::run(args),
        Command::Operator(args) => operator::run(args),
        Command::EnvoyConfig(args) => envoy_config::run(args),
        Command::ExecEnvoy(args) => exec_envoy::run(args).map(|()| ExitCode::SUCCESS),
    }
}
