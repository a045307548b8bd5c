//! `wayleave crd`: the custom resource definitions.

use std::fs;
use std::path::{Path, PathBuf};
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
    /// Write them into the templates of this Helm chart instead: they stay when the chart is uninstalled
    #[arg(long, value_name = "DIR")]
    pub chart: Option<PathBuf>,
}

/// Prints or writes them.
///
/// # Errors
/// When stdout or a folder cannot be written.
pub fn run(args: &CrdArgs) -> anyhow::Result<ExitCode> {
    const AS_YAML: &str = "cannot write the definitions as YAML";
    if let Some(folder) = &args.directory {
        write(folder, wayleave_api::crd_files().context(AS_YAML)?)?;
    }
    if let Some(chart) = &args.chart {
        let files = wayleave_api::chart_files().context(AS_YAML)?;
        write(&chart.join("templates"), files)?;
    }
    if args.directory.is_none() && args.chart.is_none() {
        print(&wayleave_api::crds_yaml().context(AS_YAML)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, files: Vec<(String, String)>) -> anyhow::Result<()> {
    for (name, yaml) in files {
        let path = folder.join(name);
        fs::write(&path, yaml).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
