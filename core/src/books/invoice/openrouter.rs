//! `OpenRouter`: activity.
//!
//! - <https://openrouter.ai/docs/api-reference/analytics/get-activity>: `{data: [{date, model, model_permaslug,
//!   provider_name, usage, byok_usage_inference, requests, prompt_tokens, completion_tokens, reasoning_tokens}]}`.
//!   `usage` is in credits, which are dollars; what a key of one's own costs is billed elsewhere and is left out.
//!   `completion_tokens` includes reasoning.
//! - <https://openrouter.ai/docs/guides/guides/activity-export>: the page's CSV, one row per generation: `generation_id`,
//!   `created_at`, `cost_total`, `tokens_prompt`, `tokens_completion`, `tokens_cached`, `model_permaslug`, `variant`.

use super::amount::dollars;
use super::cells::Row;
use super::{InvoiceError, InvoiceLine, Read};

pub(super) const MARKS: &[&str] = &["generation_id", "cost_total", "usage"];
pub(super) const WANTED: &str = "date and usage (activity), or created_at and cost_total (CSV)";

pub(super) fn line(row: &Row<'_>) -> Result<Read, InvoiceError> {
    if let Some(day) = row.day("created_at")? {
        let mut line = InvoiceLine::of(day, model(row));
        line.ticks = row.amount("cost_total", dollars)?;
        line.input = row.count("tokens_prompt")?;
        line.cached = row.count("tokens_cached")?;
        line.output = row.count("tokens_completion")?;
        line.requests = Some(1);
        return Ok(Read::line(line));
    }
    let (Some(day), Some(ticks)) = (row.day("date")?, row.amount("usage", dollars)?) else {
        return Ok(Read::Foreign);
    };
    let mut line = InvoiceLine::of(day, model(row));
    line.ticks = Some(ticks);
    line.input = row.count("prompt_tokens")?;
    line.output = row.count("completion_tokens")?;
    line.requests = row.count("requests")?;
    Ok(Read::line(line))
}

/// The name that calls use. Variants have prices of their own: `:free` stays a part of it.
fn model(row: &Row<'_>) -> Option<String> {
    if let Some(model) = row.get("model") {
        return Some(model.to_owned());
    }
    let model = row.get("model_permaslug")?;
    let variant = row.get("variant").filter(|variant| *variant != "standard");
    Some(match variant {
        Some(variant) if !model.contains(':') => format!("{model}:{variant}"),
        Some(_) | None => model.to_owned(),
    })
}
