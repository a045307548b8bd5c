//! `wayleave experiment`: what running data planes know of the experiments of a route.

mod text;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use wayleave_core::cache::key::{BadName, route_name};
use wayleave_core::experiment::report::Report;

use crate::cache::{authority, find};
use crate::output::{Output, print, print_json};

/// See how experiments stand
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct ExperimentArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ExperimentCommand,
}

/// What to do with experiments.
#[derive(Clone, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "each is documented by its arguments, whose texts are the help"
)]
pub enum ExperimentCommand {
    Show(ShowArgs),
}

/// Show the arms of a route's experiments, how they compare, and what follows
///
/// Data planes that share what they learn (in Redis) all show the sum. Where they do not, each shows its own part.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct ShowArgs {
    /// The route
    #[arg(value_name = "NAMESPACE/NAME", value_parser = route)]
    pub route: String,
    /// The admin port of a data plane
    #[arg(long, value_name = "URL", value_parser = authority, default_value = "http://127.0.0.1:4001")]
    pub admin: String,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

const EXAMPLE: &str = "\
Example:
  wayleave experiment show default/chat
  wayleave experiment show default/chat --admin http://10.0.0.7:4001 --output json

Exit status 1 if no experiment of the route is in force there.";

/// Does it.
///
/// # Errors
/// When the data plane cannot be asked, has no experiment of the route, or the result cannot be written.
pub fn run(args: ExperimentArgs) -> anyhow::Result<ExitCode> {
    let ExperimentCommand::Show(args) = args.command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let reports = runtime.block_on(ask(&args));
    let reports = reports.with_context(|| format!("http://{}", args.admin))?;
    if reports.is_empty() {
        bail!(
            "http://{}: no experiment of the route {} is in force there",
            args.admin,
            args.route
        );
    }
    match args.output {
        Output::Text => print(&text::render(&reports))?,
        Output::Json => print_json(&reports)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(args: &ShowArgs) -> anyhow::Result<Vec<Report>> {
    let peer = find(&args.admin).await?;
    let answer = peer.get(&format!("/experiments?route={}", args.route)).await;
    let answer = answer.context("is it the admin port of a data plane?")?;
    serde_json::from_slice(&answer).context("it is of another version, and its answer cannot be read")
}

fn route(text: &str) -> Result<String, BadName> {
    route_name(text).map(|route| route.to_string())
}
