//! One `LLMRoute`: which names it has, and by which rules it serves them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::experiment::Experiment;
use super::tasks::Tasks;
use super::{ObjectName, Retry, SlowStream, Step, Timeouts};
use crate::money::Ticks;
use crate::outcome::FallbackOn;

/// One `LLMRoute`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Route {
    /// The object it comes from.
    pub name: ObjectName,
    /// When the object was made; `None` in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The model names that it claims.
    pub models: Vec<ModelClaim>,
    /// What it does with a call.
    pub rules: RouteRules,
}

impl Route {
    /// What routes are ordered by: the older first, one without a date after all that have one, then by name.
    pub fn precedence(&self) -> (bool, Option<Timestamp>, &ObjectName) {
        (self.created.is_none(), self.created, &self.name)
    }
}

/// A model name that a route claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelClaim {
    /// A name, or a prefix followed by one `*`.
    pub pattern: Arc<str>,
    /// Whether the plain name is this route's. A younger route that lost the name keeps `NAMESPACE/MODEL` only.
    pub owned: bool,
}

/// The rules of a route, or why it has none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RouteRules {
    /// The first match wins.
    Rules(Vec<Rule>),
    /// The object is broken: calls for its models are answered with this reason.
    Broken(String),
}

/// One rule of a route.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// A CEL expression over `request`; `None` always matches.
    pub when: Option<Arc<str>>,
    /// Models that are compared on its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Box<Experiment>>,
    /// The fallback chain, tried in order. Never empty.
    pub steps: Vec<Step>,
    /// Which failures move on to the next target.
    pub fallback_on: FallbackOn,
    /// Further tries of the same target.
    pub retry: Retry,
    /// The clocks of a call.
    pub timeouts: Timeouts,
    /// When a stream counts as too slow; `None`: never.
    pub slow_stream: Option<SlowStream>,
    /// What becomes of parameters that a target's API has no word for.
    #[serde(default)]
    pub unsupported: Unsupported,
    /// What a call may be expected to cost at a target, for that to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Ticks>,
    /// What its calls ask for; `None`: they have no class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Tasks>,
}

/// What becomes of parameters of a request that a target's API has no word for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsupported {
    /// Left out.
    #[default]
    Drop,
    /// The target is passed over.
    Reject,
}
