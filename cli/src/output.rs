//! What a command prints: its result on stdout, for people or for machines.

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::ValueEnum;
use serde::Serialize;

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// Prints text to stdout. A reader that has gone (`wayleave … | head`) is no error.
///
/// # Errors
/// When stdout cannot be written for another reason, e.g. a full disk.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Prints a value as one line of JSON.
///
/// # Errors
/// Like [`print()`].
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let line = serde_json::to_string(value).context("cannot write the result as JSON")?;
    print(&format!("{line}\n"))
}

/// Prints a line of progress to stderr. Nothing depends on it, so a stderr that cannot be written is no error.
pub fn progress(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
