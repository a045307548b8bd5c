//! `wayleave check`: are the manifests in order?

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use wayleave_operator::compile::verdict::Severity;
use wayleave_operator::manifest::Report;

use crate::args::FolderArgs;
use crate::output::{Output, print, print_json, progress};
use crate::source::{self, Unset};

/// Check a folder of manifests: says of every object whether it is in order. Exit status 1 if one is broken
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct CheckArgs {
    /// The manifests.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// A Secret's ${VARIABLE} has to be set; otherwise it is taken as given, so that credentials need not be at hand
    #[arg(long)]
    pub require_env: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

const EXAMPLE: &str = "\
Example:
  wayleave check -f manifests && git push
  wayleave check -f manifests --output json | jq .objects";

/// The result for machines.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    report: Report,
    /// Variables that are not set here and were taken as given.
    unset: BTreeSet<String>,
}

/// Prints the verdicts.
///
/// # Errors
/// When the folder cannot be read, or has no manifest.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let folder = &args.folder.folder;
    let unset = if args.require_env {
        Unset::Refused
    } else {
        Unset::FilledIn
    };
    let (loaded, unset) = source::load_once(folder, unset)?;
    let report = loaded.report;
    if report.errors.is_empty() && report.objects.is_empty() && report.notes.is_empty() {
        bail!(
            "there is no manifest in {}: its files have to end in .yaml, .yml or .json",
            folder.display()
        );
    }
    let code = match report.severity() {
        Severity::Ok | Severity::Warning => ExitCode::SUCCESS,
        Severity::Broken => ExitCode::FAILURE,
    };
    match args.output {
        Output::Text => {
            print(&report.to_string())?;
            if !unset.is_empty() {
                let names: Vec<String> = unset.into_iter().collect();
                progress(&format!(
                    "note: not set here, and taken as given: {}",
                    names.join(", ")
                ));
            }
        }
        Output::Json => print_json(&Checked { report, unset })?,
    }
    Ok(code)
}
