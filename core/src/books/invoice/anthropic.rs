//! Anthropic: cost and usage reports of the Admin API, and the CSV that the console exports of both.
//!
//! - <https://platform.claude.com/docs/en/api/admin/cost_report/retrieve>: buckets (`starting_at`) with results
//!   `{amount, currency, model, token_type, service_tier, cost_type}`, with `group_by[]=description`. `amount` is in
//!   cents, as a decimal text: `"123.45"` is $1.23.
//! - <https://platform.claude.com/docs/en/api/admin/usage_report>: buckets with results `{uncached_input_tokens,
//!   cache_read_input_tokens, cache_creation: {ephemeral_5m_input_tokens, ephemeral_1h_input_tokens}, output_tokens,
//!   model, service_tier}`, with `group_by[]=model`.
//! - <https://support.claude.com/en/articles/9534590>: the console's exports. Usage has `usage_date_utc`,
//!   `model_version`, `usage_type`, `usage_input_tokens_no_cache`, `…_cache_write_5m`, `…_cache_write_1h`,
//!   `…_cache_read`, `usage_output_tokens`; cost has `usage_date_utc`, `model` as people write it (`Claude Haiku 4.5`),
//!   `token_type` and `cost_usd`, in dollars.

use crate::usage::ServiceTier;

use super::amount::{cents, dollars};
use super::cells::Row;
use super::{InvoiceError, InvoiceLine, Read};

pub(super) const MARKS: &[&str] = &["usage_date_utc"];
pub(super) const WANTED: &str = "starting_at and amount (cost report), starting_at and output_tokens (usage report), or usage_date_utc (CSV)";

pub(super) fn line(row: &Row<'_>) -> Result<Read, InvoiceError> {
    let Some(day) = row.day("starting_at")?.or(row.day("usage_date_utc")?) else {
        return Ok(Read::Foreign);
    };
    let model = row.get("model_version").or_else(|| row.get("model")).map(id);
    let mut line = InvoiceLine::of(day, model);
    line.tier = row
        .get("service_tier")
        .or_else(|| row.get("usage_type"))
        .and_then(tier);
    if let Some(ticks) = row.amount("amount", cents)? {
        row.dollars_only("currency")?;
        line.ticks = Some(ticks);
        return Ok(Read::line(line));
    }
    if let Some(ticks) = row.amount("cost_usd", dollars)? {
        line.ticks = Some(ticks);
        return Ok(Read::line(line));
    }
    let either =
        |json: &'static str, csv: &'static str| Ok::<_, InvoiceError>(row.count(json)?.or(row.count(csv)?));
    let plain = either("uncached_input_tokens", "usage_input_tokens_no_cache")?;
    let cached = either("cache_read_input_tokens", "usage_input_tokens_cache_read")?;
    let short = either(
        "cache_creation_ephemeral_5m_input_tokens",
        "usage_input_tokens_cache_write_5m",
    )?;
    let long = either(
        "cache_creation_ephemeral_1h_input_tokens",
        "usage_input_tokens_cache_write_1h",
    )?;
    let output = either("output_tokens", "usage_output_tokens")?;
    if plain.is_none() && output.is_none() {
        return Ok(Read::Nothing);
    }
    let counts = [plain, cached, short, long].map(Option::unwrap_or_default);
    line.input = Some(counts.into_iter().fold(0, u64::saturating_add));
    line.cached = Some(cached.unwrap_or_default());
    line.written = Some(short.unwrap_or_default().saturating_add(long.unwrap_or_default()));
    line.output = Some(output.unwrap_or_default());
    Ok(Read::line(line))
}

/// The id of a model that is written for people: `Claude Haiku 4.5` is `claude-haiku-4-5`.
fn id(name: &str) -> String {
    if name.contains(' ') {
        name.to_lowercase().replace([' ', '.'], "-")
    } else {
        name.to_owned()
    }
}

fn tier(text: &str) -> Option<ServiceTier> {
    match text {
        "batch" => Some(ServiceTier::Batch),
        "priority" | "priority_on_demand" => Some(ServiceTier::Priority),
        "flex" | "flex_discount" => Some(ServiceTier::Flex),
        _ => None,
    }
}
