//! The invoice beside the ledger: per model and day, with the likely causes of what differs.
//!
//! ```text
//! Invoice ──names, days──► Billed ─┐
//! Account ──names, days──► Entry ──┴─► Row ──► causes: each with an amount, so that they add up to the difference
//! ```
//!
//! What tokens are worth is learnt from the ledger's own attempts ([`Fit`]). Causes are likely ones: what an export does
//! not tell, e.g. tokens in a table of costs alone, cannot be told by it either.

mod beyond;
mod billed;
mod cause;
mod fit;
mod inquiry;
mod shift;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::money::Ticks;

use super::account::{Account, Entry};
use super::invoice::{Invoice, Provider};
use super::model::{Alike, Names};

use billed::{Billed, Days};
use cause::Facts;
pub use cause::{Cause, Kind};
pub use fit::Fit;
use fit::Prices;

/// Differences below $0.0001 are rounding.
const ROUNDING: i64 = Ticks::PER_USD / 10_000;

/// A model (`None`: what belongs to none, or all where the invoice does not tell) on a day.
type Key = (Date, Option<String>);

/// How an invoice is compared.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Whose it is.
    pub provider: Provider,
    /// Which part of an amount may differ, e.g. 0.01.
    pub tolerance: f64,
    /// Whether two names of a model have the same prices.
    pub alike: Alike<'a>,
}

/// Figures of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Side {
    /// What it cost; `None`: it is not told.
    pub cost_ticks: Option<Ticks>,
    /// Requests.
    pub requests: Option<u64>,
    /// Input tokens.
    pub input: Option<u64>,
    /// Those read from the provider's cache.
    pub cached: Option<u64>,
    /// Output tokens.
    pub output: Option<u64>,
}

/// A model on a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The day, or the first of several.
    pub day: Date,
    /// The model; `None`: all, or none.
    pub model: Option<String>,
    /// The provider's figures; `None`: it has none.
    pub invoice: Option<Side>,
    /// The ledger's figures; `None`: it has none.
    pub ledger: Option<Side>,
    /// Attempts of the ledger without a price.
    pub unpriced: u64,
    /// Invoice less ledger; `None`: the invoice has no money in it.
    pub difference_ticks: Option<Ticks>,
    /// Whether the difference is within tolerance.
    pub agrees: bool,
    /// Why it may differ.
    pub causes: Vec<Cause>,
}

/// An invoice beside the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct Reconciliation {
    /// Whose invoice it is.
    pub provider: Provider,
    /// Which part of an amount may differ.
    pub tolerance: f64,
    /// By day and model.
    pub rows: Vec<Row>,
    /// The invoice's sum.
    pub invoice_ticks: Ticks,
    /// The ledger's.
    pub ledger_ticks: Ticks,
    /// Causes, each summed up over all rows.
    pub causes: Vec<Total>,
    /// The provider keys whose attempts were counted, and how many.
    pub keys: BTreeMap<String, u64>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// Whether every row is within tolerance.
    pub agrees: bool,
}

/// What a cause comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The cause.
    pub kind: Kind,
    /// In so many rows.
    pub rows: u64,
    /// The sum of its amounts.
    pub amount_ticks: Ticks,
}

/// Compares.
pub fn reconcile(invoice: &Invoice, account: &Account, terms: Terms<'_>) -> Reconciliation {
    let mut notes = notes_of(invoice);
    let (invoice, nameless) = billed::without_nameless_usage(invoice);
    notes.extend(nameless);
    let days = Days::of(&invoice.lines);
    let whole = billed::is_whole(&invoice.lines);
    let named: BTreeSet<String> = invoice
        .lines
        .iter()
        .filter_map(|line| line.model.clone())
        .collect();
    let served: BTreeSet<String> = account.hours.keys().map(|(model, _)| model.clone()).collect();
    let mut names = Names::pair(terms.provider, &named, &served, terms.alike);
    notes.append(&mut names.notes);
    let row_of = |model: &str| (!whole).then(|| names.in_ledger(model).to_owned());
    let billed = billed::by_day(&invoice.lines, &days, |model| {
        (!whole).then(|| names.on_invoice(model).to_owned())
    });
    let ledger_at = |hours: i64| ledger_days(account, &days, hours, &row_of);
    let prices = prices(account, &row_of);

    let plain = ledger_at(0);
    let offset = shift::best(&billed, &ledger_at, terms.tolerance);
    let moved = if offset == 0 {
        plain.clone()
    } else {
        ledger_at(offset)
    };
    if offset != 0 {
        notes.push(shift::note(offset));
    }
    let keys: BTreeSet<&Key> = billed.keys().chain(plain.keys()).chain(moved.keys()).collect();
    let none = Entry::default();
    let facts: BTreeMap<&Key, Facts<'_>> = keys
        .into_iter()
        .map(|key| {
            let facts = Facts {
                billed: billed.get(key),
                plain: plain.get(key).unwrap_or(&none),
                moved: moved.get(key).unwrap_or(&none),
                offset,
                prices: prices.get(&key.1).copied(),
                belongs: key.1.is_some() || whole,
                tolerance: terms.tolerance,
            };
            (key, facts)
        })
        .collect();
    let neighbours = shift::neighbours(&facts);
    let steady = cause::steady(&facts);
    let mut rows = Vec::new();
    for (key, facts) in &facts {
        let causes = match neighbours.get(*key) {
            Some(cause) => vec![cause.clone()],
            None => inquiry::explain(facts, key.1.as_ref().is_some_and(|model| steady.contains(model))),
        };
        rows.push(row(key, facts, plain.contains_key(*key), causes));
    }
    summed(terms, rows, account, notes)
}

fn notes_of(invoice: &Invoice) -> Vec<String> {
    let mut notes = Vec::new();
    if invoice.cut {
        notes.push("the last page of the export says that there are more: get them all, one after the other in the file".to_owned());
    }
    if invoice.ignored > 0 {
        notes.push(format!(
            "{} rows are about something else and are left out",
            invoice.ignored
        ));
    }
    notes
}

/// The ledger's days, where days begin so many hours later than in UTC.
fn ledger_days(
    account: &Account,
    days: &Days,
    later: i64,
    row_of: &impl Fn(&str) -> Option<String>,
) -> BTreeMap<Key, Entry> {
    let mut entries: BTreeMap<Key, Entry> = BTreeMap::new();
    for ((model, hour), entry) in &account.hours {
        if let Some(day) = days.of_hour(hour - later) {
            entries.entry((day, row_of(model))).or_default().add(entry);
        }
    }
    entries
}

/// What tokens cost, by row.
fn prices(account: &Account, row_of: &impl Fn(&str) -> Option<String>) -> BTreeMap<Option<String>, Prices> {
    let mut fits: BTreeMap<Option<String>, Fit> = BTreeMap::new();
    for (model, fit) in &account.fits {
        fits.entry(row_of(model)).or_default().add(fit);
    }
    let prices = fits
        .into_iter()
        .filter_map(|(row, fit)| Some((row, fit.prices()?)));
    prices.collect()
}

fn row(key: &Key, facts: &Facts<'_>, in_ledger: bool, causes: Vec<Cause>) -> Row {
    let (day, model) = key.clone();
    let entry = facts.plain;
    let ledger = in_ledger.then_some(Side {
        cost_ticks: Some(entry.ticks),
        requests: Some(entry.requests),
        input: Some(entry.tokens.input()),
        cached: Some(entry.tokens.cached),
        output: Some(entry.tokens.output),
    });
    Row {
        day,
        model,
        invoice: facts.billed.map(Billed::side),
        ledger,
        unpriced: entry.unpriced.requests,
        difference_ticks: facts.difference(entry).map(Ticks::new),
        agrees: facts.agrees(entry),
        causes,
    }
}

fn summed(terms: Terms<'_>, rows: Vec<Row>, account: &Account, notes: Vec<String>) -> Reconciliation {
    let mut totals: BTreeMap<Kind, Total> = BTreeMap::new();
    for cause in rows.iter().flat_map(|row| &row.causes) {
        let total = totals.entry(cause.kind).or_insert(Total {
            kind: cause.kind,
            rows: 0,
            amount_ticks: Ticks::ZERO,
        });
        total.rows += 1;
        total.amount_ticks += cause.amount_ticks;
    }
    let sum = |side: fn(&Row) -> Option<Side>| {
        rows.iter()
            .filter_map(side)
            .filter_map(|side| side.cost_ticks)
            .sum()
    };
    Reconciliation {
        provider: terms.provider,
        tolerance: terms.tolerance,
        invoice_ticks: sum(|row| row.invoice),
        ledger_ticks: sum(|row| row.ledger),
        causes: totals.into_values().collect(),
        keys: account.keys.clone(),
        notes,
        agrees: rows.iter().all(|row| row.agrees),
        rows,
    }
}

#[cfg(test)]
mod tests;
