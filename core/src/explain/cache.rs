//! What the cache of a route has to do with a request.

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::Question;
use crate::cache::{Consult, Passed, Spelling, consult};
use crate::route::Routed;
use crate::snapshot::cache::{Partition, Semantic};
use crate::table::{ActiveRoute, ActiveRule};

/// The cache of a route, and what it has to do with a request.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedCache {
    /// `NAMESPACE/NAME` of the policy.
    pub policy: String,
    /// How long an answer is served.
    pub ttl: Duration,
    /// Who shares answers.
    pub partition: Partition,
    /// Which requests are similar; `None`: only equal ones count.
    pub semantic: Option<Semantic>,
    /// What becomes of the request.
    pub request: ExplainedConsult,
}

/// What a request has to do with the cache of its route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplainedConsult {
    /// Nothing: no rule serves it.
    Refused,
    /// Nothing, for this reason.
    Bypass(#[serde(serialize_with = "name")] Passed),
    /// It goes through it.
    Asks {
        /// What its answer is kept under.
        key: String,
        /// Whether a kept answer may serve.
        lookup: bool,
        /// Whether its answer may be kept.
        keep: bool,
    },
}

impl ExplainedCache {
    pub(super) fn of(
        route: &Arc<ActiveRoute>,
        rule: Option<&Arc<ActiveRule>>,
        question: Question<'_>,
    ) -> Option<Self> {
        let cache = route.cache.as_ref()?;
        let rules = &cache.rules;
        let request = rule.map_or(ExplainedConsult::Refused, |rule| {
            let routed = Routed {
                route: Arc::clone(route),
                rule: Arc::clone(rule),
            };
            let Question {
                called,
                headers,
                intake,
                ..
            } = question;
            let spell = |intake: &_, rules: &_| Spelling::of(intake, rules).map(Arc::new);
            match consult(rules, &routed, called, intake, headers, spell) {
                Consult::Pass(reason) => ExplainedConsult::Bypass(reason),
                Consult::Ask(ask) => ExplainedConsult::Asks {
                    key: ask.key.to_string(),
                    lookup: ask.lookup,
                    keep: ask.keep,
                },
            }
        });
        Some(Self {
            policy: cache.name.to_string(),
            ttl: rules.ttl,
            partition: rules.partition.clone(),
            semantic: rules.semantic.clone(),
            request,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn name<S: Serializer>(reason: &Passed, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.as_str())
}
