//! The form of `core/data/prices.json`, which `make prices` writes.
//!
//! ```json
//! {"format": 1, "source": "genai-prices", "source_version": "0.2.3", "date": "2026-11-23",
//!  "licence": "MIT", "licence_text": "...",
//!  "vendors": {"VENDOR": {"fallback": ["VENDOR"], "models": [
//!    {"id": "m", "names": ["m", "m-latest"], "match": [CLAUSE], "context": 128000, "prices": [PERIOD],
//!     "unsupported": ["audio_hours"]}]}}}
//! ```
//!
//! `context` is the model's window in tokens, where the source knows it.
//! A name in `names` means that model; any other name means the first model of which one clause holds, else a model of
//! the fallback vendors. A period is `{"from": DATE, "standard": PRICES, "flex": …, "priority": …, "batch": …, "hours":
//! [{"utc": ["00:30", "16:30"], "standard": PRICES, …}]}`: the last period that has begun is in force. Tiers other than
//! `standard` name only what differs from it; a tier that is absent has no published price. PRICES are dollars as
//! decimal texts, per million tokens or per thousand searches and requests. `["3", [200000, "6"]]` is 6 for the whole
//! request if its input is more than 200000 tokens.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::amount::{Amount, TimeOfDay};
use super::matching::Clause;
use super::rates::{Blind, Card, Period, Prices, Tiers};
use crate::money::Ticks;

/// The one `format` that is understood.
pub(super) const FORMAT: u32 = 1;

#[derive(Deserialize)]
pub(super) struct PriceFile {
    pub(super) format: u32,
    pub(super) source: String,
    pub(super) source_version: String,
    pub(super) date: Date,
    pub(super) vendors: BTreeMap<Box<str>, VendorRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VendorRow {
    #[serde(default)]
    pub(super) fallback: Vec<Box<str>>,
    pub(super) models: Vec<ModelRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelRow {
    pub(super) id: Box<str>,
    #[serde(default)]
    pub(super) names: Vec<Box<str>>,
    #[serde(default, rename = "match")]
    pub(super) clauses: Vec<Clause>,
    #[serde(default)]
    pub(super) context: Option<u64>,
    pub(super) prices: Vec<PeriodRow>,
    #[serde(default)]
    pub(super) unsupported: Vec<Box<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeriodRow {
    from: Option<Date>,
    standard: Amounts,
    flex: Option<Amounts>,
    priority: Option<Amounts>,
    batch: Option<Amounts>,
    #[serde(default)]
    hours: Vec<HoursRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursRow {
    utc: (TimeOfDay, TimeOfDay),
    standard: Amounts,
    flex: Option<Amounts>,
    priority: Option<Amounts>,
    batch: Option<Amounts>,
}

type Amounts = BTreeMap<Kind, Amount>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    In,
    Read,
    Write,
    #[serde(rename = "write_1h")]
    Write1h,
    Out,
    Reasoning,
    AudioIn,
    AudioOut,
    Search,
    Request,
}

impl ModelRow {
    /// What of this model's price cannot be told from a count of tokens.
    pub(super) fn blind(&self) -> Blind {
        let any = |prefixes: &[&str]| {
            self.unsupported
                .iter()
                .any(|kind| prefixes.iter().any(|prefix| kind.starts_with(prefix)))
        };
        Blind {
            input: any(&["input_image_mtok", "input_video_mtok"]),
            output: any(&["output_image_mtok", "output_video_mtok", "output_citation_mtok"]),
            cached_audio: any(&["cache_audio_read_mtok"]),
        }
    }
}

impl PeriodRow {
    /// `None` if the date is out of range.
    pub(super) fn period(self) -> Option<Period> {
        let from = match self.from {
            Some(date) => date.to_zoned(TimeZone::UTC).ok()?.timestamp(),
            None => Timestamp::MIN,
        };
        let hours = self.hours.into_iter().map(|row| {
            let tiers = tiers(&row.standard, row.flex, row.priority, row.batch);
            (row.utc.0.0, row.utc.1.0, tiers)
        });
        Some(Period {
            from,
            hours: hours.collect(),
            day: tiers(&self.standard, self.flex, self.priority, self.batch),
        })
    }
}

fn tiers(
    standard: &Amounts,
    flex: Option<Amounts>,
    priority: Option<Amounts>,
    batch: Option<Amounts>,
) -> Tiers {
    let over = |own: Option<Amounts>| {
        own.map(|own| {
            let mut all = standard.clone();
            all.extend(own);
            card(&all)
        })
    };
    Tiers {
        standard: card(standard),
        flex: over(flex),
        priority: over(priority),
        batch: over(batch),
    }
}

fn card(amounts: &Amounts) -> Card {
    let starts = amounts
        .values()
        .flat_map(|amount| amount.bands.iter().map(|(start, _)| *start));
    let starts: BTreeSet<u64> = starts.collect();
    let bands = starts
        .into_iter()
        .map(|start| (start, prices(amounts, |amount| amount.above(start))));
    Card {
        base: prices(amounts, |amount| amount.base),
        bands: bands.collect(),
    }
}

fn prices(amounts: &Amounts, choose: impl Fn(&Amount) -> Ticks) -> Prices {
    let of = |kind| amounts.get(&kind).map(&choose);
    Prices {
        input: of(Kind::In),
        cache_read: of(Kind::Read),
        cache_write_5m: of(Kind::Write),
        cache_write_1h: of(Kind::Write1h),
        output: of(Kind::Out),
        reasoning: of(Kind::Reasoning),
        input_audio: of(Kind::AudioIn),
        output_audio: of(Kind::AudioOut),
        web_search: of(Kind::Search),
        request: of(Kind::Request),
    }
}
