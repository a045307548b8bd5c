//! Which name on an invoice is which name in the ledger.
//!
//! The rule:
//!
//! 1. Names are compared in lower case and without what only says where they lie: `models/` and
//!    `publishers/google/models/`, and the maker before a slash (`anthropic/`), but on invoices of `OpenRouter`, where it
//!    belongs to the name.
//! 2. Names that are then equal are one model.
//! 3. Names that differ by a date at their end (`-2024-08-06`, `-20240806`, `@20240806`) are one model where the price
//!    book has the same prices for all of them; or where there is exactly one on each side, one of them without a date,
//!    and the book does not know their prices to differ. Both are told as a note.
//! 4. Everything else stays apart, and a note says why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::price::{PriceBook, Rates};
use crate::usage::Usage;

use super::invoice::Provider;

/// Whether two names have the same prices; `None`: nobody knows.
pub type Alike<'a> = &'a dyn Fn(&str, &str) -> Option<bool>;

/// Whether the price book has the same prices for two models of a provider; `None`: it does not know both.
pub fn alike_in(book: &PriceBook, provider: Provider, a: &str, b: &str, at: Timestamp) -> Option<bool> {
    let rates = |name: &str| book.find(provider.prices(), name).map(Rates::of);
    let (a, b) = (rates(a)?, rates(b)?);
    let probes: [fn(&mut Usage) -> &mut u64; 7] = [
        |usage| &mut usage.input,
        |usage| &mut usage.cache_read,
        |usage| &mut usage.cache_write_5m,
        |usage| &mut usage.cache_write_1h,
        |usage| &mut usage.output,
        |usage| &mut usage.input_audio,
        |usage| &mut usage.web_searches,
    ];
    let same = |probe: fn(&mut Usage) -> &mut u64, count: u64| {
        let mut usage = Usage::default();
        *probe(&mut usage) = count;
        a.cost(&usage, None, at).ticks() == b.cost(&usage, None, at).ticks()
    };
    // Long prompts may have prices of their own.
    Some(
        probes
            .into_iter()
            .all(|probe| same(probe, 1000) && same(probe, 1_000_000)),
    )
}

/// The name under which a row stands, by the name as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    invoice: BTreeMap<String, String>,
    ledger: BTreeMap<String, String>,
    /// What was taken as one although it is not written alike, and what was not.
    pub notes: Vec<String>,
}

impl Names {
    /// Pairs the names of an invoice with those of the ledger.
    pub fn pair(
        provider: Provider,
        invoice: &BTreeSet<String>,
        ledger: &BTreeSet<String>,
        alike: Alike<'_>,
    ) -> Self {
        let mut names = Self::default();
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        for name in invoice {
            let plain = plain(provider, name);
            let family = families.entry(base(&plain).to_owned()).or_default();
            family.invoice.insert(plain);
        }
        for name in ledger {
            let plain = plain(provider, name);
            let family = families.entry(base(&plain).to_owned()).or_default();
            family.ledger.insert(plain);
        }
        let rows: BTreeMap<String, String> = families
            .into_iter()
            .flat_map(|(base, family)| family.rows(&base, alike, &mut names.notes))
            .collect();
        let row = |name: &String| {
            let plain = plain(provider, name);
            let row = rows.get(&plain).cloned().unwrap_or(plain);
            (name.clone(), row)
        };
        names.invoice = invoice.iter().map(row).collect();
        names.ledger = ledger.iter().map(row).collect();
        names
    }

    /// The row of a name on the invoice.
    pub fn on_invoice<'a>(&'a self, name: &'a str) -> &'a str {
        self.invoice.get(name).map_or(name, String::as_str)
    }

    /// The row of a name in the ledger.
    pub fn in_ledger<'a>(&'a self, name: &'a str) -> &'a str {
        self.ledger.get(name).map_or(name, String::as_str)
    }
}

/// Names that differ by a date at most.
#[derive(Debug, Default)]
struct Family {
    invoice: BTreeSet<String>,
    ledger: BTreeSet<String>,
}

impl Family {
    fn rows(self, base: &str, alike: Alike<'_>, notes: &mut Vec<String>) -> Vec<(String, String)> {
        let all: BTreeSet<&String> = self.invoice.union(&self.ledger).collect();
        let apart = || {
            all.iter()
                .map(|name| ((*name).clone(), (*name).clone()))
                .collect()
        };
        if self.invoice == self.ledger || self.invoice.is_empty() || self.ledger.is_empty() {
            return apart();
        }
        let pairs = || all.iter().zip(all.iter().skip(1));
        if pairs().all(|(a, b)| alike(a, b) == Some(true)) {
            notes.push(format!(
                "taken as one model, with the same prices: {}",
                list(&all)
            ));
            return all
                .iter()
                .map(|name| ((*name).clone(), base.to_owned()))
                .collect();
        }
        let here: Vec<&String> = self.invoice.difference(&self.ledger).collect();
        let there: Vec<&String> = self.ledger.difference(&self.invoice).collect();
        if let ([a], [b]) = (&*here, &*there)
            && (*a == base || *b == base)
            && alike(a, b) != Some(false)
        {
            notes.push(format!(
                "taken as one model: {a} on the invoice, {b} in the ledger"
            ));
            let one = base.to_owned();
            let row = |name: &String| {
                if name == *a || name == *b {
                    one.clone()
                } else {
                    name.clone()
                }
            };
            return all.iter().map(|name| ((*name).clone(), row(name))).collect();
        }
        notes.push(format!(
            "kept apart, as their prices differ or are not known to be the same: {}",
            list(&all)
        ));
        apart()
    }
}

fn list(names: &BTreeSet<&String>) -> String {
    names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A name without what only says where it lies.
pub(super) fn plain(provider: Provider, name: &str) -> String {
    let name = name.trim().to_lowercase();
    if provider == Provider::OpenRouter {
        return name;
    }
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Whether a name has its maker before a slash, as those have who sell models of others.
pub(super) fn is_resold(name: &str) -> bool {
    name.contains('/') && !name.starts_with("models/") && !name.starts_with("publishers/")
}

/// A name without a date at its end.
pub(super) fn base(name: &str) -> &str {
    for length in ["-2024-08-06".len(), "-20240806".len()] {
        let Some(at) = name.len().checked_sub(length) else {
            continue;
        };
        let Some((base, date)) = name.split_at_checked(at) else {
            continue;
        };
        let pattern = if length == 11 { "-dddd-dd-dd" } else { "-dddddddd" };
        let fits = date
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                _ => byte == b'-' || byte == b'@',
            });
        let year = date.get(1..3) == Some("20");
        if fits && year && !base.is_empty() {
            return base;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(
        provider: Provider,
        invoice: &[&str],
        ledger: &[&str],
        alike: Option<bool>,
    ) -> (Vec<String>, Vec<String>, usize) {
        let set = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let names = Names::pair(provider, &set(invoice), &set(ledger), &|_, _| alike);
        (
            invoice
                .iter()
                .map(|name| names.on_invoice(name).to_owned())
                .collect(),
            ledger
                .iter()
                .map(|name| names.in_ledger(name).to_owned())
                .collect(),
            names.notes.len(),
        )
    }

    #[test]
    fn dates_and_places_are_left_out_by_the_rule() {
        for (name, expected) in [
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
            ("gpt-4-0613", "gpt-4-0613"),
            ("model-12345678", "model-12345678"),
            ("-2024-08-06", "-2024-08-06"),
            ("größe-2024-08-06", "größe"),
            ("ö", "ö"),
        ] {
            assert_eq!(base(name), expected);
        }
        assert_eq!(
            plain(Provider::Gemini, "models/Gemini-2.5-Flash"),
            "gemini-2.5-flash"
        );
        assert_eq!(plain(Provider::Anthropic, "anthropic/claude-x"), "claude-x");
        assert_eq!(
            plain(Provider::OpenRouter, "anthropic/claude-x"),
            "anthropic/claude-x"
        );
        assert!(is_resold("openai/gpt-4o") && !is_resold("models/gemini-2.5-flash") && !is_resold("gpt-4o"));
    }

    #[test]
    fn an_alias_and_its_one_date_are_one_model() {
        for alike in [None, Some(true)] {
            let (invoice, ledger, notes) =
                paired(Provider::OpenAI, &["gpt-4o"], &["gpt-4o-2024-08-06"], alike);
            assert_eq!(
                (invoice, ledger, notes),
                (vec!["gpt-4o".to_owned()], vec!["gpt-4o".to_owned()], 1)
            );
        }
    }

    #[test]
    fn what_is_priced_differently_is_never_one() {
        let two = ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"];
        for (invoice, ledger, alike) in [
            (&["gpt-4o"][..], &["gpt-4o-2024-05-13"][..], Some(false)),
            (&["gpt-4o"], &two, Some(false)),
            (&["gpt-4o"], &two, None),
            (&two[..1], &two[1..], None),
        ] {
            let (on, within, notes) = paired(Provider::OpenAI, invoice, ledger, alike);
            assert_eq!(on, invoice);
            assert_eq!(within, ledger);
            assert_eq!(notes, 1, "it is told");
        }
    }

    #[test]
    fn the_price_book_knows_what_is_priced_alike() {
        let at = "2026-11-02T00:00:00Z".parse().unwrap();
        let alike = |provider, a, b| alike_in(PriceBook::builtin(), provider, a, b, at);
        assert_eq!(
            alike(Provider::OpenAI, "gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
            Some(false)
        );
        assert_eq!(alike(Provider::OpenAI, "gpt-4o", "gpt-4o-2024-08-06"), Some(true));
        let haiku = ("claude-haiku-4-5", "claude-haiku-4-5-20251001");
        assert_eq!(alike(Provider::Anthropic, haiku.0, haiku.1), Some(true));
        assert_eq!(alike(Provider::OpenAI, "gpt-4o", "of-nobody"), None);
    }

    #[test]
    fn what_is_written_alike_needs_no_note() {
        let (on, within, notes) = paired(
            Provider::Gemini,
            &["gemini-2.5-flash"],
            &["models/gemini-2.5-flash", "other"],
            None,
        );
        assert_eq!(
            (on, within, notes),
            (
                vec!["gemini-2.5-flash".to_owned()],
                vec!["gemini-2.5-flash".to_owned(), "other".to_owned()],
                0
            )
        );
        let (on, within, _) = paired(
            Provider::OpenAI,
            &["a", "a-2024-05-13"],
            &["a-2024-05-13", "a-2024-08-06"],
            Some(true),
        );
        assert!(on.iter().chain(&within).all(|name| name == "a"));
    }
}
