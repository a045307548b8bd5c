//! The ledger's records of one call.

use serde_json::Value;

/// The records of a call that is over, the attempts in the order of beginning.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) attempts: Vec<Value>,
    pub(crate) call: Value,
    /// What was asked behind the client's back: no part of what the call cost.
    pub(crate) behind: Vec<Value>,
}

impl Books {
    /// From the ledger's records; `None` while the call's own is missing. Asserts what always holds: each attempt has
    /// one record, and their sum is the call's total.
    pub(crate) fn read(records: Vec<Value>) -> Option<Self> {
        let (mut calls, mut attempts): (Vec<Value>, Vec<Value>) =
            records.into_iter().partition(|record| record["kind"] == "call");
        let call = calls.pop()?;
        assert!(calls.is_empty(), "one record per call: {calls:?}");
        attempts.sort_by_key(|attempt| attempt["attempt"].as_u64());
        let (behind, attempts): (Vec<Value>, Vec<Value>) = attempts
            .into_iter()
            .partition(|attempt| attempt["role"] == "shadow" || attempt["role"] == "judge");
        let numbers: Vec<u64> = attempts
            .iter()
            .filter_map(|attempt| attempt["attempt"].as_u64())
            .collect();
        let all: Vec<u64> = (1..=call["attempts"].as_u64().expect("a count")).collect();
        assert_eq!(numbers, all, "one record per attempt");
        let books = Self {
            attempts,
            call,
            behind,
        };
        let sum = books
            .ticks()
            .into_iter()
            .try_fold(0, |sum, ticks| Some(sum + ticks?));
        assert_eq!(sum, books.call["cost_ticks"].as_i64(), "{books:?}");
        Some(books)
    }

    /// `role provider class status` of each attempt, `-` for what is not there.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |attempt: &Value| {
            let of = |name: &str| {
                let value = &attempt[name];
                let text = value
                    .as_str()
                    .map(|text| text.trim_start_matches("team/").to_owned());
                text.unwrap_or_else(|| value.to_string().replace("null", "-"))
            };
            format!(
                "{} {} {} {}",
                of("role"),
                of("provider"),
                of("class"),
                of("status")
            )
        };
        self.attempts.iter().map(line).collect()
    }

    /// What each attempt cost.
    pub(crate) fn ticks(&self) -> Vec<Option<i64>> {
        self.attempts
            .iter()
            .map(|attempt| attempt["cost_ticks"].as_i64())
            .collect()
    }

    /// `class status` of the call.
    pub(crate) fn end(&self) -> String {
        format!(
            "{} {}",
            self.call["class"].as_str().expect("a class"),
            self.call["status"]
        )
    }
}
