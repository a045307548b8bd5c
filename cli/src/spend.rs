//! `wayleave spend`: what was spent, by model, route, client and more.

mod clickhouse;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;
use wayleave_core::books::by::By;
use wayleave_core::books::line::Line;
use wayleave_core::books::period::{Moment, Period};
use wayleave_core::books::reader::{Reader, Reading};
use wayleave_core::books::spend::{Spend, Spent};

use self::clickhouse::ClickHouseArgs;
use crate::books;
use crate::cache::{authority, find};
use crate::output::{print, print_json};

/// More than the ring of a data plane holds.
const ALL: usize = 10_000_000;

/// Say what was spent: sums of the ledger by model, route, client, day and more
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct SpendArgs {
    /// Where the ledger is.
    #[command(flatten)]
    pub source: SourceArgs,
    /// What the sums are made by: model, route, client, day, class, task, provider, key or role; may be repeated
    #[arg(long, value_name = "WHAT", default_value = "model")]
    pub by: Vec<By>,
    /// From when on: 7d, 12h (ago), 2026-11-01 (a day, UTC), or 2026-11-01T10:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Moment>,
    /// Until when, in the same words; a day is included
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Moment>,
    /// How many rows are shown; the others are summed up in one
    #[arg(long, value_name = "ROWS", default_value_t = 1000)]
    pub top: usize,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: SpendOutput,
}

/// Where a ledger is.
#[derive(Clone, Debug, Args)]
pub struct SourceArgs {
    /// The ledger's file, with what was put aside of it (FILE.1, FILE.2, ...); - is stdin
    #[arg(long, env = "WAYLEAVE_LEDGER", value_name = "FILE", required_unless_present_any = ["clickhouse", "admins"])]
    pub ledger: Option<PathBuf>,
    /// The ledger's table in ClickHouse.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// The admin port of a data plane, which has the last 10,000 records; may be repeated
    #[arg(long = "admin", value_name = "URL", value_parser = authority, conflicts_with = "clickhouse")]
    pub admins: Vec<String>,
}

/// How sums are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SpendOutput {
    /// For people.
    #[default]
    Table,
    /// For spreadsheets.
    Csv,
    /// For machines.
    Json,
}

const EXAMPLE: &str = "\
Example:
  wayleave spend --ledger ledger.jsonl --by model --since 7d
  wayleave spend --ledger ledger.jsonl --by client --by day --output csv
  wayleave spend --clickhouse http://localhost:8123 --by route --since 2026-11-01 --until 2026-11-30

A sum with attempts that nobody has a price for is a lower bound, and says so. Lines that cannot be read are told on
stderr and left out.";

/// Sums up.
///
/// # Errors
/// When the ledger cannot be read, or the result not be written.
pub fn run(args: &SpendArgs) -> anyhow::Result<ExitCode> {
    let period = Period::between(args.since, args.until, Timestamp::now())?;
    let mut by = args.by.clone();
    by.dedup();
    let mut spend = Spend::new(by.clone(), period);
    let reading = collect(&args.source, &by, period, &mut spend)?;
    let spent = spend.finish(args.top);
    if let Some(reading) = &reading {
        books::tell(reading);
    }
    match args.output {
        SpendOutput::Table => print(&text::table(&spent))?,
        SpendOutput::Csv => print(&text::csv(&spent)?)?,
        SpendOutput::Json => print_json(&as_json(&spent, reading.as_ref()))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(spent: &Spent, reading: Option<&Reading>) -> serde_json::Value {
    json!({"spent": spent, "reading": reading})
}

/// Counts what there is. The database sums up itself, so that nothing is read line by line.
fn collect(
    source: &SourceArgs,
    by: &[By],
    period: Period,
    spend: &mut Spend,
) -> anyhow::Result<Option<Reading>> {
    let runtime = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.context("cannot start the runtime")
    };
    // A flag outranks WAYLEAVE_LEDGER.
    if let Some(url) = &source.clickhouse.clickhouse {
        runtime()?.block_on(source.clickhouse.sum(url, by, period, spend))?;
        return Ok(None);
    }
    if !source.admins.is_empty() {
        let mut reader = Reader::default();
        runtime()?.block_on(async {
            for admin in &source.admins {
                ring(admin, &mut reader, spend).await?;
            }
            anyhow::Ok(())
        })?;
        return Ok(Some(reader.reading().clone()));
    }
    let path = source.ledger.as_ref().context("there is no ledger to read")?;
    books::read(path, |line: &Line| spend.add(line)).map(Some)
}

/// What a data plane still has.
async fn ring(admin: &str, reader: &mut Reader, spend: &mut Spend) -> anyhow::Result<()> {
    let peer = find(admin).await.with_context(|| format!("http://{admin}"))?;
    let records = peer.get_json(&format!("/ledger?limit={ALL}")).await?;
    let records = records.as_array().context("it is no ledger")?;
    reader.begin(&format!("http://{admin}/ledger"));
    for record in records {
        if let Some(line) = reader.read(record.to_string().as_bytes()) {
            spend.add(&line);
        }
    }
    Ok(())
}
