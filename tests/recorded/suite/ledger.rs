//! What the ledger says of a call, against what the provider said.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::oracle::Heard;

/// The records come at the end of a call, perhaps a moment after its last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// The records of one call.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) attempts: Vec<Value>,
    pub(super) call: Value,
}

/// Waits for the records of a call.
pub(super) async fn books(client: &reqwest::Client, admin: &str, call: &str) -> Result<Books, String> {
    if call.is_empty() {
        return Err("an answer without x-wayleave-call-id".to_owned());
    }
    let give_up = Instant::now() + PATIENCE;
    loop {
        let told = |error: reqwest::Error| format!("the ledger cannot be read: {error:?}");
        let response = client
            .get(format!("{admin}/ledger?call={call}"))
            .send()
            .await
            .map_err(told)?;
        let records: Vec<Value> = serde_json::from_slice(&response.bytes().await.map_err(told)?)
            .map_err(|error| error.to_string())?;
        let (calls, attempts): (Vec<Value>, Vec<Value>) =
            records.into_iter().partition(|record| record["kind"] == "call");
        if let Some(call) = calls.into_iter().next() {
            return Ok(Books { attempts, call });
        }
        if Instant::now() > give_up {
            return Err(format!("no record of the call {call}"));
        }
        sleep(Duration::from_millis(5)).await;
    }
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
        let class = if heard.spoken.fault.is_some() { "cut" } else { "ok" };
        need(attempt["class"] == class, &format!("the class has to be {class}"));
        need(
            heard.spoken.model.is_empty() || attempt["model_served"] == heard.spoken.model.as_str(),
            "another model",
        );
        if heard.spoken.fault.is_none() {
            need(
                usage_agrees(attempt, heard),
                &format!("usage: the provider said {:?}", heard.spoken.tokens),
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
    let Some(tokens) = heard.spoken.tokens else {
        return attempt["estimated"] == true;
    };
    let usage = &attempt["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap_or(u64::MAX);
    attempt["estimated"] == false
        && count("input") == tokens.fresh()
        && count("cache_read") == tokens.cache_read
        && count("cache_write_5m") + count("cache_write_1h") == tokens.cache_write
        && count("output") == tokens.output
        && count("reasoning") == tokens.reasoning
}
