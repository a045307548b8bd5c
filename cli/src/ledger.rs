//! `wayleave ledger`: where the books can be kept.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use wayleave_engine::ledger::{Identifier, schema};

use crate::output::print;

/// Prepare where the ledger goes
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct LedgerArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// What to do with the ledger.
#[derive(Clone, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "each is documented by its arguments, whose texts are the help"
)]
pub enum LedgerCommand {
    Schema(SchemaArgs),
}

/// Print the statements that make the ledger's table in ClickHouse
///
/// A data plane with --ledger-clickhouse-migrate runs them itself.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct SchemaArgs {
    /// The table
    #[arg(long, value_name = "NAME", default_value = "wayleave_ledger")]
    pub table: Identifier,
}

const EXAMPLE: &str = "\
Example:
  wayleave ledger schema | clickhouse-client --multiquery";

/// Does it.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &LedgerArgs) -> anyhow::Result<ExitCode> {
    let LedgerCommand::Schema(args) = &args.command;
    let statements = schema(&args.table);
    print(&format!("{};\n", statements.join(";\n\n")))?;
    Ok(ExitCode::SUCCESS)
}
