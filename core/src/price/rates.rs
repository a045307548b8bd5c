//! The prices of one model, and what a call costs under them.

use std::sync::Arc;

use jiff::Timestamp;

use super::ratio::Ratio;
use crate::money::Ticks;
use crate::usage::{ServiceTier, Usage};

/// Prices in ticks per million tokens; searches and requests in ticks per thousand.
///
/// `None` means that no price of its own is known; [`Prices::charge`] says which other price then holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prices {
    pub(super) input: Option<Ticks>,
    pub(super) cache_read: Option<Ticks>,
    pub(super) cache_write_5m: Option<Ticks>,
    pub(super) cache_write_1h: Option<Ticks>,
    pub(super) output: Option<Ticks>,
    pub(super) reasoning: Option<Ticks>,
    pub(super) input_audio: Option<Ticks>,
    pub(super) output_audio: Option<Ticks>,
    pub(super) web_search: Option<Ticks>,
    pub(super) request: Option<Ticks>,
}

/// Prices by total input: above a threshold, all of a request moves to the higher price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) base: Prices,
    /// Thresholds in ascending order. A band holds for input strictly greater than its threshold.
    pub(super) bands: Vec<(u64, Prices)>,
}

/// The cards of all tiers. A tier without one of its own has no published price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tiers {
    pub(super) standard: Card,
    pub(super) flex: Option<Card>,
    pub(super) priority: Option<Card>,
    pub(super) batch: Option<Card>,
}

/// Prices in force from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Timestamp,
    pub(super) day: Tiers,
    /// `[start, end)` in seconds of the day, UTC, in which other prices hold.
    pub(super) hours: Vec<(i64, i64, Tiers)>,
}

/// What a model costs beside what [`Usage`] can count, so that its price may be off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Blind {
    /// Images or video that come in have their own price per token.
    pub(super) input: bool,
    /// Images, video or citations that come out have their own price per token.
    pub(super) output: bool,
    /// Audio that is read from the cache has its own price.
    pub(super) cached_audio: bool,
}

/// All prices of one model, over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrices {
    pub(super) id: Box<str>,
    /// Where the prices come from, for the ledger.
    pub(super) version: Arc<str>,
    pub(super) context: Option<u64>,
    /// In ascending order; the last that has begun is in force, and before all of them the first.
    pub(super) first: Period,
    pub(super) later: Vec<Period>,
    pub(super) blind: Blind,
}

/// The cost of a call, and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priced {
    /// Every count had a published price.
    Exact(Ticks),
    /// Part of it is an assumption: the tier that served has no published price, so the list price was taken; or the
    /// model that served has none, so that of the one asked for was taken; or the provider ran searches whose price
    /// nobody knows, which are left out; or images may be among the tokens.
    Approximate(Ticks),
    /// Tokens were used that have no price at all.
    Unpriced,
}

impl Priced {
    /// The amount, where there is one.
    pub fn ticks(self) -> Option<Ticks> {
        match self {
            Self::Exact(ticks) | Self::Approximate(ticks) => Some(ticks),
            Self::Unpriced => None,
        }
    }
}

/// The prices of one model for one provider key. Cheap to clone; costs no matching and no parsing to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    prices: Arc<ModelPrices>,
    multiplier: Ratio,
    /// They are of the model that was asked for, and the one that served is not known.
    assumed: bool,
}

const SECONDS_PER_DAY: i64 = 86_400;

impl Rates {
    /// The list prices of a model.
    pub fn of(prices: &Arc<ModelPrices>) -> Self {
        Self {
            prices: Arc::clone(prices),
            multiplier: Ratio::ONE,
            assumed: false,
        }
    }

    /// The same prices for want of those of the model that served.
    #[must_use]
    pub(super) fn assumed(self) -> Self {
        Self {
            assumed: true,
            ..self
        }
    }

    /// The same prices at a negotiated discount.
    #[must_use]
    pub fn times(self, multiplier: Ratio) -> Self {
        Self { multiplier, ..self }
    }

    /// Where the prices come from, for the ledger: the version of the book, or `provider-key`.
    pub fn version(&self) -> &Arc<str> {
        &self.prices.version
    }

    /// What `usage` costs when the call began at `at`.
    ///
    /// `tier` is the one that served; `None`, where the provider does not say, is the standard one. The amount is summed
    /// exactly and rounded once, to the nearest tick.
    pub fn cost(&self, usage: &Usage, tier: Option<ServiceTier>, at: Timestamp) -> Priced {
        let (card, published) = self.prices.in_force(at).card(tier.unwrap_or_default());
        let Some(charge) = card.prices(usage.input_total()).charge(usage) else {
            return Priced::Unpriced;
        };
        let ticks = self.multiplier.apply(charge.millionths);
        if published && charge.complete && !self.assumed && !self.prices.blind.to(usage) {
            Priced::Exact(ticks)
        } else {
            Priced::Approximate(ticks)
        }
    }
}

impl ModelPrices {
    /// The model's name in the price book.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The most tokens that a request and its answer may have, where the book knows it.
    pub const fn context_window(&self) -> Option<u64> {
        self.context
    }

    /// Whether tokens of it never cost anything.
    pub(super) fn is_free(&self) -> bool {
        let mut periods = std::iter::once(&self.first).chain(&self.later);
        periods.all(|period| period.day.standard.base.is_free())
    }

    fn in_force(&self, at: Timestamp) -> &Tiers {
        let period = self
            .later
            .iter()
            .rev()
            .find(|period| period.from <= at)
            .unwrap_or(&self.first);
        let second = at.as_second().rem_euclid(SECONDS_PER_DAY);
        let hours = period
            .hours
            .iter()
            .find(|(start, end, _)| (*start..*end).contains(&second));
        hours.map_or(&period.day, |(_, _, tiers)| tiers)
    }
}

impl Tiers {
    /// The card of a tier, and whether it is that tier's own.
    fn card(&self, tier: ServiceTier) -> (&Card, bool) {
        let own = match tier {
            ServiceTier::Standard => Some(&self.standard),
            ServiceTier::Flex => self.flex.as_ref(),
            ServiceTier::Priority => self.priority.as_ref(),
            ServiceTier::Batch => self.batch.as_ref(),
        };
        (own.unwrap_or(&self.standard), own.is_some())
    }
}

impl Card {
    fn prices(&self, input_total: u64) -> &Prices {
        let band = self.bands.iter().rev().find(|(start, _)| input_total > *start);
        band.map_or(&self.base, |(_, prices)| prices)
    }
}

impl Blind {
    fn to(self, usage: &Usage) -> bool {
        (self.input && usage.input > 0)
            || (self.output && usage.output > 0)
            || (self.cached_audio && usage.cache_read > 0 && usage.input_audio > 0)
    }
}

/// A sum in millionths of a tick.
struct Charge {
    millionths: i128,
    /// False if something was used that has no price and no stand-in.
    complete: bool,
}

impl Prices {
    fn is_free(&self) -> bool {
        [self.input, self.output]
            .into_iter()
            .all(|price| price.unwrap_or_default() == Ticks::ZERO)
    }

    /// The exact price of `usage`; `None` if tokens have no price.
    ///
    /// What has no price of its own takes that of the nearest wider kind, as the source of the book defines: an hour's
    /// cache write that of five minutes', the cache and audio in that of input, reasoning and audio out that of output.
    fn charge(&self, usage: &Usage) -> Option<Charge> {
        if *self == Self::default() {
            return None;
        }
        let input_audio = usage.input_audio.min(usage.input);
        let reasoning = usage.reasoning.min(usage.output);
        let output_audio = usage.output_audio.min(usage.output - reasoning);
        let write_5m = self.cache_write_5m.or(self.input);
        let tokens = [
            (usage.input - input_audio, self.input),
            (input_audio, self.input_audio.or(self.input)),
            (usage.cache_read, self.cache_read.or(self.input)),
            (usage.cache_write_5m, write_5m),
            (usage.cache_write_1h, self.cache_write_1h.or(write_5m)),
            (usage.output - reasoning - output_audio, self.output),
            (reasoning, self.reasoning.or(self.output)),
            (output_audio, self.output_audio.or(self.output)),
        ];
        let mut millionths: i128 = 0;
        for (count, price) in tokens.into_iter().filter(|(count, _)| *count > 0) {
            millionths = millionths.saturating_add(times(count, price?));
        }
        for (count, price) in [(usage.web_searches, self.web_search), (1, self.request)] {
            let per_thousand = times(count, price.unwrap_or_default());
            millionths = millionths.saturating_add(per_thousand.saturating_mul(1000));
        }
        Some(Charge {
            millionths,
            complete: usage.web_searches == 0 || self.web_search.is_some(),
        })
    }
}

fn times(count: u64, price: Ticks) -> i128 {
    i128::from(count).saturating_mul(i128::from(price.get()))
}
