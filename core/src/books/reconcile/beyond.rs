//! What an invoice has and the ledger has not.

use super::billed::Billed;
use super::cause::{Facts, less};

/// Tokens beyond the ledger's, by kind, and requests.
#[derive(Clone, Copy)]
pub(super) struct Beyond {
    pub(super) kinds: [f64; 4],
    pub(super) requests: Option<i64>,
    /// Below these, of input and of output, counts are the same.
    pub(super) near: [f64; 2],
}

impl Beyond {
    /// What an invoice has; `None`: it has no tokens.
    #[expect(clippy::cast_precision_loss, reason = "likely amounts")]
    pub(super) fn of(facts: &Facts<'_>, billed: &Billed) -> Option<Self> {
        let (input, output) = billed.tokens()?;
        let entry = facts.moved;
        let all = entry.tokens.input();
        let input_beyond = less(input, all) as f64;
        // What the invoice does not tell apart is taken to be as in the ledger.
        let share = if all == 0 {
            0.0
        } else {
            entry.tokens.cached as f64 / all as f64
        };
        let cached = billed.cached.map_or(input_beyond * share, |cached| {
            less(cached, entry.tokens.cached) as f64
        });
        let written = billed
            .written
            .map_or(0.0, |written| less(written, entry.tokens.written) as f64);
        let near = |a: u64, b: u64| facts.tolerance * a.max(b) as f64;
        Some(Self {
            kinds: [
                input_beyond - cached - written,
                cached,
                written,
                less(output, entry.tokens.output) as f64,
            ],
            requests: billed.requests.map(|requests| less(requests, entry.requests)),
            near: [near(input, all), near(output, entry.tokens.output)],
        })
    }

    /// Tokens of input, cached or not.
    pub(super) fn input(&self) -> f64 {
        let [plain, cached, written, _] = self.kinds;
        plain + cached + written
    }

    /// Whether there is nothing to speak of.
    pub(super) fn is_near(&self) -> bool {
        let ([.., output], [near_input, near_output]) = (self.kinds, self.near);
        self.input().abs() <= near_input && output.abs() <= near_output
    }

    /// Whether the invoice has less.
    pub(super) fn is_less(&self) -> bool {
        let [.., output] = self.kinds;
        !self.is_near() && self.input() <= 0.0 && output <= 0.0
    }

    /// Whether the invoice has more output alone, and no more requests.
    pub(super) fn ran_on(&self) -> bool {
        let ([.., output], [near_input, near_output]) = (self.kinds, self.near);
        output > near_output
            && self.input().abs() <= near_input
            && self.requests.is_none_or(|requests| requests <= 0)
    }
}
