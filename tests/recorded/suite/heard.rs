//! What a recording says, read from it alone, and what its provider charged.

use serde_json::Value;

use crate::recordings::exchange::Exchange;
use crate::recordings::frames;
use crate::recordings::said::Said;

/// What a recording says.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) said: Said,
    /// What the provider says it charged, in 1e-10 USD.
    pub(super) billed: Option<i64>,
    /// Whether its usage has a `cost` of its own.
    pub(super) tells_cost: bool,
}

impl Heard {
    pub(super) fn of(exchange: &Exchange) -> Self {
        let documents = frames::documents(exchange.frames, &exchange.body);
        let usage = documents.iter().filter_map(usage_of).next_back();
        Self {
            said: Said::of_exchange(exchange),
            billed: usage.and_then(|usage| billed(usage, &exchange.provider)),
            tells_cost: usage.is_some_and(|usage| usage.get("cost").is_some()),
        }
    }

    /// Whether it says nothing yet: an answer that the provider puts off. The gateway asks for none (`background` is
    /// refused), so one is as good as empty.
    pub(super) fn is_put_off(&self) -> bool {
        !self.said.ended && !self.said.error
    }

    /// Whether it broke before it had said anything.
    pub(super) fn never_began(&self) -> bool {
        let silent = self.said.choices.values().all(|choice| {
            let said = [&choice.text, &choice.reasoning, &choice.refusal];
            said.iter().all(|said| said.is_empty()) && choice.calls.is_empty() && choice.signatures.is_empty()
        });
        self.said.error && silent
    }
}

/// The usage that a document tells, wherever its format has it.
pub(super) fn usage_of(document: &Value) -> Option<&Value> {
    let places = [
        &document["usage"],
        &document["response"]["usage"],
        &document["usageMetadata"],
    ];
    places.into_iter().find(|usage| usage.is_object())
}

/// What xAI and OpenRouter bill. With a key of the user's own OpenRouter's `cost` is its fee alone.
fn billed(usage: &Value, vendor: &str) -> Option<i64> {
    let dollars = match vendor {
        "xai" => return usage["cost_in_usd_ticks"].as_i64(),
        "openrouter" if usage["is_byok"] == true => {
            usage["cost"].as_f64()? + usage["cost_details"]["upstream_inference_cost"].as_f64()?
        }
        "openrouter" => usage["cost"].as_f64()?,
        _ => return None,
    };
    format!("{:.0}", dollars * 1e10).parse().ok()
}
