//! `wayleave crd`: the custom resource definitions.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::output::print;

/// Print the custom resource definitions of LLMRoute, ProviderKey and CachePolicy
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  wayleave crd | kubectl apply --server-side -f -")]
pub struct CrdArgs {
    /// Write them into this folder instead, one file per kind
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// Prints or writes them.
///
/// # Errors
/// When stdout or the folder cannot be written.
pub fn run(args: &CrdArgs) -> anyhow::Result<ExitCode> {
    let Some(folder) = &args.directory else {
        print(&wayleave_api::crds_yaml().context("cannot write the definitions as YAML")?)?;
        return Ok(ExitCode::SUCCESS);
    };
    for (name, yaml) in wayleave_api::crd_files().context("cannot write the definitions as YAML")? {
        let path = folder.join(name);
        fs::write(&path, yaml).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
