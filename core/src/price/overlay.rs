//! What a user of a provider key pays instead of the list price.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::book::PriceBook;
use super::glob::ModelGlob;
use super::rates::{Blind, Card, ModelPrices, Period, Prices, Rates, Tiers};
use super::ratio::Ratio;
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
    /// back to the one that was asked for, and the cost is an estimate; but nobody is taken to serve for nothing because
    /// that one is free. An explicit price for either name goes before the book.
    pub fn resolve(
        &self,
        book: &PriceBook,
        vendor: Option<&str>,
        asked: &str,
        served: Option<&str>,
    ) -> Option<Rates> {
        let names = [served, Some(asked)];
        let mut names = names.into_iter().flatten();
        if let Some(price) = names.find_map(|name| self.explicit(name)) {
            return Some(Rates::of(&Arc::new(price.model_prices())));
        }
        let vendor = vendor?;
        let listed = |model: &str| book.find(vendor, model);
        let (prices, assumed) = match served {
            None => (listed(asked)?, false),
            Some(served) => match listed(served) {
                Some(prices) => (prices, false),
                None => (listed(asked).filter(|prices| !prices.is_free())?, true),
            },
        };
        let rates = Rates::of(prices).times(self.multiplier);
        Some(if assumed { rates.assumed() } else { rates })
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
        let card = Card {
            base,
            bands: Vec::new(),
        };
        let own = Some(card.clone());
        let day = Tiers {
            standard: card,
            flex: own.clone(),
            priority: own.clone(),
            batch: own,
        };
        ModelPrices {
            id: self.model.as_str().into(),
            version: "provider-key".into(),
            context: None,
            first: Period {
                from: Timestamp::MIN,
                day,
                hours: Vec::new(),
            },
            later: Vec::new(),
            blind: Blind::default(),
        }
    }
}
