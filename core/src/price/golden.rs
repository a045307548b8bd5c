//! The built-in book against the package that it was made from (`tools/prices/golden.py` writes the cases).

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Deserialize;

use super::{PriceBook, Rates};
use crate::usage::{ServiceTier, Usage};

#[derive(Deserialize)]
struct Golden {
    names: Vec<(String, String, Option<String>)>,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    vendor: String,
    model: String,
    tier: ServiceTier,
    at: Timestamp,
    usage: Usage,
    ticks: i64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("testdata/golden.json")).expect("golden.json reads")
}

#[test]
fn finds_the_models_that_the_source_finds() {
    let golden = golden();
    assert!(golden.names.len() > 500, "too few names");
    let mut wrong = String::new();
    for (vendor, name, id) in &golden.names {
        let found = PriceBook::builtin().find(vendor, name).map(|prices| prices.id());
        if found != id.as_deref() {
            let _ = writeln!(wrong, "{vendor} {name}: {found:?} is not {id:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// To the tick, but for prices that the book had to round to 1e-10 USD: these are off by less than a tick per million
/// tokens.
#[test]
fn charges_what_the_source_charges() {
    let golden = golden();
    assert!(golden.calls.len() >= 500, "too few calls");
    let mut off = 0;
    for call in &golden.calls {
        let prices = PriceBook::builtin()
            .find(&call.vendor, &call.model)
            .expect(&call.model);
        let cost = Rates::of(prices).cost(&call.usage, Some(call.tier), call.at);
        let ticks = cost.ticks().expect(&call.model).get();
        assert!(
            (ticks - call.ticks).abs() <= 1,
            "{} {}: {cost:?} is not {}",
            call.vendor,
            call.model,
            call.ticks
        );
        off += usize::from(ticks != call.ticks);
    }
    assert!(off <= golden.calls.len() / 100, "{off} calls are off by a tick");
}
