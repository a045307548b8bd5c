//! Which rule a request gets, and why.

use std::sync::Arc;

use crate::refusal::Refusal;
use crate::table::{ActiveRoute, ActiveRule, Table};
use crate::when::{Subject, Verdict};

/// The rule that a request gets.
#[derive(Clone, Debug)]
pub struct Routed {
    /// The route that claims its model.
    pub route: Arc<ActiveRoute>,
    /// The first rule that matches.
    pub rule: Arc<ActiveRule>,
}

/// Finds the rule for a request. `subject` is asked for only if a rule has a condition.
pub fn route<'a>(
    table: &Table,
    model: &str,
    subject: impl FnOnce() -> Subject<'a>,
) -> Result<Routed, Refusal> {
    let route = table.route(model)?;
    let rules = route.rules.as_ref().map_err(|reason| Refusal::BrokenRoute {
        route: route.name.to_string(),
        reason: reason.clone(),
    })?;
    let subject = std::cell::LazyCell::new(subject);
    let rule = rules.iter().find(|rule| match &rule.when {
        None => true,
        Some(Ok(when)) => when.holds(&subject) == Verdict::True,
        Some(Err(_)) => false,
    });
    match rule {
        Some(rule) => Ok(Routed {
            route: Arc::clone(route),
            rule: Arc::clone(rule),
        }),
        None => Err(Refusal::NoRule {
            route: route.name.to_string(),
        }),
    }
}

/// Why a rule was taken or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It has no condition.
    Always,
    /// Its condition says this.
    When(Verdict),
    /// Its condition does not compile.
    Broken(String),
}

impl Match {
    /// Whether the rule may serve.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Always | Self::When(Verdict::True))
    }
}

/// What each rule of a route says of a request, in order: for explanations.
pub fn matches(rules: &[Arc<ActiveRule>], subject: &Subject<'_>) -> Vec<Match> {
    let of = |rule: &Arc<ActiveRule>| match &rule.when {
        None => Match::Always,
        Some(Ok(when)) => Match::When(when.holds(subject)),
        Some(Err(reason)) => Match::Broken(reason.clone()),
    };
    rules.iter().map(of).collect()
}

#[cfg(test)]
mod tests;
