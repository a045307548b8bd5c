//! The invoice's side: lines summed up by model and day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::money::Ticks;
use crate::usage::ServiceTier;

use super::super::invoice::{Invoice, InvoiceLine};
use super::super::period::day_of;
use super::{Key, Side};

/// What was billed for a model on a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Billed {
    pub(super) input: Option<u64>,
    pub(super) cached: Option<u64>,
    pub(super) written: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) requests: Option<u64>,
    pub(super) ticks: Option<Ticks>,
    pub(super) credits: Ticks,
    pub(super) tiers: BTreeSet<ServiceTier>,
}

/// The days of an invoice. Where lines cover several, those are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    spans: BTreeSet<(Date, Date)>,
    all: Option<(Date, Date)>,
}

impl Days {
    pub(super) fn of(lines: &[InvoiceLine]) -> Self {
        let spans = lines.iter().filter(|line| line.last > line.day);
        let first = lines.iter().map(|line| line.day).min();
        let last = lines.iter().map(|line| line.last).max();
        Self {
            spans: spans.map(|line| (line.day, line.last)).collect(),
            all: first.zip(last),
        }
    }

    /// The day under which a day stands; `None`: the invoice does not reach so far.
    pub(super) fn place(&self, day: Date) -> Option<Date> {
        let holds = |(first, last): &&(Date, Date)| (*first..=*last).contains(&day);
        let span = self
            .spans
            .iter()
            .filter(holds)
            .max_by_key(|(first, last)| first.until(*last).map_or(0, |span| span.get_days()));
        let all = self.all.as_ref().filter(holds).map(|_| day);
        span.map(|(first, _)| *first).or(all)
    }

    /// The same for an hour since 1970.
    pub(super) fn of_hour(&self, hour: i64) -> Option<Date> {
        let at = Timestamp::from_second(hour.checked_mul(3600)?).ok()?;
        self.place(day_of(at))
    }
}

/// Whether the invoice has money for all models together only.
pub(super) fn is_whole(lines: &[InvoiceLine]) -> bool {
    let mut charged = lines.iter().filter(|line| line.ticks.is_some()).peekable();
    charged.peek().is_some() && charged.all(|line| line.model.is_none())
}

/// Usage of all models together says nothing beside costs by model. It is left out, and that is told.
pub(super) fn without_nameless_usage(invoice: &Invoice) -> (Invoice, Option<String>) {
    let mut kept = invoice.clone();
    let by_model = invoice
        .lines
        .iter()
        .any(|line| line.ticks.is_some() && line.model.is_some());
    if by_model {
        kept.lines
            .retain(|line| line.ticks.is_some() || line.model.is_some());
    }
    let note = (kept.lines.len() < invoice.lines.len())
        .then(|| "usage without models is left out: export it grouped by model".to_owned());
    (kept, note)
}

pub(super) fn by_day(
    lines: &[InvoiceLine],
    days: &Days,
    row_of: impl Fn(&str) -> Option<String>,
) -> BTreeMap<Key, Billed> {
    let mut billed: BTreeMap<Key, Billed> = BTreeMap::new();
    for line in lines {
        if let Some(day) = days.place(line.day) {
            let model = line.model.as_deref().and_then(&row_of);
            billed.entry((day, model)).or_default().add(line);
        }
    }
    billed
}

impl Billed {
    fn add(&mut self, line: &InvoiceLine) {
        for (sum, one) in [
            (&mut self.input, line.input),
            (&mut self.cached, line.cached),
            (&mut self.written, line.written),
            (&mut self.output, line.output),
            (&mut self.requests, line.requests),
        ] {
            if let Some(one) = one {
                *sum = Some(sum.unwrap_or_default().saturating_add(one));
            }
        }
        if let Some(ticks) = line.ticks {
            *self.ticks.get_or_insert_default() += ticks;
        }
        self.credits += line.credits;
        self.tiers.extend(line.tier);
    }

    /// Input and output, where the invoice tells both.
    pub(super) fn tokens(&self) -> Option<(u64, u64)> {
        self.input.zip(self.output)
    }

    pub(super) const fn side(&self) -> Side {
        Side {
            cost_ticks: self.ticks,
            requests: self.requests,
            input: self.input,
            cached: self.cached,
            output: self.output,
        }
    }
}
