//! Gemini: Google Cloud Billing.
//!
//! - <https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage>: rows of the table
//!   `gcp_billing_export_v1_…` as JSON, one per line: `service.description`, `sku.description`, `usage_start_time`,
//!   `cost`, `currency`, `usage.amount`, `usage.unit`, `credits[].amount` (below 0).
//! - <https://docs.cloud.google.com/billing/docs/how-to/cost-table> and `…/how-to/reports`: the console's CSV with
//!   `Service description`, `SKU description`, `Usage start date` and `Usage end date` or `Date`, `Usage amount`, `Usage
//!   unit`, and a column of money whose heading has the sign of the currency. The cost table begins with lines, among
//!   them `Currency,USD`. The console's days begin at midnight in California.
//!
//! The model is a part of the SKU: `Generate content input token count gemini 2.5 flash short input text`. What is paid
//! is the cost and its credits, which are told apart. Rows of other services are left out.

use crate::money::Ticks;
use crate::usage::ServiceTier;

use super::amount::dollars;
use super::cells::Row;
use super::{InvoiceError, InvoiceLine, Read};

pub(super) const MARKS: &[&str] = &["sku description"];
pub(super) const WANTED: &str =
    "sku.description, usage_start_time and cost (BigQuery), or SKU description and a day (CSV)";

/// Columns of money of the CSVs in the order of preference; the sign of the currency follows.
const MONEY: [&str; 4] = ["unrounded cost", "unrounded subtotal", "cost", "subtotal"];
/// Words of a SKU that end the name of the model.
const ENDS: [&str; 17] = [
    "text", "image", "audio", "video", "short", "long", "input", "output", "token", "batch", "flex",
    "priority", "caching", "cached", "thinking", "-", "for",
];

pub(super) fn line(row: &Row<'_>) -> Result<Read, InvoiceError> {
    let bigquery = row.has("sku_description") || row.has("usage_start_time");
    let sku = row.get("sku_description").or_else(|| row.get("sku description"));
    let service = row
        .get("service_description")
        .or_else(|| row.get("service description"));
    let Some(sku) = sku else {
        // Totals and taxes have no SKU.
        return Ok(if service.is_some() || row.has("cost type") {
            Read::Ignored
        } else {
            Read::Foreign
        });
    };
    let words = sku.to_lowercase();
    let ours = service.is_some_and(|service| matches!(service, "Gemini API" | "Generative Language API"));
    if !ours && !words.contains("gemini") {
        return Ok(Read::Ignored);
    }
    let first = ["usage_start_time", "usage start date", "date"];
    let mut day = None;
    for column in first {
        day = day.or(row.day(column)?);
    }
    let Some(day) = day else {
        return Err(row.wrong("date", "day: group the report by date and SKU"));
    };
    let mut line = InvoiceLine::of(day, model(&words));
    line.last = row.day("usage end date")?.unwrap_or(day).max(day);
    line.tier = tier(&words);
    let (ticks, credits) = if bigquery { exported(row)? } else { shown(row)? };
    line.ticks = Some(ticks + credits);
    line.credits = credits;
    tokens(row, &words, &mut line)?;
    Ok(Read::line(line))
}

/// Cost and credits of a row of the `BigQuery` export.
fn exported(row: &Row<'_>) -> Result<(Ticks, Ticks), InvoiceError> {
    row.dollars_only("currency")?;
    let cost = row.amount("cost", dollars)?.unwrap_or_default();
    let sum = |text: &str| text.split(' ').map(dollars).sum::<Option<Ticks>>();
    Ok((cost, row.amount("credits", sum)?.unwrap_or_default()))
}

/// Cost and credits of a row of the console's CSV.
fn shown(row: &Row<'_>) -> Result<(Ticks, Ticks), InvoiceError> {
    row.dollars_only("currency")?;
    let mut columns = MONEY.iter().filter_map(|name| {
        row.columns().find(|column| {
            column
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
        })
    });
    let Some(column) = columns.next() else {
        return Err(row.wrong("cost", "amount"));
    };
    if let Some((_, sign)) = column.split_once('(')
        && sign.trim_end_matches(')') != "$"
    {
        return Err(InvoiceError::Currency {
            row: row.number(),
            currency: sign.trim_end_matches(')').to_owned(),
        });
    }
    let text = row.get(column).unwrap_or_default();
    let ticks = dollars(text).ok_or_else(|| InvoiceError::Value {
        row: row.number(),
        column: "cost",
        text: text.to_owned(),
        wanted: "amount",
    })?;
    Ok(if row.has("credit type") {
        (Ticks::ZERO, ticks)
    } else {
        (ticks, Ticks::ZERO)
    })
}

/// Counts are tokens; hours of storage and the like are not.
fn tokens(row: &Row<'_>, words: &str, line: &mut InvoiceLine) -> Result<(), InvoiceError> {
    let unit = row.get("usage_unit").or_else(|| row.get("usage unit"));
    if !unit.is_some_and(|unit| matches!(unit, "count" | "tokens"))
        || line.model.is_none()
        || row.has("credit type")
    {
        return Ok(());
    }
    let amount = row.count("usage_amount")?.or(row.count("usage amount")?);
    let output =
        words.contains("output token") || (words.contains("output") && !words.contains("input token"));
    if output {
        line.output = amount;
        line.input = Some(0);
        line.cached = Some(0);
    } else if words.contains("input") {
        let cached = words.contains("cach");
        line.input = amount;
        line.cached = if cached { amount } else { Some(0) };
        line.output = Some(0);
    }
    Ok(())
}

fn model(words: &str) -> Option<String> {
    let mut words = words
        .split_whitespace()
        .skip_while(|word| !word.starts_with("gemini"));
    let first = words.next()?;
    let rest = words.take_while(|word| !ENDS.contains(word));
    Some(std::iter::once(first).chain(rest).collect::<Vec<_>>().join("-"))
}

fn tier(words: &str) -> Option<ServiceTier> {
    words.split_whitespace().find_map(|word| match word {
        "batch" => Some(ServiceTier::Batch),
        "flex" => Some(ServiceTier::Flex),
        "priority" => Some(ServiceTier::Priority),
        _ => None,
    })
}
