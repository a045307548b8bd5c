//! Days that begin at another time than in UTC.

use std::collections::BTreeMap;

use crate::money::Ticks;

use super::super::account::Entry;
use super::billed::Billed;
use super::cause::{Cause, Facts, Kind, far, less, signed};
use super::{Key, ROUNDING};

/// Hours by which days of time zones begin later than in UTC (California: 7 or 8) or earlier (Auckland: -13).
const ZONES: std::ops::RangeInclusive<i64> = -14..=12;

/// How many hours later than in UTC the provider's days begin: those with which the ledger differs least from it, if
/// that is less than half of what it differs with days in UTC.
pub(super) fn best(
    billed: &BTreeMap<Key, Billed>,
    ledger_at: &impl Fn(i64) -> BTreeMap<Key, Entry>,
    tolerance: f64,
) -> i64 {
    let by_tokens = billed.values().any(|billed| billed.tokens().is_some());
    let apart = |hours: i64| {
        let ledger = ledger_at(hours);
        let apart = billed
            .iter()
            .map(|(key, billed)| distance(billed, ledger.get(key), by_tokens));
        apart.fold(0_u64, u64::saturating_add)
    };
    let now = apart(0);
    let all = billed.values().map(|billed| distance(billed, None, by_tokens));
    let all = all.fold(0_u64, u64::saturating_add);
    if !far(signed(now), signed(all), 0, tolerance) {
        return 0;
    }
    let best = ZONES
        .map(|hours| (apart(hours), hours.unsigned_abs(), hours))
        .min();
    best.filter(|(apart, ..)| *apart < now / 2)
        .map_or(0, |(.., hours)| hours)
}

fn distance(billed: &Billed, entry: Option<&Entry>, by_tokens: bool) -> u64 {
    if by_tokens {
        let tokens = entry.map(|entry| entry.tokens).unwrap_or_default();
        return billed.tokens().map_or(0, |(input, output)| {
            input
                .abs_diff(tokens.input())
                .saturating_add(output.abs_diff(tokens.output))
        });
    }
    let ticks = entry.map(|entry| entry.ticks).unwrap_or_default();
    billed
        .ticks
        .map_or(0, |billed| billed.get().abs_diff(ticks.get()))
}

pub(super) fn note(hours: i64) -> String {
    format!(
        "the provider's days seem to begin at {:02}:00 UTC",
        hours.rem_euclid(24)
    )
}

/// Days that differ by what their neighbour lacks: a call around midnight that the provider counts on the other day.
pub(super) fn neighbours<'a>(facts: &BTreeMap<&'a Key, Facts<'_>>) -> BTreeMap<&'a Key, Cause> {
    let mut found = BTreeMap::new();
    for (key, one) in facts {
        let Ok(tomorrow) = key.0.tomorrow() else { continue };
        let next = (tomorrow, key.1.clone());
        let Some((next, other)) = facts.get_key_value(&next) else {
            continue;
        };
        if found.contains_key(*key) || !one.is_counterpart(other) {
            continue;
        }
        for (key, facts, whose) in [(*key, one, "the next day"), (*next, other, "the day before")] {
            let amount = facts.difference(facts.moved).unwrap_or_default();
            let evidence = format!("what differs is what {whose} differs by, the other way round");
            found.insert(key, Cause::new(Kind::DayShift, amount, evidence));
        }
    }
    found
}

impl Facts<'_> {
    /// Whether another day differs by the same, the other way round, in money and in tokens.
    fn is_counterpart(&self, other: &Self) -> bool {
        let (Some(here), Some(there)) = (self.difference(self.moved), other.difference(other.moved)) else {
            return false;
        };
        let large = here.saturating_abs().max(there.saturating_abs());
        let opposite =
            (here < 0) != (there < 0) && !far(here.saturating_add(there), large, 0, self.tolerance);
        let tokens = match (self.tokens(), other.tokens()) {
            (Some(here), Some(there)) => here.into_iter().zip(there).all(|(here, there)| {
                !far(
                    here.saturating_add(there),
                    here.saturating_abs(),
                    0,
                    self.tolerance,
                )
            }),
            _ => self.billed.is_some() && other.billed.is_some(),
        };
        opposite && tokens && !self.agrees(self.moved) && !other.agrees(other.moved)
    }

    /// Input and output that the invoice has beyond the ledger.
    fn tokens(&self) -> Option<[i64; 2]> {
        let (input, output) = self.billed?.tokens()?;
        let ledger = self.moved.tokens;
        Some([less(input, ledger.input()), less(output, ledger.output)])
    }
}

/// What was moved to or from a day by other days.
pub(super) fn moved(facts: &Facts<'_>) -> Option<Cause> {
    let amount = facts.moved.ticks.get().saturating_sub(facts.plain.ticks.get());
    let anything = facts.offset != 0 && facts.moved != facts.plain;
    (anything && amount.saturating_abs() > ROUNDING)
        .then(|| Cause::new(Kind::DayShift, amount, note(facts.offset)))
}

impl Cause {
    pub(super) fn new(kind: Kind, amount: i64, evidence: String) -> Self {
        Self {
            kind,
            amount_ticks: Ticks::new(amount),
            evidence,
        }
    }
}
