//! `usage` of the OpenAI format into [`Report`], and back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::format::lenient::{Count, Text};
use crate::money::Ticks;
use crate::usage::{Report, ServiceTier, Usage};
use crate::vendor::ReasoningCount;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Members<'a> {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// `DeepSeek`.
    prompt_cache_hit_tokens: Count,
    /// Together and some servers behind Hugging Face.
    cached_tokens: Count,
    /// Older Mistral.
    num_cached_tokens: Count,
    /// Vercel.
    cache_creation_input_tokens: Count,
    server_tool_use_details: Option<ServerTools>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    /// xAI.
    cost_in_usd_ticks: Count,
    /// OpenRouter and Vercel: a number. Perplexity: an object.
    #[serde(borrow)]
    cost: Option<&'a RawValue>,
    #[serde(borrow)]
    is_byok: Option<&'a RawValue>,
    #[serde(borrow)]
    cost_details: Option<CostDetails<'a>>,
    /// DeepInfra.
    #[serde(borrow)]
    estimated_cost: Option<&'a RawValue>,
}

#[expect(clippy::struct_field_names, reason = "the format's names")]
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
    audio_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CostDetails<'a> {
    #[serde(borrow)]
    upstream_inference_cost: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct CostObject<'a> {
    #[serde(borrow)]
    total_cost: &'a RawValue,
}

fn amount(raw: &RawValue) -> Option<Ticks> {
    serde_json::from_str(raw.get()).ok().and_then(Ticks::from_usd_f64)
}

/// Reads a `usage` object. `None`: it is null or no such object. `tier` is what the answer says beside it.
pub(crate) fn read_usage(
    raw: &RawValue,
    reasoning: ReasoningCount,
    tier: Option<ServiceTier>,
) -> Option<Report> {
    let members: Option<Members<'_>> = serde_json::from_str(raw.get()).ok()?;
    let members = members?;
    let tier = read_tier(members.service_tier.as_str()).or(tier);
    Some(Report {
        usage: members.tokens(reasoning),
        billed: members.billed(),
        tier,
    })
}

/// Reads a `service_tier`. `None`: not told, or none that has a price of its own.
pub(crate) fn read_tier(tier: &str) -> Option<ServiceTier> {
    match tier {
        "default" | "standard" | "on_demand" | "scale" => Some(ServiceTier::Standard),
        "flex" => Some(ServiceTier::Flex),
        "priority" => Some(ServiceTier::Priority),
        "batch" => Some(ServiceTier::Batch),
        _ => None,
    }
}

/// Writes a `service_tier`. `None`: not told, or the format has no word for it.
pub(super) fn write_tier(tier: Option<ServiceTier>) -> Option<&'static str> {
    match tier? {
        ServiceTier::Standard => Some("default"),
        ServiceTier::Flex => Some("flex"),
        ServiceTier::Priority => Some("priority"),
        ServiceTier::Batch => None,
    }
}

impl Members<'_> {
    fn tokens(&self, convention: ReasoningCount) -> Usage {
        let prompt = self.prompt_tokens.or_zero();
        let details = self.prompt_tokens_details.as_ref();
        // Some say 0 in one place and the truth in another.
        let cache_read = [
            details.map_or(Count::default(), |details| details.cached_tokens),
            self.prompt_cache_hit_tokens,
            self.cached_tokens,
            self.num_cached_tokens,
        ];
        let cache_read = cache_read.into_iter().map(Count::or_zero).max();
        let cache_read = cache_read.unwrap_or(0).min(prompt);
        let cache_write = details
            .and_then(|details| details.cache_write_tokens.0)
            .or(self.cache_creation_input_tokens.0)
            .unwrap_or(0)
            .min(prompt - cache_read);
        let input = prompt - cache_read - cache_write;
        let (output, reasoning) = self.output(convention);
        let completion = self.completion_tokens_details.as_ref();
        Usage {
            input,
            cache_read,
            cache_write_5m: cache_write,
            cache_write_1h: 0,
            output,
            reasoning,
            input_audio: details
                .map_or(0, |details| details.audio_tokens.or_zero())
                .min(input),
            output_audio: completion
                .map_or(0, |details| details.audio_tokens.or_zero())
                .min(output - reasoning),
            web_searches: self
                .server_tool_use_details
                .as_ref()
                .map_or(0, |details| details.web_search_requests.or_zero()),
        }
    }

    /// All output, and the reasoning in it. The total tells whether reasoning is counted inside `completion_tokens`,
    /// beside it (xAI, also where another hosts it), or beside it and untold (Gemini: total 109 = 35 + 12 + 62
    /// of hidden thought). Only without a total the vendor's convention decides.
    fn output(&self, convention: ReasoningCount) -> (u64, u64) {
        let completion = self.completion_tokens.or_zero();
        let told = self
            .completion_tokens_details
            .as_ref()
            .map_or(0, |details| details.reasoning_tokens.or_zero());
        let beyond = self.total_tokens.0.map(|total| {
            total
                .saturating_sub(self.prompt_tokens.or_zero())
                .saturating_sub(completion)
        });
        let beside = match (beyond, convention) {
            (Some(beyond), _) if told == 0 || beyond == told => beyond,
            (Some(0), _) | (_, ReasoningCount::Included) => 0,
            (_, ReasoningCount::Beside) => told,
        };
        let output = completion.saturating_add(beside);
        // Some hosts tell more reasoning than output (Vercel, DeepInfra).
        (output, told.max(beside).min(output))
    }

    /// What the provider says it charged.
    ///
    /// - xAI: ticks. A zero beside tokens is what other hosts of its models send, and tells nothing.
    /// - OpenRouter: `cost`; with the user's own key that is only the fee, and the upstream's cost is added. Where
    ///   that is missing the true cost is unknown.
    /// - DeepInfra calls its own product of tokens and prices an estimate; no better figure exists.
    fn billed(&self) -> Option<Ticks> {
        if let Some(ticks) = self.cost_in_usd_ticks.0.filter(|ticks| *ticks > 0) {
            return i64::try_from(ticks).ok().map(Ticks::new);
        }
        let Some(cost) = self.cost else {
            return self.estimated_cost.and_then(amount);
        };
        let object = serde_json::from_str::<CostObject<'_>>(cost.get());
        let cost = amount(object.map_or(cost, |object| object.total_cost))?;
        if self.is_byok.is_none_or(|own_key| own_key.get() != "true") {
            return Some(cost);
        }
        let upstream = self
            .cost_details
            .as_ref()?
            .upstream_inference_cost
            .and_then(amount)?;
        Some(cost + upstream)
    }
}

/// Usage as the OpenAI format writes it.
#[derive(Debug, Serialize)]
pub(super) struct UsageOut {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetailsOut,
    completion_tokens_details: CompletionDetailsOut,
    /// OpenRouter's.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_tool_use_details: Option<ServerToolsOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Box<RawValue>>,
}

#[expect(clippy::struct_field_names, reason = "the format's names")]
#[derive(Debug, Serialize)]
struct PromptDetailsOut {
    cached_tokens: u64,
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write_tokens: u64,
}

#[derive(Debug, Serialize)]
struct CompletionDetailsOut {
    reasoning_tokens: u64,
    audio_tokens: u64,
}

#[derive(Debug, Serialize)]
struct ServerToolsOut {
    web_search_requests: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl UsageOut {
    pub(super) fn new(usage: &Usage, cost: Option<Ticks>) -> Self {
        Self {
            prompt_tokens: usage.input_total(),
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: PromptDetailsOut {
                cached_tokens: usage.cache_read,
                audio_tokens: usage.input_audio,
                cache_write_tokens: usage.cache_write_5m + usage.cache_write_1h,
            },
            completion_tokens_details: CompletionDetailsOut {
                reasoning_tokens: usage.reasoning,
                audio_tokens: usage.output_audio,
            },
            server_tool_use_details: (usage.web_searches > 0).then_some(ServerToolsOut {
                web_search_requests: usage.web_searches,
            }),
            cost: cost.and_then(cost_number),
        }
    }
}

/// An amount as an exact JSON number of dollars.
pub(crate) fn cost_number(cost: Ticks) -> Option<Box<RawValue>> {
    RawValue::from_string(cost.usd()).ok()
}

#[cfg(test)]
mod tests;
