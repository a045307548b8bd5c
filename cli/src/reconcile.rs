//! `wayleave reconcile`: does the provider's invoice say what the ledger says?

mod text;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use wayleave_core::books::account::{Account, Wanted};
use wayleave_core::books::invoice::{self, Invoice, Provider};
use wayleave_core::books::model::alike_in;
use wayleave_core::books::period::{Moment, Period};
use wayleave_core::books::reconcile::{Reconciliation, Terms, reconcile};
use wayleave_core::price::PriceBook;

use crate::books;
use crate::output::{print, print_json, progress};

/// Exit status where something cannot be read.
const UNREADABLE: u8 = 2;

/// Compare a provider's invoice with the ledger, and say why they differ
///
/// By model and day. The invoice is what the provider exports, as JSON or CSV: costs, and with them usage (tokens), without
/// which little can be said about causes.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct ReconcileArgs {
    /// Whose invoice it is: openai, anthropic, openrouter or gemini
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Provider,
    /// An export of the provider; may be repeated, e.g. costs and usage
    #[arg(long = "invoice", value_name = "FILE", required = true)]
    pub invoices: Vec<PathBuf>,
    /// The ledger's file, with what was put aside of it (FILE.1, FILE.2, ...); - is stdin
    #[arg(long, env = "WAYLEAVE_LEDGER", value_name = "FILE")]
    pub ledger: PathBuf,
    /// A provider key whose attempts are compared; may be repeated [default: all that were served by a model of the
    /// invoice]
    #[arg(long = "key", value_name = "NAMESPACE/NAME")]
    pub keys: Vec<String>,
    /// The first day: 2026-11-01 (UTC), or 30d (ago) [default: the invoice's]
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Moment>,
    /// The last day [default: the invoice's]
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Moment>,
    /// Which part of an amount may differ
    #[arg(long, value_name = "PART", default_value_t = 0.01, value_parser = part)]
    pub tolerance: f64,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: ReconcileOutput,
}

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReconcileOutput {
    /// For people.
    #[default]
    Table,
    /// For machines.
    Json,
}

const EXAMPLE: &str = "\
Example:
  wayleave reconcile --provider openai --invoice costs.json --invoice usage.json --ledger ledger.jsonl
  wayleave reconcile --provider anthropic --invoice cost.csv --ledger ledger.jsonl --key team/anthropic --output json

Exit status: 0 every model and day is within tolerance, 1 one is not, 2 something cannot be read. docs/spend.md says
where providers have their exports.";

/// Compares.
///
/// # Errors
/// When the result cannot be written.
pub fn run(args: &ReconcileArgs) -> anyhow::Result<ExitCode> {
    let found = match compare(args) {
        Ok(found) => found,
        Err(error) => {
            progress(&format!("error: {error:#}"));
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    match args.output {
        ReconcileOutput::Table => print(&text::render(&found))?,
        ReconcileOutput::Json => print_json(&found)?,
    }
    Ok(if found.agrees {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn compare(args: &ReconcileArgs) -> anyhow::Result<Reconciliation> {
    let period = Period::between(args.since, args.until, Timestamp::now())?;
    let invoice = read_invoice(args, period)?;
    let days = invoice.lines.iter().flat_map(|line| [line.day, line.last]);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
        bail!("the invoice has no lines in this period");
    };
    let wanted = if args.keys.is_empty() {
        Wanted::models_of(args.provider, &invoice)
    } else {
        Wanted::Keys(args.keys.iter().cloned().collect())
    };
    // The provider's days may begin at another time than in UTC.
    let since = midnight(first)? - SignedDuration::from_hours(24);
    let until = midnight(last)? + SignedDuration::from_hours(48);
    let around = Period {
        since: Some(since),
        until: Some(until),
    };
    let mut account = Account::new(wanted, around);
    let reading = books::read(&args.ledger, |line| account.add(line))?;
    books::tell(&reading);
    let at = midnight(first)?;
    let alike = |a: &str, b: &str| alike_in(PriceBook::builtin(), args.provider, a, b, at);
    let terms = Terms {
        provider: args.provider,
        tolerance: args.tolerance,
        alike: &alike,
    };
    Ok(reconcile(&invoice, &account, terms))
}

fn read_invoice(args: &ReconcileArgs, period: Period) -> anyhow::Result<Invoice> {
    let mut whole = Invoice::default();
    for path in &args.invoices {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let read = invoice::read(args.provider, &bytes);
        let read = read.with_context(|| format!("cannot read {} as an invoice", path.display()))?;
        whole.lines.extend(read.lines);
        whole.ignored += read.ignored;
        whole.cut |= read.cut;
    }
    let mut lines = Vec::new();
    for line in whole.lines {
        if period.contains(midnight(line.day)?) {
            lines.push(line);
        }
    }
    whole.lines = lines;
    Ok(whole)
}

fn midnight(day: Date) -> anyhow::Result<Timestamp> {
    let zoned = day.to_zoned(jiff::tz::TimeZone::UTC);
    Ok(zoned
        .with_context(|| format!("{day} is beyond the calendar"))?
        .timestamp())
}

fn part(text: &str) -> Result<f64, String> {
    let part = text.parse::<f64>().ok().filter(|part| (0.0..1.0).contains(part));
    part.ok_or_else(|| "write it as a part of 1, e.g. 0.01".to_owned())
}
