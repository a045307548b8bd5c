//! The ledger's side of a reconciliation: what attempts at one provider used and cost, by model and hour.

use std::collections::{BTreeMap, BTreeSet};

use crate::money::Ticks;
use crate::usage::ServiceTier;

use super::Tokens;
use super::invoice::{Invoice, Provider};
use super::line::{AttemptLine, Line};
use super::model::{base, is_resold, plain};
use super::period::Period;
use super::reconcile::Fit;

/// Which attempts were made at the provider. The ledger does not say who is behind a provider key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those of these provider keys, `NAMESPACE/NAME`.
    Keys(BTreeSet<String>),
    /// Those that were served by a model of the invoice, whatever its date.
    Models(Provider, BTreeSet<String>),
}

/// What attempts used and cost in an hour or a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Those that used anything.
    pub requests: u64,
    /// What they used.
    pub tokens: Tokens,
    /// What those with a price cost.
    pub ticks: Ticks,
    /// Those without a price.
    pub unpriced: Part,
    /// Those that were cancelled, by a race or by the client, and whose usage is a count of ours.
    pub cancelled: Part,
    /// What attempts on other tiers than the standard one cost.
    pub tiers: BTreeMap<ServiceTier, Ticks>,
}

/// A part of an [`Entry`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Attempts.
    pub requests: u64,
    /// What they used.
    pub tokens: Tokens,
    /// What they cost, as far as that is known.
    pub ticks: Ticks,
}

/// Attempts at one provider.
#[derive(Debug)]
pub struct Account {
    wanted: Wanted,
    period: Period,
    pub(super) hours: BTreeMap<(String, i64), Entry>,
    pub(super) fits: BTreeMap<String, Fit>,
    pub(super) keys: BTreeMap<String, u64>,
}

impl Wanted {
    /// By the models of an invoice; all where it names none.
    pub fn models_of(provider: Provider, invoice: &Invoice) -> Self {
        let names = invoice.lines.iter().filter_map(|line| line.model.as_deref());
        let bases = names.map(|name| base(&plain(provider, name)).to_owned());
        Self::Models(provider, bases.collect())
    }

    fn takes(&self, line: &AttemptLine) -> bool {
        match self {
            Self::Keys(keys) => keys.contains(&line.provider),
            Self::Models(_, bases) if bases.is_empty() => true,
            Self::Models(provider, bases) => {
                // Elsewhere a name like openai/gpt-4o is of somebody who sells it on, and who sends an own invoice.
                let model = line.model();
                (*provider == Provider::OpenRouter || !is_resold(model))
                    && bases.contains(base(&plain(*provider, model)))
            }
        }
    }
}

impl Account {
    /// For these attempts in this period.
    pub const fn new(wanted: Wanted, period: Period) -> Self {
        Self {
            wanted,
            period,
            hours: BTreeMap::new(),
            fits: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    /// Counts a line, if it is an attempt that used something of this provider.
    pub fn add(&mut self, line: &Line) {
        let Line::Attempt(line) = line else { return };
        let used = line.usage.is_some() && !line.is_reused();
        if !used || !self.period.contains(line.started) || !self.wanted.takes(line) {
            return;
        }
        *self.keys.entry(line.provider.clone()).or_default() += 1;
        let hour = line.started.as_second().div_euclid(3600);
        let model = line.model().to_owned();
        let standard = line.tier.is_none_or(|tier| tier == ServiceTier::Standard);
        if let Some(ticks) = line.cost_ticks.filter(|_| standard) {
            self.fits
                .entry(model.clone())
                .or_default()
                .learn(&line.tokens(), ticks);
        }
        self.hours.entry((model, hour)).or_default().count(line);
    }
}

impl Entry {
    fn count(&mut self, line: &AttemptLine) {
        let tokens = line.tokens();
        self.requests += 1;
        self.tokens.add(&tokens);
        match line.cost_ticks {
            Some(ticks) => self.ticks += ticks,
            None => self.unpriced.count(&tokens, Ticks::ZERO),
        }
        let ticks = line.cost_ticks.unwrap_or_default();
        if line.estimated && matches!(&*line.class, "lost_race" | "client_left") {
            self.cancelled.count(&tokens, ticks);
        }
        if let Some(tier) = line.tier.filter(|tier| *tier != ServiceTier::Standard) {
            *self.tiers.entry(tier).or_default() += ticks;
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.tokens.add(&other.tokens);
        self.ticks += other.ticks;
        self.unpriced.add(&other.unpriced);
        self.cancelled.add(&other.cancelled);
        for (tier, ticks) in &other.tiers {
            *self.tiers.entry(*tier).or_default() += *ticks;
        }
    }
}

impl Part {
    fn count(&mut self, tokens: &Tokens, ticks: Ticks) {
        self.add(&Self {
            requests: 1,
            tokens: *tokens,
            ticks,
        });
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.tokens.add(&other.tokens);
        self.ticks += other.ticks;
    }
}
