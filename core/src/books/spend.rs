//! What was spent, in sums.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::money::Ticks;

use super::Tokens;
use super::by::By;
use super::line::{AttemptLine, CallLine, Line};
use super::period::Period;

/// Groups that are kept apart while reading. What belongs to none of the first so many is summed up in one.
const MOST_GROUPS: usize = 100_000;

/// Sums of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sums {
    /// Calls of clients.
    pub calls: u64,
    /// Those that ended with an error, or that the client left.
    pub failed_calls: u64,
    /// Milliseconds of all calls together.
    pub calls_ms: f64,
    /// Attempts, with answers out of caches.
    pub attempts: u64,
    /// Their tokens.
    pub tokens: Tokens,
    /// What those with a price cost.
    pub cost_ticks: Ticks,
    /// How many have no price: with one, `cost_ticks` is a lower bound.
    pub unpriced: u64,
    /// What answers out of caches had cost when they were made.
    pub saved_ticks: Ticks,
    /// The part of `cost_ticks` that lanes cost which lost their race.
    pub lost_ticks: Ticks,
    /// The part of `cost_ticks` that judges of answers cost.
    pub judge_ticks: Ticks,
}

/// A group and its sums.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it is the group of, in the order that was asked for; `None`: the records do not say.
    pub group: Vec<Option<String>>,
    /// Its sums.
    pub sums: Sums,
}

/// The sums of all groups.
#[derive(Clone, Debug, Serialize)]
pub struct Spent {
    /// What the groups are made by.
    pub by: Vec<By>,
    /// Whether calls are counted: not, where groups are made by what only attempts have.
    pub counts_calls: bool,
    /// The dearest groups; by day in the order of days.
    pub rows: Vec<Row>,
    /// How many groups are left out of `rows`; `None`: more than are counted apart.
    pub other_groups: Option<u64>,
    /// The sums of those.
    pub others: Sums,
    /// The sums of all.
    pub total: Sums,
}

/// Sums up lines.
#[derive(Debug)]
pub struct Spend {
    by: Vec<By>,
    period: Period,
    most: usize,
    groups: BTreeMap<Vec<Option<String>>, Sums>,
    beyond: Option<Sums>,
}

impl Spend {
    /// Sums by these, of lines in this period.
    pub fn new(by: Vec<By>, period: Period) -> Self {
        Self {
            by,
            period,
            most: MOST_GROUPS,
            groups: BTreeMap::new(),
            beyond: None,
        }
    }

    /// Counts a line.
    pub fn add(&mut self, line: &Line) {
        match line {
            Line::Attempt(line) if self.period.contains(line.started) => {
                let group = self.by.iter().map(|by| by.of_attempt(line)).collect();
                self.group(group).attempt(line);
            }
            Line::Call(line) if self.counts_calls() && self.period.contains(line.started) => {
                let group = self.by.iter().map(|by| by.of_call(line)).collect();
                self.group(group).call(line);
            }
            Line::Attempt(_) | Line::Call(_) | Line::Other => {}
        }
    }

    /// Counts sums that were made elsewhere.
    pub fn add_sums(&mut self, group: Vec<Option<String>>, sums: &Sums) {
        self.group(group).add(sums);
    }

    /// Whether calls are counted.
    pub fn counts_calls(&self) -> bool {
        self.by.iter().all(|by| by.has_calls())
    }

    fn group(&mut self, group: Vec<Option<String>>) -> &mut Sums {
        if self.groups.len() >= self.most && !self.groups.contains_key(&group) {
            return self.beyond.get_or_insert_default();
        }
        self.groups.entry(group).or_default()
    }

    /// The sums of the dearest so many groups, and of the others together.
    pub fn finish(self, top: usize) -> Spent {
        let counts_calls = self.counts_calls();
        let rows = self.groups.into_iter().map(|(group, sums)| Row { group, sums });
        let mut rows: Vec<Row> = rows.collect();
        rows.sort_by(|a, b| {
            let weight = |row: &Row| (Reverse(row.sums.cost_ticks), Reverse(row.sums.attempts));
            weight(a).cmp(&weight(b)).then_with(|| a.group.cmp(&b.group))
        });
        let rest = rows.split_off(top.min(rows.len()));
        let mut others = self.beyond.clone().unwrap_or_default();
        for row in &rest {
            others.add(&row.sums);
        }
        let mut total = others.clone();
        for row in &rows {
            total.add(&row.sums);
        }
        if self.by.first() == Some(&By::Day) {
            rows.sort_by(|a, b| a.group.cmp(&b.group));
        }
        let other_groups = u64::try_from(rest.len()).ok().filter(|_| self.beyond.is_none());
        Spent {
            by: self.by,
            counts_calls,
            rows,
            other_groups,
            others,
            total,
        }
    }
}

impl Sums {
    fn attempt(&mut self, line: &AttemptLine) {
        self.attempts += 1;
        self.tokens.add(&line.tokens());
        self.saved_ticks += line.saved_ticks.unwrap_or_default();
        let Some(cost) = line.cost_ticks else {
            self.unpriced += 1;
            return;
        };
        self.cost_ticks += cost;
        match &*line.role {
            "race-loser" => self.lost_ticks += cost,
            "judge" => self.judge_ticks += cost,
            _ => {}
        }
    }

    fn call(&mut self, line: &CallLine) {
        self.calls += 1;
        self.failed_calls += u64::from(line.failed());
        self.calls_ms += line.duration_ms;
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.failed_calls += other.failed_calls;
        self.calls_ms += other.calls_ms;
        self.attempts += other.attempts;
        self.tokens.add(&other.tokens);
        self.cost_ticks += other.cost_ticks;
        self.unpriced += other.unpriced;
        self.saved_ticks += other.saved_ticks;
        self.lost_ticks += other.lost_ticks;
        self.judge_ticks += other.judge_ticks;
    }

    /// The cost, rounded for people: `$1.23`, or `≥ $1.23 (3 unpriced)` where it is a lower bound.
    pub fn cost(&self) -> String {
        let cost = dollars(self.cost_ticks);
        match self.unpriced {
            0 => cost,
            unpriced => format!("≥ {cost} ({unpriced} unpriced)"),
        }
    }

    /// Milliseconds of a call on average; `None`: there is none.
    #[expect(clippy::cast_precision_loss, reason = "an average for people")]
    pub fn mean_ms(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.calls_ms / self.calls as f64)
    }
}

/// An amount for people: to four decimals from a cent on, exactly below.
pub fn dollars(ticks: Ticks) -> String {
    const STEP: i64 = Ticks::PER_USD / 10_000;
    if ticks.get().unsigned_abs() < 100 * STEP.unsigned_abs() {
        return sign(ticks);
    }
    let half = STEP / 2 * ticks.get().signum();
    sign(Ticks::new(ticks.get().saturating_add(half) / STEP * STEP))
}

fn sign(ticks: Ticks) -> String {
    if ticks.get() < 0 {
        return format!("-${}", Ticks::new(ticks.get().saturating_neg()).usd());
    }
    ticks.to_string()
}

#[cfg(test)]
mod tests;
