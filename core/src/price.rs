//! From usage to money.
//!
//! ```text
//! prices.json ──parse──► PriceBook ──find(vendor, model)──► ModelPrices ─┐
//!                        Overlay of the provider key ────────resolve─────┴─► Rates ──cost(Usage, tier, at)──► Priced
//! Report (what the provider said) + Rates ──price──► Cost
//! ```
//!
//! `Rates` are resolved once per model; pricing a call with them neither matches nor parses.

mod amount;
mod book;
mod file;
mod glob;
mod matching;
mod overlay;
mod rates;
mod ratio;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use book::{BookError, PriceBook};
pub use glob::ModelGlob;
pub use overlay::{Overlay, OverlayPrice};
pub use rates::{ModelPrices, Priced, Rates};
pub use ratio::{BadRatio, Ratio};

use crate::money::Ticks;
use crate::usage::Report;

/// Where the cost of an attempt comes from, in the order of trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostSource {
    /// The provider said what it charges.
    ProviderBilled,
    /// Known prices times usage that the provider reported.
    Table,
    /// The same, but usage or a price is our estimate.
    Estimate,
    /// Nothing was bought: the answer was there.
    Cache,
    /// No price is known.
    None,
}

/// What an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// `None` if and only if `source` is [`CostSource::None`]: an unknown cost is never 0.
    pub ticks: Option<Ticks>,
    /// Where the figure comes from.
    pub source: CostSource,
}

impl Cost {
    /// The cost that nobody knows.
    pub const UNKNOWN: Self = Self {
        ticks: None,
        source: CostSource::None,
    };
}

/// The cost of an attempt that began at `at`: what the provider billed, else prices times usage.
///
/// `estimated` says that `report.usage` is our own count, because the provider's never came. `rates` are those of the
/// model that served; `None` where nobody has a price for it.
pub fn price(report: &Report, estimated: bool, rates: Option<&Rates>, at: Timestamp) -> Cost {
    if let Some(billed) = report.billed {
        return Cost {
            ticks: Some(billed),
            source: CostSource::ProviderBilled,
        };
    }
    let Some(rates) = rates else { return Cost::UNKNOWN };
    let from_table = if estimated {
        CostSource::Estimate
    } else {
        CostSource::Table
    };
    match rates.cost(&report.usage, report.tier, at) {
        Priced::Exact(ticks) => Cost {
            ticks: Some(ticks),
            source: from_table,
        },
        Priced::Approximate(ticks) => Cost {
            ticks: Some(ticks),
            source: CostSource::Estimate,
        },
        Priced::Unpriced => Cost::UNKNOWN,
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
