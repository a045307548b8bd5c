//! `usageMetadata` into [`Report`], and back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::format::lenient::{Count, List, Text};
use crate::format::openai_chat::cost_number;
use crate::money::Ticks;
use crate::usage::{Report, ServiceTier, Usage};

/// The most that is believed of one count, so that no sum overflows.
const MOST: u64 = 1 << 48;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Members<'a> {
    prompt_token_count: Count,
    cached_content_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
    tool_use_prompt_token_count: Count,
    total_token_count: Count,
    #[serde(borrow)]
    prompt_tokens_details: List<Detail<'a>>,
    #[serde(borrow)]
    cache_tokens_details: List<Detail<'a>>,
    #[serde(borrow)]
    candidates_tokens_details: List<Detail<'a>>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    traffic_type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail<'a> {
    /// A word, or its number.
    #[serde(borrow)]
    modality: Text<'a>,
    token_count: Count,
}

/// Reads a `usageMetadata`. `None`: it counts nothing, as Vertex' before the last chunk. `web_searches` is told
/// elsewhere in the answer.
pub(super) fn read(raw: &RawValue, web_searches: u64) -> Option<Report> {
    let members: Option<Members<'_>> = serde_json::from_str(raw.get()).ok()?;
    let members = members?;
    let counts = [
        members.prompt_token_count,
        members.total_token_count,
        members.candidates_token_count,
    ];
    counts.iter().any(|count| count.0.is_some()).then(|| Report {
        usage: members.tokens(web_searches),
        billed: None,
        tier: members.tier(),
    })
}

impl Members<'_> {
    /// The prompt includes what was read from the cache; thoughts are not among the candidates' tokens, nor what the
    /// provider's own tools read among the prompt's.
    fn tokens(&self, web_searches: u64) -> Usage {
        let prompt = count(self.prompt_token_count);
        let cache_read = count(self.cached_content_token_count).min(prompt);
        let input = prompt - cache_read + count(self.tool_use_prompt_token_count);
        let candidates = count(self.candidates_token_count);
        let reasoning = count(self.thoughts_token_count);
        let input_audio =
            audio(&self.prompt_tokens_details).saturating_sub(audio(&self.cache_tokens_details));
        Usage {
            input,
            cache_read,
            output: candidates + reasoning,
            reasoning,
            input_audio: input_audio.min(input),
            output_audio: audio(&self.candidates_tokens_details).min(candidates),
            web_searches,
            ..Usage::default()
        }
    }

    fn tier(&self) -> Option<ServiceTier> {
        match self.service_tier.as_str().to_ascii_lowercase().as_str() {
            "standard" => return Some(ServiceTier::Standard),
            "flex" => return Some(ServiceTier::Flex),
            "priority" => return Some(ServiceTier::Priority),
            _ => {}
        }
        match self.traffic_type.as_str() {
            "ON_DEMAND" => Some(ServiceTier::Standard),
            "ON_DEMAND_FLEX" => Some(ServiceTier::Flex),
            "ON_DEMAND_PRIORITY" => Some(ServiceTier::Priority),
            _ => None,
        }
    }
}

fn count(told: Count) -> u64 {
    told.or_zero().min(MOST)
}

fn audio(details: &List<Detail<'_>>) -> u64 {
    let audio = details
        .0
        .iter()
        .filter(|detail| matches!(detail.modality.as_str(), "AUDIO" | "4"));
    audio.fold(0, |sum, detail| sum.saturating_add(detail.token_count.or_zero()))
}

/// Usage as the Gemini format writes it. What was written to a cache is only in the prompt's count.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageOut {
    prompt_token_count: u64,
    candidates_token_count: u64,
    total_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cached_content_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    thoughts_token_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prompt_tokens_details: Vec<DetailOut>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates_tokens_details: Vec<DetailOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DetailOut {
    modality: &'static str,
    token_count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl UsageOut {
    pub(super) fn new(usage: &Usage, cost: Option<Ticks>) -> Self {
        let prompt = usage.input_total();
        let candidates = usage.output.saturating_sub(usage.reasoning);
        Self {
            prompt_token_count: prompt,
            candidates_token_count: candidates,
            total_token_count: prompt + usage.output,
            cached_content_token_count: usage.cache_read,
            thoughts_token_count: usage.reasoning,
            prompt_tokens_details: details(prompt, usage.input_audio),
            candidates_tokens_details: details(candidates, usage.output_audio),
            cost: cost.and_then(cost_number),
        }
    }
}

/// Only where there is audio to tell apart.
fn details(all: u64, audio: u64) -> Vec<DetailOut> {
    if audio == 0 {
        return Vec::new();
    }
    let text = all.saturating_sub(audio);
    [("TEXT", text), ("AUDIO", audio)]
        .into_iter()
        .filter(|(_, token_count)| *token_count > 0)
        .map(|(modality, token_count)| DetailOut {
            modality,
            token_count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<Report> {
        read(serde_json::from_str(json).expect("JSON"), 0)
    }

    #[test]
    fn thoughts_and_tools_are_counted_beside() {
        let report = of(
            r#"{"promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 7,
            "thoughtsTokenCount": 5, "toolUsePromptTokenCount": 11, "totalTokenCount": 123,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 80}, {"modality": 4, "tokenCount": 20}],
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 15}], "trafficType": "ON_DEMAND_FLEX"}"#,
        )
        .expect("counts");
        let usage = report.usage;
        assert_eq!((usage.input, usage.cache_read, usage.input_audio), (51, 60, 5));
        assert_eq!((usage.output, usage.reasoning, usage.total()), (12, 5, 123));
        assert_eq!(report.tier, Some(ServiceTier::Flex));
    }

    #[test]
    fn what_counts_nothing_tells_nothing() {
        for json in [r#"{"trafficType": "ON_DEMAND"}"#, "null", "[]", "{}"] {
            assert_eq!(of(json), None, "{json}");
        }
        assert_eq!(
            of(r#"{"promptTokenCount": 3}"#).map(|it| it.usage.total()),
            Some(3)
        );
        let most = format!(
            r#"{{"promptTokenCount": {0}, "thoughtsTokenCount": {0}, "candidatesTokenCount": {0},
            "toolUsePromptTokenCount": {0}}}"#,
            u64::MAX
        );
        assert_eq!(of(&most).map(|it| it.usage.total()), Some(4 * MOST));
    }
}
