//! Several models at once, and which answer wins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;
use crate::duration::Duration;
use crate::reference::TargetRef;

/// Several models at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Race {
    /// The lanes, in starting order.
    #[schemars(length(min = 2, max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub targets: Vec<TargetRef>,
    /// How long each lane waits for the one before it. Without it: all start together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stagger: Option<Duration>,
    /// What an answer has to be to win.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
    /// What happens to the lanes that lost: Auto (aborted where that stops the bill, else read to the end), Abort, or
    /// Drain (always read to the end, so that their usage is known). Without it: Auto.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub losers: Option<Losers>,
}

/// What an answer has to be to win a race, beyond a 2xx with real content and no error inside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accept {
    /// Characters of output, or one whole tool call, before a lane can win. Without it: 1.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_characters: Option<u32>,
    /// Whether the answer has to be JSON: Off, Parse (the whole answer parses), or Schema (and fits the schema that the
    /// request carries). Without it: Off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonAccept>,
    /// Whether a refusal can win: Allow or Reject. Without it: Allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusals: Option<Refusals>,
}

/// Whether an answer has to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum JsonAccept {
    /// Any text.
    Off,
    /// The whole answer parses.
    Parse,
    /// The whole answer parses and fits the request's schema.
    Schema,
}

/// Whether a refusal is an acceptable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Refusals {
    /// Served like any answer.
    Allow,
    /// Counts as a failure.
    Reject,
}

/// What happens to the lanes that lost a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Losers {
    /// Aborted where aborting stops the bill, drained where it does not.
    Auto,
    /// Always aborted.
    Abort,
    /// Always read to the end.
    Drain,
}
