//! `usage` of Converse into [`Report`].

use serde::Deserialize;

use crate::format::lenient::{Count, List, Text};
use crate::usage::{Report, ServiceTier as Tier, Usage as Counts};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage<'a> {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_write_input_tokens: Count,
    /// Some models tell the same under these names, some under both.
    cache_read_input_token_count: Count,
    cache_write_input_token_count: Count,
    #[serde(borrow)]
    cache_details: List<CacheDetail<'a>>,
}

/// What was written to the cache, by how long it stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CacheDetail<'a> {
    input_tokens: Count,
    #[serde(borrow)]
    ttl: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceTier<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

impl Usage<'_> {
    /// As at Anthropic, `inputTokens` does not count what the cache has to do with.
    pub(super) fn report(&self, tier: Option<&ServiceTier<'_>>) -> Report {
        let cache_write = self
            .cache_write_input_tokens
            .0
            .or(self.cache_write_input_token_count.0)
            .unwrap_or(0);
        let hour = self
            .cache_details
            .0
            .iter()
            .filter(|detail| detail.ttl.as_str() == "1h");
        let cache_write_1h = hour
            .fold(0_u64, |sum, detail| {
                sum.saturating_add(detail.input_tokens.or_zero())
            })
            .min(cache_write);
        let usage = Counts {
            input: self.input_tokens.or_zero(),
            cache_read: self
                .cache_read_input_tokens
                .0
                .or(self.cache_read_input_token_count.0)
                .unwrap_or(0),
            cache_write_5m: cache_write - cache_write_1h,
            cache_write_1h,
            output: self.output_tokens.or_zero(),
            ..Counts::default()
        };
        Report {
            usage,
            billed: None,
            tier: tier.and_then(ServiceTier::read),
        }
    }
}

impl ServiceTier<'_> {
    fn read(&self) -> Option<Tier> {
        match self.kind.as_str() {
            "default" => Some(Tier::Standard),
            "flex" => Some(Tier::Flex),
            "priority" => Some(Tier::Priority),
            _ => None,
        }
    }
}
