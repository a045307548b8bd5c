//! `usage` of the Responses format into [`Report`], and back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::format::lenient::Count;
use crate::format::openai_chat;
use crate::money::Ticks;
use crate::usage::{Report, ServiceTier, Usage};
use crate::vendor::ReasoningCount;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Members {
    input_tokens: Count,
    output_tokens: Count,
    input_tokens_details: Option<InputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

#[expect(clippy::struct_field_names, reason = "the format's names")]
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
    audio_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
}

/// Reads a `usage` object. `None`: it is null or no such object. `tier` is what the answer says beside it. Reasoning is
/// inside the output, at xAI too, which counts it beside in chats.
pub(super) fn read_usage(raw: &RawValue, tier: Option<ServiceTier>) -> Option<Report> {
    let members: Option<Members> = serde_json::from_str(raw.get()).ok()?;
    let members = members?;
    let input_details = members.input_tokens_details.unwrap_or_default();
    let output_details = members.output_tokens_details.unwrap_or_default();
    let all_input = members.input_tokens.or_zero();
    let cache_read = input_details.cached_tokens.or_zero().min(all_input);
    let cache_write = input_details
        .cache_write_tokens
        .or_zero()
        .min(all_input - cache_read);
    let input = all_input - cache_read - cache_write;
    let output = members.output_tokens.or_zero();
    let reasoning = output_details.reasoning_tokens.or_zero().min(output);
    let usage = Usage {
        input,
        cache_read,
        cache_write_5m: cache_write,
        cache_write_1h: 0,
        output,
        reasoning,
        input_audio: input_details.audio_tokens.or_zero().min(input),
        output_audio: output_details.audio_tokens.or_zero().min(output - reasoning),
        web_searches: 0,
    };
    // What a provider charges stands in the same members as in chats.
    let chat = openai_chat::read_usage(raw, ReasoningCount::Included, None);
    Some(Report {
        usage,
        billed: chat.and_then(|report| report.billed),
        tier,
    })
}

/// Usage as the format writes it.
#[derive(Debug, Serialize)]
pub(super) struct UsageOut {
    input_tokens: u64,
    input_tokens_details: InputDetailsOut,
    output_tokens: u64,
    output_tokens_details: OutputDetailsOut,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct InputDetailsOut {
    cached_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Serialize)]
struct OutputDetailsOut {
    reasoning_tokens: u64,
}

impl UsageOut {
    pub(super) fn new(usage: &Usage, cost: Option<Ticks>) -> Self {
        let written = usage.cache_write_5m + usage.cache_write_1h;
        Self {
            input_tokens: usage.input_total(),
            input_tokens_details: InputDetailsOut {
                cached_tokens: usage.cache_read,
                cache_write_tokens: (written > 0).then_some(written),
            },
            output_tokens: usage.output,
            output_tokens_details: OutputDetailsOut {
                reasoning_tokens: usage.reasoning,
            },
            total_tokens: usage.total(),
            cost: cost.and_then(openai_chat::cost_number),
        }
    }
}
