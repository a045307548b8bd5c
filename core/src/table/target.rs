//! Targets, bound to their providers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Offer;
use crate::snapshot::{Access, Endpoint, ObjectName, Provider, Target};

/// A target, bound to its provider.
#[derive(Debug)]
pub struct ActiveTarget {
    /// The provider key.
    pub provider: ObjectName,
    /// How to reach it, or why it cannot be used.
    pub endpoint: Result<Arc<Endpoint>, String>,
    /// The model to ask for; `None`: the client's.
    pub model: Option<Arc<str>>,
    /// A bounded name of the model for metrics: the model, or the route's first pattern where the client chooses.
    pub label: Arc<str>,
    /// What its model offers; `None`: the client names the model, or there is no way to the provider.
    offer: Option<Offer>,
    /// Its share of a weighted pick.
    pub weight: u32,
}

impl ActiveTarget {
    /// What a model that is asked for here offers.
    pub fn offer(&self, endpoint: &Endpoint, model: &str) -> Cow<'_, Offer> {
        match &self.offer {
            Some(offer) => Cow::Borrowed(offer),
            None => Cow::Owned(Offer::of(endpoint, model)),
        }
    }

    pub(super) fn build(
        target: &Target,
        label: &Arc<str>,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Self {
        let endpoint = endpoint(&target.provider, providers);
        let named = endpoint.as_ref().ok().zip(target.model.as_deref());
        Self {
            provider: target.provider.clone(),
            offer: named.map(|(endpoint, model)| Offer::of(endpoint, model)),
            endpoint,
            model: target.model.clone(),
            label: target.model.clone().unwrap_or_else(|| Arc::clone(label)),
            weight: target.weight,
        }
    }
}

/// How to reach a provider, or why it cannot be used.
pub(super) fn endpoint(
    name: &ObjectName,
    providers: &BTreeMap<&ObjectName, &Provider>,
) -> Result<Arc<Endpoint>, String> {
    match providers.get(name).map(|provider| &provider.access) {
        Some(Access::Ready(endpoint)) => Ok(Arc::clone(endpoint)),
        Some(Access::Broken(reason)) => Err(format!("ProviderKey {name} is broken: {reason}")),
        None => Err(format!("there is no ProviderKey {name}")),
    }
}
