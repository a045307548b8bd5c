//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use wayleave_sim::SimArgs;

use crate::cache::CacheArgs;
use crate::check::CheckArgs;
use crate::crd::CrdArgs;
use crate::demo::DemoArgs;
use crate::envoy_config::EnvoyConfigArgs;
use crate::exec_envoy::ExecEnvoyArgs;
use crate::experiment::ExperimentArgs;
use crate::explain::ExplainArgs;
use crate::ext_proc::ExtProcArgs;
use crate::ledger::LedgerArgs;
use crate::log::LogArgs;
use crate::operator::OperatorArgs;
use crate::reconcile::ReconcileArgs;
use crate::spend::SpendArgs;
use crate::up::UpArgs;

/// An LLM gateway: it decides per request which model serves a call, keeps the call alive when providers fail, and says
/// what it really cost
#[derive(Clone, Debug, Parser)]
#[command(name = "wayleave", version, after_help = EXAMPLE)]
pub struct Cli {
    /// The log.
    #[command(flatten)]
    pub log: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLE: &str = "\
Example:
  wayleave demo                   see it work, with simulated providers
  wayleave check -f manifests     are they in order?
  wayleave up -f manifests        serve them

Exit status: 0 it was done, 1 it failed (stderr says why), 2 wrong usage.";

/// What to do.
#[derive(Clone, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "each is documented by its arguments, whose texts are the help"
)]
pub enum Command {
    Up(UpArgs),
    Check(CheckArgs),
    Explain(ExplainArgs),
    Cache(CacheArgs),
    Experiment(ExperimentArgs),
    Ledger(LedgerArgs),
    Spend(SpendArgs),
    Reconcile(ReconcileArgs),
    Demo(DemoArgs),
    Sim(SimArgs),
    Crd(CrdArgs),
    ExtProc(ExtProcArgs),
    Operator(OperatorArgs),
    EnvoyConfig(EnvoyConfigArgs),
    #[command(hide = true)]
    ExecEnvoy(ExecEnvoyArgs),
}

impl Command {
    /// What is logged where the user does not say: commands that print a result keep quiet.
    pub const fn default_log(&self) -> &'static str {
        match self {
            Self::Up(_) | Self::Sim(_) | Self::ExtProc(_) | Self::Operator(_) => "info",
            Self::Check(_)
            | Self::Explain(_)
            | Self::Cache(_)
            | Self::Experiment(_)
            | Self::Ledger(_)
            | Self::Spend(_)
            | Self::Reconcile(_)
            | Self::Demo(_)
            | Self::Crd(_)
            | Self::EnvoyConfig(_)
            | Self::ExecEnvoy(_) => "warn",
        }
    }
}

/// The folder of manifests.
#[derive(Clone, Debug, Args)]
pub struct FolderArgs {
    /// The folder with the manifests (LLMRoute, ProviderKey, Secret, ...): its .yaml, .yml and .json files
    #[arg(short = 'f', long, env = "WAYLEAVE_FOLDER", value_name = "DIR")]
    pub folder: PathBuf,
}
