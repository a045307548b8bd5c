//! `usage` of the Anthropic format into [`Report`], and back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::format::lenient::{Count, List, Text};
use crate::format::openai_chat::cost_number;
use crate::money::Ticks;
use crate::usage::{Report, ServiceTier, Usage};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Members<'a> {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_creation: Option<CacheCreation>,
    output_tokens_details: Option<OutputDetails>,
    server_tool_use: Option<ServerToolUse>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    #[serde(borrow)]
    iterations: List<Iteration<'a>>,
}

/// One run of a model for an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Iteration<'a> {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_creation: Option<CacheCreation>,
    /// Where it is not the answer's: an advisor's.
    #[serde(borrow)]
    model: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Count,
    ephemeral_1h_input_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServerToolUse {
    web_search_requests: Count,
}

/// Usage so far. Every object that comes overwrites the members that it tells.
#[derive(Debug, Default)]
pub(super) struct UsageState {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    cache_write_1h: u64,
    output: u64,
    reasoning: u64,
    web_searches: u64,
    tier: Option<ServiceTier>,
}

impl UsageState {
    /// Takes the next `usage`. `None`: it is null or no such object.
    pub(super) fn take(&mut self, raw: &RawValue) -> Option<Report> {
        let members: Option<Members<'_>> = serde_json::from_str(raw.get()).ok()?;
        let members = members?;
        set(&mut self.input, members.input_tokens);
        set(&mut self.output, members.output_tokens);
        set(&mut self.cache_read, members.cache_read_input_tokens);
        set(&mut self.cache_write, members.cache_creation_input_tokens);
        if let Some(split) = members.cache_creation {
            set(&mut self.cache_write_1h, split.ephemeral_1h_input_tokens);
            let sum = split.ephemeral_5m_input_tokens.or_zero() + self.cache_write_1h;
            self.cache_write = members.cache_creation_input_tokens.0.unwrap_or(sum);
        }
        if let Some(details) = members.output_tokens_details {
            set(&mut self.reasoning, details.thinking_tokens);
        }
        if let Some(tools) = members.server_tool_use {
            set(&mut self.web_searches, tools.web_search_requests);
        }
        self.add_up(&members.iterations.0);
        self.tier = read_tier(members.service_tier.as_str()).or(self.tier);
        Some(self.report())
    }

    /// All runs are billed, but the members beside them leave out those that compact the prompt. An advisor's have
    /// another model's prices, and are counted nowhere else either.
    fn add_up(&mut self, iterations: &[Iteration<'_>]) {
        let own = || iterations.iter().filter(|run| run.model.is_empty());
        let sum = |count: fn(&Iteration<'_>) -> Count| {
            own().fold(0_u64, |sum, run| sum.saturating_add(count(run).or_zero()))
        };
        let one_hour = |run: &Iteration<'_>| {
            let split = run.cache_creation.as_ref();
            split.map_or(Count::default(), |split| split.ephemeral_1h_input_tokens)
        };
        self.input = self.input.max(sum(|run| run.input_tokens));
        self.output = self.output.max(sum(|run| run.output_tokens));
        self.cache_read = self.cache_read.max(sum(|run| run.cache_read_input_tokens));
        self.cache_write = self.cache_write.max(sum(|run| run.cache_creation_input_tokens));
        self.cache_write_1h = self.cache_write_1h.max(sum(one_hour));
    }

    fn report(&self) -> Report {
        let cache_write_1h = self.cache_write_1h.min(self.cache_write);
        let usage = Usage {
            input: self.input,
            cache_read: self.cache_read,
            cache_write_5m: self.cache_write - cache_write_1h,
            cache_write_1h,
            output: self.output,
            reasoning: self.reasoning.min(self.output),
            input_audio: 0,
            output_audio: 0,
            web_searches: self.web_searches,
        };
        Report {
            usage,
            billed: None,
            tier: self.tier,
        }
    }
}

fn set(member: &mut u64, told: Count) {
    if let Some(count) = told.0 {
        *member = count;
    }
}

fn read_tier(tier: &str) -> Option<ServiceTier> {
    match tier {
        "standard" => Some(ServiceTier::Standard),
        "priority" => Some(ServiceTier::Priority),
        "batch" => Some(ServiceTier::Batch),
        _ => None,
    }
}

/// Usage as the Anthropic format writes it.
#[derive(Debug, Default, Serialize)]
pub(super) struct UsageOut {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<CacheCreationOut>,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputDetailsOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_tool_use: Option<ServerToolUseOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct CacheCreationOut {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Serialize)]
struct OutputDetailsOut {
    thinking_tokens: u64,
}

/// The official SDK wants both.
#[derive(Debug, Serialize)]
struct ServerToolUseOut {
    web_search_requests: u64,
    web_fetch_requests: u64,
}

impl UsageOut {
    pub(super) fn new(report: Option<&Report>, cost: Option<Ticks>) -> Self {
        let nothing = Report::default();
        let Report { usage, tier, .. } = report.unwrap_or(&nothing);
        let cache_write = usage.cache_write_5m + usage.cache_write_1h;
        Self {
            input_tokens: usage.input,
            cache_creation_input_tokens: cache_write,
            cache_read_input_tokens: usage.cache_read,
            cache_creation: (cache_write > 0).then_some(CacheCreationOut {
                ephemeral_5m_input_tokens: usage.cache_write_5m,
                ephemeral_1h_input_tokens: usage.cache_write_1h,
            }),
            output_tokens: usage.output,
            output_tokens_details: (usage.reasoning > 0).then_some(OutputDetailsOut {
                thinking_tokens: usage.reasoning,
            }),
            server_tool_use: (usage.web_searches > 0).then_some(ServerToolUseOut {
                web_search_requests: usage.web_searches,
                web_fetch_requests: 0,
            }),
            service_tier: tier.and_then(write_tier),
            cost: cost.and_then(cost_number),
        }
    }
}

/// `None`: the format has no word for it.
const fn write_tier(tier: ServiceTier) -> Option<&'static str> {
    match tier {
        ServiceTier::Standard => Some("standard"),
        ServiceTier::Priority => Some("priority"),
        ServiceTier::Batch => Some("batch"),
        ServiceTier::Flex => None,
    }
}
