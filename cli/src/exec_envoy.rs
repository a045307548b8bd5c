//! `wayleave exec-envoy`: becomes Envoy, once it is sure to end with the supervisor. Not for people.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::Context as _;
use clap::Args;

use crate::parent::end_with_parent;

/// Become another program that ends with its parent
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  wayleave exec-envoy --parent 4711 -- /usr/bin/envoy --version")]
pub struct ExecEnvoyArgs {
    /// The process whose end is ours
    #[arg(long, value_name = "PID")]
    pub parent: u32,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

/// Becomes the program; returns only if that fails.
///
/// # Errors
/// When the parent is gone, or the program cannot be run.
pub fn run(args: ExecEnvoyArgs) -> anyhow::Result<()> {
    end_with_parent(args.parent)?;
    let mut words = args.command.into_iter();
    let program = words.next().context("no program is given")?;
    let error = Command::new(&program).args(words).exec();
    Err(error).with_context(|| format!("cannot run {}", program.to_string_lossy()))
}
