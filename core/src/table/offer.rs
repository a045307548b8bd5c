//! What a target offers: prices and abilities of its model.

use crate::capability::Capabilities;
use crate::price::{PriceBook, Rates};
use crate::snapshot::Endpoint;

/// What is known of a model at a provider.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What it costs; `None`: nobody has a price.
    pub rates: Option<Rates>,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Offer {
    /// Of a model at an endpoint.
    pub fn of(endpoint: &Endpoint, model: &str) -> Self {
        let (book, vendor) = (PriceBook::builtin(), endpoint.vendor.prices);
        let listed = vendor.and_then(|vendor| book.find(vendor, model));
        let window = listed.and_then(|prices| prices.context_window());
        Self {
            rates: endpoint.prices.resolve(book, vendor, model, None),
            capabilities: Capabilities::of(&endpoint.capabilities, model, window),
        }
    }
}
