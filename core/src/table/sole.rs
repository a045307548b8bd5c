//! The rule of a request that the gateway makes by itself: to one model, once. How long it may take says whoever makes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ActiveRule;
use super::target::endpoint;
use crate::outcome::FallbackOn;
use crate::snapshot::{ObjectName, Pick, Provider, Retry, Rule, Step, Target, Timeouts, Unsupported};

/// What the model is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Embeddings.
    Embeddings,
    /// An answer.
    Answers,
}

/// The rule, or why nobody can be asked.
pub(super) fn rule(
    (provider, model): (&ObjectName, &Arc<str>),
    what: For,
    providers: &BTreeMap<&ObjectName, &Provider>,
) -> Result<Arc<ActiveRule>, String> {
    let endpoint = endpoint(provider, providers)?;
    if what == For::Embeddings && !endpoint.embeds(model) {
        return Err(format!("ProviderKey {provider} has no API for embeddings"));
    }
    let rule = spec((provider, model), Timeouts::default());
    Ok(Arc::new(ActiveRule::build(0, &rule, provider, model, providers)))
}

/// The same before it is bound to its provider.
pub(super) fn spec((provider, model): (&ObjectName, &Arc<str>), timeouts: Timeouts) -> Rule {
    let targets = vec![Target {
        provider: provider.clone(),
        model: Some(Arc::clone(model)),
        weight: 1,
    }];
    Rule {
        when: None,
        experiment: None,
        steps: vec![Step::Pick {
            pick: Pick::default(),
            targets,
        }],
        fallback_on: FallbackOn::default(),
        retry: Retry::default(),
        timeouts,
        slow_stream: None,
        unsupported: Unsupported::default(),
        max_cost: None,
        tasks: None,
    }
}
