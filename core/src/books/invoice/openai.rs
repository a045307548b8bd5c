//! `OpenAI`: costs and usage of an organization, and the CSV that the dashboard exports of both.
//!
//! - <https://platform.openai.com/docs/api-reference/usage/costs>: buckets of a day (`start_time`, seconds) with results
//!   `{amount: {value, currency}, line_item, project_id}`. Asked for with `group_by=line_item`, `line_item` is
//!   `gpt-4o-2024-08-06, cached input`: the model, and what of it. The CSV has the same as `amount_value`,
//!   `amount_currency` and `line_item`. Its `quantity` has no stated unit, and is not read.
//! - <https://platform.openai.com/docs/api-reference/usage/completions>: buckets with results `{input_tokens,
//!   input_cached_tokens, output_tokens, num_model_requests, model, batch, service_tier}`, with `group_by=model`.
//!   `input_tokens` includes the cached ones. The CSV has the same columns. There is no money in it.
//! - <https://cookbook.openai.com/examples/completions_usage_api>: both, as tables.

use crate::usage::ServiceTier;

use super::amount::dollars;
use super::cells::Row;
use super::{InvoiceError, InvoiceLine, Read};

pub(super) const MARKS: &[&str] = &["amount_value", "num_model_requests", "input_tokens"];
pub(super) const WANTED: &str = "start_time and amount (costs), or start_time and num_model_requests (usage)";

pub(super) fn line(row: &Row<'_>) -> Result<Read, InvoiceError> {
    let Some(day) = row.day("start_time")?.or(row.day("start_time_iso")?) else {
        return Ok(Read::Foreign);
    };
    if let Some(ticks) = row.amount("amount_value", dollars)? {
        row.dollars_only("amount_currency")?;
        let item = row.get("line_item").unwrap_or_default();
        let mut line = InvoiceLine::of(day, model(item));
        line.ticks = Some(ticks);
        line.tier = tier(item);
        return Ok(Read::line(line));
    }
    if !row.has("num_model_requests") && !row.has("input_tokens") {
        return Ok(Read::Nothing);
    }
    let mut line = InvoiceLine::of(day, row.get("model").map(str::to_owned));
    line.input = row.count("input_tokens")?;
    line.cached = row.count("input_cached_tokens")?;
    // Embeddings have no output.
    line.output = row.count("output_tokens")?.or(Some(0));
    line.requests = row.count("num_model_requests")?;
    let batch = row
        .get("batch")
        .is_some_and(|batch| batch.eq_ignore_ascii_case("true"));
    line.tier = if batch {
        Some(ServiceTier::Batch)
    } else {
        row.get("service_tier").and_then(tier)
    };
    Ok(Read::line(line))
}

/// The model of a line item. What is one word without a comma is a model; `web search tool call` is none.
fn model(item: &str) -> Option<String> {
    let (name, _) = item.split_once(',').unwrap_or((item, ""));
    let name = name.trim();
    (!name.is_empty() && !name.contains(char::is_whitespace)).then(|| name.to_owned())
}

fn tier(text: &str) -> Option<ServiceTier> {
    let text = text.to_lowercase();
    [
        ("batch", ServiceTier::Batch),
        ("flex", ServiceTier::Flex),
        ("priority", ServiceTier::Priority),
    ]
    .into_iter()
    .find_map(|(word, tier)| text.contains(word).then_some(tier))
}
