//! What the ledger says of a call, against what the provider said.

use std::time::Duration;

use serde_json::Value;
use wayleave_tests::{Answer, Gateway, until};

use super::heard::Heard;

/// The records come at the end of a call, perhaps a moment after its last byte.
const PATIENCE: Duration = Duration::from_secs(20);

/// The records of one call.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) attempts: Vec<Value>,
    pub(super) call: Value,
}

/// Waits for the records of a call.
pub(super) async fn books(gateway: &Gateway, answer: &Answer) -> Books {
    let page = format!("/ledger?call={}", answer.id());
    until("the books of a call", PATIENCE, async || {
        let records: Vec<Value> = serde_json::from_str(&gateway.page(&page).await).expect("records");
        let (calls, attempts): (Vec<Value>, Vec<Value>) =
            records.into_iter().partition(|record| record["kind"] == "call");
        let call = calls.into_iter().next()?;
        Some(Books { attempts, call })
    })
    .await
}

impl Books {
    /// What is wrong with the record of a single attempt that was answered.
    pub(super) fn faults(&self, heard: &Heard) -> Vec<String> {
        let [attempt] = self.attempts.as_slice() else {
            return vec![format!("the ledger has {} attempts", self.attempts.len())];
        };
        let mut found = Vec::new();
        let mut need = |holds: bool, what: &str| {
            if !holds {
                found.push(format!("ledger: {what} in {attempt}"));
            }
        };
        let class = if heard.said.error { "cut" } else { "ok" };
        need(attempt["class"] == class, &format!("the class has to be {class}"));
        need(
            heard.said.model.is_empty() || attempt["model_served"] == heard.said.model.as_str(),
            "another model",
        );
        if !heard.said.error {
            need(
                usage_agrees(attempt, heard),
                &format!("usage: the provider said {:?}", heard.said.usage),
            );
        }
        let source = attempt["cost_source"].as_str().unwrap_or_default();
        match heard.billed {
            Some(ticks) => {
                need(source == "provider_billed", "the provider's bill counts");
                need(
                    attempt["cost_ticks"] == ticks,
                    &format!("the provider billed {ticks}"),
                );
            }
            None => need(
                attempt["cost_ticks"].is_null() == (source == "none"),
                "a cost of an unknown source",
            ),
        }
        need(
            self.call["cost_ticks"] == attempt["cost_ticks"],
            "the call costs what its attempts cost",
        );
        found
    }
}

fn usage_agrees(attempt: &Value, heard: &Heard) -> bool {
    let Some(told) = heard.said.usage else {
        return attempt["estimated"] == true;
    };
    let usage = &attempt["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap_or(u64::MAX);
    attempt["estimated"] == false
        && count("input") == told.input.saturating_sub(told.cache_read + told.cache_write)
        && count("cache_read") == told.cache_read
        && count("cache_write_5m") + count("cache_write_1h") == told.cache_write
        && count("output") == told.output
        && count("reasoning") == told.reasoning
}
