//! Tokens by what they are billed as.

use serde::Serialize;

use crate::usage::Usage;

/// Tokens in four kinds without overlap. Sums saturate: a line that lies must not end the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Input that no cache of the provider had a part in.
    pub plain: u64,
    /// Input read from the provider's cache.
    pub cached: u64,
    /// Input written to it.
    pub written: u64,
    /// Output, with reasoning.
    pub output: u64,
}

impl Tokens {
    /// Those of a usage.
    pub fn of(usage: &Usage) -> Self {
        Self {
            plain: usage.input,
            cached: usage.cache_read,
            written: usage.cache_write_5m.saturating_add(usage.cache_write_1h),
            output: usage.output,
        }
    }

    /// All input.
    pub const fn input(&self) -> u64 {
        self.plain
            .saturating_add(self.cached)
            .saturating_add(self.written)
    }

    /// Input and output.
    pub const fn total(&self) -> u64 {
        self.input().saturating_add(self.output)
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.plain = self.plain.saturating_add(other.plain);
        self.cached = self.cached.saturating_add(other.cached);
        self.written = self.written.saturating_add(other.written);
        self.output = self.output.saturating_add(other.output);
    }
}
