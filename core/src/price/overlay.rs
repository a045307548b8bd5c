//! What a user of a provider key pays instead of the list price.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::book::PriceBook;
use super::rates::{Blind, Card, ModelPrices, Period, Prices, Rates, Tiers};
use crate::money::Ticks;

/// The prices of a provider key.
///
/// An explicit price is what the user already pays, so the multiplier is not applied to it. The multiplier is the
/// discount (or surcharge) that was negotiated on the list price, so it is applied to the book's prices alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overlay {
    /// The first that matches a model counts. Its length is bounded where the configuration is read.
    pub prices: Vec<OverlayPrice>,
    /// Applied to prices of the book.
    pub multiplier: Ratio,
}

/// An explicit price for all models that a pattern matches, in every service tier and at all times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverlayPrice {
    /// Which models.
    pub model: ModelGlob,
    /// Ticks per million tokens of input.
    pub input_per_million: Ticks,
    /// Ticks per million tokens of output, reasoning included.
    pub output_per_million: Ticks,
    /// Ticks per million tokens read from the cache; without it they cost what input costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_per_million: Option<Ticks>,
    /// Ticks per million tokens written to the cache; without it they cost what input costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_per_million: Option<Ticks>,
}

impl Overlay {
    /// The rates of a model; `None` if nobody has a price for it.
    ///
    /// `vendor` is the book's name of the vendor, `None` for an endpoint of the user's own. `served` is the model that
    /// the provider says has answered: its price counts. A name that is unknown there (a deployment's, an alias) falls
    /// back to the one that was asked for. An explicit price for either name goes before the book.
    pub fn resolve(
        &self,
        book: &PriceBook,
        vendor: Option<&str>,
        asked: &str,
        served: Option<&str>,
    ) -> Option<Rates> {
        let names = [served, Some(asked)];
        let mut names = names.into_iter().flatten();
        if let Some(price) = names.clone().find_map(|name| self.explicit(name)) {
            return Some(Rates::of(&Arc::new(price.model_prices())));
        }
        let found = vendor.and_then(|vendor| names.find_map(|name| book.find(vendor, name)));
        found.map(|prices| Rates::of(prices).times(self.multiplier))
    }

    fn explicit(&self, model: &str) -> Option<&OverlayPrice> {
        self.prices.iter().find(|price| price.model.matches(model))
    }
}

impl OverlayPrice {
    /// One card for all tiers: what was agreed for this key is not the vendor's tariff.
    fn model_prices(&self) -> ModelPrices {
        let base = Prices {
            input: Some(self.input_per_million),
            cache_read: self.cache_read_per_million,
            cache_write_5m: self.cache_write_per_million,
            output: Some(self.output_per_million),
            ..Prices::default()
        };
        let card = Card { base, bands: Vec::new() };
        let own = Some(card.clone());
        let day = Tiers { standard: card, flex: own.clone(), priority: own.clone(), batch: own };
        ModelPrices {
            id: self.model.as_str().into(),
            version: "provider-key".into(),
            first: Period { from: Timestamp::MIN, day, hours: Vec::new() },
            later: Vec::new(),
            blind: Blind::default(),
        }
    }
}

/// A pattern of model names, in which `*` is any text, also none. Upper and lower case are the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ModelGlob(String);

impl ModelGlob {
    /// The pattern as written, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern matches the whole of `model`.
    pub fn matches(&self, model: &str) -> bool {
        let model = model.to_ascii_lowercase();
        let Some((prefix, rest)) = self.0.split_once('*') else { return self.0 == model };
        let Some(mut left) = model.strip_prefix(prefix) else { return false };
        let (middle, suffix) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            let Some((_, after)) = left.split_once(part) else { return false };
            left = after;
        }
        left.ends_with(suffix)
    }
}

impl From<String> for ModelGlob {
    fn from(pattern: String) -> Self {
        Self(pattern.to_ascii_lowercase())
    }
}

impl From<&str> for ModelGlob {
    fn from(pattern: &str) -> Self {
        Self::from(pattern.to_owned())
    }
}

impl From<ModelGlob> for String {
    fn from(glob: ModelGlob) -> Self {
        glob.0
    }
}

impl fmt::Debug for ModelGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A factor from 0 to 100 in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Ratio(u32);

/// Why a text or number is not a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ratio: write a decimal number from 0 to 100 with at most 6 decimals, such as 0.9")]
pub struct BadRatio;

impl Ratio {
    /// No change.
    pub const ONE: Self = Self(1_000_000);
    /// The greatest ratio, 100.
    pub const MAX: Self = Self(100_000_000);

    /// The factor in millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// `amount`, given in millionths of a tick, times this ratio, to the nearest tick; a half goes up.
    pub(super) fn apply(self, amount: i128) -> Ticks {
        const UNIT: i128 = 1_000_000 * 1_000_000;
        let product = amount.saturating_mul(i128::from(self.0)).saturating_add(UNIT / 2);
        Ticks::new(i64::try_from(product.div_euclid(UNIT)).unwrap_or(i64::MAX))
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<u32> for Ratio {
    type Error = BadRatio;

    fn try_from(millionths: u32) -> Result<Self, BadRatio> {
        (millionths <= Self::MAX.0).then_some(Self(millionths)).ok_or(BadRatio)
    }
}

impl From<Ratio> for u32 {
    fn from(ratio: Ratio) -> Self {
        ratio.0
    }
}

impl FromStr for Ratio {
    type Err = BadRatio;

    fn from_str(text: &str) -> Result<Self, BadRatio> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
            return Err(BadRatio);
        }
        let millionths: u32 = format!("{whole}{fraction:0<6}").parse().map_err(|_| BadRatio)?;
        Self::try_from(millionths)
    }
}
