//! Compares a ledger with what clients saw.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A ledger by ids.
pub(crate) struct Tally {
    rows: BTreeMap<String, Value>,
    pub(crate) duplicates: usize,
}

impl Tally {
    /// Collapses rows that came twice. Two with one id have to be equal.
    pub(crate) fn of(rows: Vec<Value>) -> Self {
        let mut tally = Self {
            rows: BTreeMap::new(),
            duplicates: 0,
        };
        for row in rows {
            let id = row["id"].as_str().expect("an id").to_owned();
            if let Some(other) = tally.rows.insert(id, row.clone()) {
                assert_eq!(other, row, "one id, two records");
                tally.duplicates += 1;
            }
        }
        tally
    }

    fn calls(&self) -> BTreeMap<&str, &Value> {
        let calls = self.rows.values().filter(|row| row["kind"] == "call");
        calls
            .map(|row| (row["call"].as_str().expect("a call"), row))
            .collect()
    }

    /// Checks that every answered call is there, with all of its attempts and the right sum; that beside them there are
    /// no more calls than could have been broken off; and gives the sum of what the answered calls cost.
    pub(crate) fn assert_has(&self, answered: &[String], broken_off: usize) -> i64 {
        let calls = self.calls();
        let unique: BTreeSet<&String> = answered.iter().collect();
        assert_eq!(unique.len(), answered.len(), "ids are given once");
        let mut attempts: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for row in self.rows.values().filter(|row| row["kind"] == "attempt") {
            let cost = row["cost_ticks"].as_i64().expect("a price");
            attempts
                .entry(row["call"].as_str().expect("a call"))
                .or_default()
                .push(cost);
        }
        let missing: Vec<&String> = answered
            .iter()
            .filter(|id| !calls.contains_key(id.as_str()))
            .collect();
        assert!(
            missing.is_empty(),
            "{} of {} answered calls are missing",
            missing.len(),
            answered.len()
        );
        let mut sum = 0;
        for id in answered {
            let call = calls[id.as_str()];
            let own = &attempts[id.as_str()];
            assert_eq!(call["attempts"], own.len(), "the attempts of {id}");
            assert_eq!(call["cost_ticks"], own.iter().sum::<i64>(), "the sum of {id}");
            sum += own.iter().sum::<i64>();
        }
        let further = calls.len() - answered.len();
        assert!(further <= broken_off, "{further} calls that nobody saw answered");
        assert!(sum > 0, "calls cost something");
        sum
    }
}
