//! Token counts under one convention, whatever the provider's own is.

use serde::{Deserialize, Serialize};

use crate::money::Ticks;

/// What one attempt used, normalised. Counts are tokens unless the name says otherwise.
///
/// The four input buckets are disjoint and add up to all input. `output` holds all output, reasoning included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Input that was neither read from nor written to the provider's prompt cache.
    pub input: u64,
    /// Input read from the provider's prompt cache.
    pub cache_read: u64,
    /// Input written to the cache for 5 minutes (or where the provider does not say for how long).
    pub cache_write_5m: u64,
    /// Input written to the cache for an hour.
    pub cache_write_1h: u64,
    /// All output, reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// The part of `input` that was audio.
    pub input_audio: u64,
    /// The part of `output` that was audio.
    pub output_audio: u64,
    /// Searches that the provider ran, in calls.
    pub web_searches: u64,
}

impl Usage {
    /// All input, from the cache or not.
    pub fn input_total(&self) -> u64 {
        self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h
    }

    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input_total() + self.output
    }
}

/// The price class under which a provider says it served a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTier {
    /// The list price.
    #[default]
    Standard,
    /// Slower and cheaper.
    Flex,
    /// Faster and dearer.
    Priority,
    /// Asynchronous and cheaper.
    Batch,
}

/// What a provider reported of an attempt's bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Token counts.
    pub usage: Usage,
    /// What the provider says it charged, where it says so. This outranks the price book.
    pub billed: Option<Ticks>,
    /// The tier that served; `None` where the provider does not say.
    pub tier: Option<ServiceTier>,
}
