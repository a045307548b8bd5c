//! Why a day of a model differs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::money::Ticks;

use super::super::account::Entry;
use super::billed::Billed;
use super::fit::Prices;
use super::{Key, ROUNDING};

/// Why the invoice may differ from the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The provider's days are others.
    DayShift,
    /// The provider took something off.
    Credits,
    /// It belongs to no model: searches, storage.
    NoModel,
    /// The ledger had no price.
    Unpriced,
    /// Attempts that were cancelled were billed otherwise than estimated.
    Cancelled,
    /// Requests that did not go through the gateway.
    NotThroughGateway,
    /// Requests of the ledger that are not on the invoice.
    NotOnInvoice,
    /// The provider read another part of the input from its cache.
    CachedSplit,
    /// Another tier.
    ServiceTier,
    /// The same tokens at other prices.
    PricesDiffer,
    /// Nothing that is known fits.
    Unexplained,
}

/// A likely cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Which.
    pub kind: Kind,
    /// What it adds to the invoice, or takes from it.
    pub amount_ticks: Ticks,
    /// What speaks for it.
    pub evidence: String,
}

/// What is known of a model on a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) billed: Option<&'a Billed>,
    /// The ledger's day in UTC.
    pub(super) plain: &'a Entry,
    /// The ledger's day as the provider cuts it.
    pub(super) moved: &'a Entry,
    pub(super) offset: i64,
    pub(super) prices: Option<Prices>,
    /// Whether it belongs to a model.
    pub(super) belongs: bool,
    pub(super) tolerance: f64,
}

/// Whether a difference is more than this part of the larger of two amounts.
#[expect(clippy::cast_precision_loss, reason = "a tolerance")]
pub(super) fn far(difference: i64, one: i64, other: i64, tolerance: f64) -> bool {
    let large = one.unsigned_abs().max(other.unsigned_abs()) as f64;
    difference.unsigned_abs() as f64 > tolerance * large
}

impl Kind {
    /// Its name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DayShift => "other days",
            Self::Credits => "credits",
            Self::NoModel => "no model",
            Self::Unpriced => "unpriced",
            Self::Cancelled => "cancelled attempts",
            Self::NotThroughGateway => "not through the gateway",
            Self::NotOnInvoice => "not on the invoice",
            Self::CachedSplit => "cached tokens",
            Self::ServiceTier => "service tier",
            Self::PricesDiffer => "prices differ",
            Self::Unexplained => "unexplained",
        }
    }
}

impl Facts<'_> {
    /// Invoice less ledger. `None`: the invoice has tokens only.
    pub(super) fn difference(&self, entry: &Entry) -> Option<i64> {
        let billed = match self.billed {
            Some(billed) => billed.ticks?.get(),
            None => 0,
        };
        Some(billed.saturating_sub(entry.ticks.get()))
    }

    /// Whether both sides are the same within tolerance.
    pub(super) fn agrees(&self, entry: &Entry) -> bool {
        match self.difference(entry) {
            Some(difference) => {
                let billed = self.billed.and_then(|billed| billed.ticks).unwrap_or_default();
                difference.saturating_abs() <= ROUNDING
                    || !far(difference, billed.get(), entry.ticks.get(), self.tolerance)
            }
            None => self
                .billed
                .and_then(Billed::tokens)
                .is_none_or(|(input, output)| {
                    let near = |a: u64, b: u64| !far(less(a, b), signed(a), signed(b), self.tolerance);
                    near(input, entry.tokens.input()) && near(output, entry.tokens.output)
                }),
        }
    }
}

/// The models for which invoice and ledger have the same ratio on every day, of two at least.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
pub(super) fn steady(facts: &BTreeMap<&Key, Facts<'_>>) -> BTreeSet<String> {
    let mut ratios: BTreeMap<&str, (f64, f64, u32)> = BTreeMap::new();
    for (key, facts) in facts {
        let billed = facts.billed.and_then(|billed| billed.ticks).map_or(0, Ticks::get);
        if let Some(model) = &key.1
            && facts.moved.ticks > Ticks::ZERO
        {
            let ratio = billed as f64 / facts.moved.ticks.get() as f64;
            let (least, most, days) = ratios.entry(model).or_insert((ratio, ratio, 0));
            (*least, *most, *days) = (least.min(ratio), most.max(ratio), *days + 1);
        }
    }
    let tolerance = facts.values().next().map_or(0.0, |facts| facts.tolerance);
    let same = |(least, most, days): &(f64, f64, u32)| *days > 1 && most - least <= tolerance * most;
    let models = ratios.iter().filter(|(_, ratio)| same(ratio));
    models.map(|(model, _)| (*model).to_owned()).collect()
}

pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn less(a: u64, b: u64) -> i64 {
    signed(a).saturating_sub(signed(b))
}
