//! From usage to money.
//!
//! ```text
//! prices.json ──parse──► PriceBook ──find(vendor, model)──► ModelPrices ─┐
//!                        Overlay of the provider key ────────resolve─────┴─► Rates ──cost(Usage, tier, at)──► Priced
//! Report (what the provider said) + Rates ──price──► Cost
//! ```
//!
//! `Rates` are resolved once per model; pricing a call with them neither matches nor parses.

mod book;
mod file;
#[cfg(test)]
mod golden;
mod matching;
mod overlay;
mod rates;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use book::{BookError, PriceBook};
pub use overlay::{BadRatio, ModelGlob, Overlay, OverlayPrice, Ratio};
pub use rates::{ModelPrices, Priced, Rates};

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
    pub const UNKNOWN: Self = Self { ticks: None, source: CostSource::None };
}

/// The cost of an attempt that began at `at`: what the provider billed, else prices times usage.
///
/// `estimated` says that `report.usage` is our own count, because the provider's never came. `rates` are those of the
/// model that served; `None` where nobody has a price for it.
pub fn price(report: &Report, estimated: bool, rates: Option<&Rates>, at: Timestamp) -> Cost {
    if let Some(billed) = report.billed {
        return Cost { ticks: Some(billed), source: CostSource::ProviderBilled };
    }
    let Some(rates) = rates else { return Cost::UNKNOWN };
    let from_table = if estimated { CostSource::Estimate } else { CostSource::Table };
    match rates.cost(&report.usage, report.tier, at) {
        Priced::Exact(ticks) => Cost { ticks: Some(ticks), source: from_table },
        Priced::Approximate(ticks) => Cost { ticks: Some(ticks), source: CostSource::Estimate },
        Priced::Unpriced => Cost::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::{ServiceTier, Usage};

    fn report(billed: Option<Ticks>) -> Report {
        Report { usage: Usage { input: 1_000_000, ..Usage::default() }, billed, tier: None }
    }

    #[test]
    fn follows_the_order_of_truth() {
        let rates = PriceBook::builtin().find("openai", "gpt-4.1").map(Rates::of);
        let rates = rates.as_ref().expect("gpt-4.1 has prices");
        let at = Timestamp::UNIX_EPOCH;
        let two_dollars = Ticks::new(2 * Ticks::PER_USD);
        let known = |ticks, source| Cost { ticks: Some(ticks), source };

        let billed = Ticks::new(7);
        assert_eq!(
            price(&report(Some(billed)), true, Some(rates), at),
            known(billed, CostSource::ProviderBilled)
        );
        assert_eq!(
            price(&report(Some(billed)), false, None, at),
            known(billed, CostSource::ProviderBilled)
        );
        assert_eq!(price(&report(None), false, Some(rates), at), known(two_dollars, CostSource::Table));
        assert_eq!(price(&report(None), true, Some(rates), at), known(two_dollars, CostSource::Estimate));
        assert_eq!(price(&report(None), false, None, at), Cost::UNKNOWN);
        // The epoch is before any price of the batch tier: the list price stands in, and says so.
        let batch = Report { tier: Some(ServiceTier::Batch), ..report(None) };
        assert_eq!(price(&batch, false, Some(rates), at), known(two_dollars, CostSource::Estimate));
    }

    #[test]
    fn is_written_in_snake_case() {
        let text = serde_json::to_string(&Cost { ticks: Some(Ticks::new(1)), source: CostSource::ProviderBilled });
        assert_eq!(text.expect("serialises"), r#"{"ticks":1,"source":"provider_billed"}"#);
        assert_eq!(serde_json::to_string(&Cost::UNKNOWN).expect("serialises"), r#"{"ticks":null,"source":"none"}"#);
    }
}
