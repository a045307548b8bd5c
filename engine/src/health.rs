//! The health of every credential and of every model behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayleave_core::allowance::Allowance;
use wayleave_core::circuit::{Circuit, Moment};
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::plan::{Availability, KeyChoice};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::{Access, Endpoint, ObjectName, Provider};

use crate::clock::Clock;
use crate::metrics::{KeySample, Label};

/// Circuits kept at most. Models that clients name freely (routes with a pattern) must not grow it without end.
const MOST_CIRCUITS: usize = 20_000;
/// What metrics call the credential of a provider that needs none, or has none that can be used.
const NO_KEY: &str = "none";

/// Names a credential: the provider key, the name of the secret's entry, and what stands there, as a new one starts
/// with a clean slate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyId {
    provider: ObjectName,
    key: Option<(Arc<str>, Secret)>,
}

impl KeyId {
    pub(crate) fn new(provider: &ObjectName, endpoint: &Endpoint, key: KeyChoice) -> Self {
        let entry = match key {
            KeyChoice::Keyless => None,
            KeyChoice::Key(index) => endpoint.keys.get(index),
        };
        Self {
            provider: provider.clone(),
            key: entry.map(|entry| (Arc::clone(&entry.name), entry.secret.clone())),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// A refused credential is refused for every model.
    keys: HashMap<KeyId, Circuit>,
    /// Limits and failures are a model's own: providers count them by model.
    models: HashMap<(KeyId, Arc<str>), Circuit>,
    allowances: HashMap<KeyId, Allowance>,
}

/// All of it. Locked for moments only.
#[derive(Debug)]
pub(crate) struct Health {
    clock: Clock,
    state: Mutex<State>,
}

impl Health {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// An attempt begins.
    pub(crate) fn begin(&self, id: &KeyId, endpoint: &Endpoint, model: &Arc<str>) {
        let now = self.clock.moment();
        let mut state = self.lock();
        if let Some(circuit) = state.keys.get_mut(id) {
            circuit.begin(now);
        }
        if let Some(circuit) = state.models.get_mut(&(id.clone(), Arc::clone(model))) {
            circuit.begin(now);
        }
        if endpoint.limits != wayleave_core::snapshot::Limits::default() {
            state.allowance(id, endpoint, now).begin(now);
        }
    }

    /// An attempt ended, having used this many tokens.
    pub(crate) fn end(
        &self,
        id: &KeyId,
        endpoint: &Endpoint,
        model: &Arc<str>,
        outcome: &Outcome,
        tokens: u64,
    ) {
        let now = self.clock.moment();
        let mut state = self.lock();
        if endpoint.limits != wayleave_core::snapshot::Limits::default() {
            state.allowance(id, endpoint, now).end(tokens, now);
        }
        let of_key = outcome.class == Class::AuthFailed;
        if of_key || state.keys.contains_key(id) {
            observe(&mut state.keys, id.clone(), outcome, now);
        }
        if !of_key {
            let name = (id.clone(), Arc::clone(model));
            if outcome.class != Class::Ok || state.models.contains_key(&name) {
                observe(&mut state.models, name, outcome, now);
            }
        }
    }

    /// How the credentials of these providers fare now. A provider that is broken has none that may be used.
    pub(crate) fn look(&self, providers: &[Provider]) -> Vec<KeySample> {
        let now = self.clock.moment();
        let state = self.lock();
        let resting: HashMap<&KeyId, usize> = state
            .models
            .iter()
            .filter(|(_, circuit)| !circuit.admits(now))
            .fold(HashMap::new(), |mut counts, ((id, _), _)| {
                *counts.entry(id).or_default() += 1;
                counts
            });
        let mut samples = Vec::new();
        for provider in providers {
            let label = Label(provider.name.to_string().into());
            let sample = |key: Option<Arc<str>>, up, resting| KeySample {
                provider: label.clone(),
                key: Label(key.unwrap_or_else(|| Arc::from(NO_KEY))),
                up,
                resting,
            };
            let Access::Ready(endpoint) = &provider.access else {
                samples.push(sample(None, false, 0));
                continue;
            };
            for key in choices(endpoint) {
                let id = KeyId::new(&provider.name, endpoint, key);
                let resting = resting.get(&id).copied().unwrap_or_default();
                samples.push(sample(key.name(endpoint), state.admits(&id, now), resting));
            }
        }
        samples
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves values that are still circuits.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a circuit; one that is closed again needs no place.
fn observe<K: std::hash::Hash + Eq>(
    circuits: &mut HashMap<K, Circuit>,
    id: K,
    outcome: &Outcome,
    now: Moment,
) {
    if circuits.len() >= MOST_CIRCUITS && !circuits.contains_key(&id) {
        // Room for what is in trouble now, at the cost of what has had its cooldown.
        circuits.retain(|_, circuit| !circuit.admits(now));
        if circuits.len() >= MOST_CIRCUITS {
            return;
        }
    }
    let mut circuit = circuits.remove(&id).unwrap_or_default();
    circuit.observe(outcome, now);
    if circuit != Circuit::default() {
        circuits.insert(id, circuit);
    }
}

/// The credentials of an endpoint.
fn choices(endpoint: &Endpoint) -> Vec<KeyChoice> {
    match endpoint.keys.len() {
        0 => vec![KeyChoice::Keyless],
        several => (0..several).map(KeyChoice::Key).collect(),
    }
}

impl State {
    /// Whether a credential is accepted, and within its limits.
    fn admits(&self, id: &KeyId, now: Moment) -> bool {
        let allowance = self.allowances.get(id);
        let circuit = self.keys.get(id);
        allowance.is_none_or(|allowance| allowance.wait(now).is_zero())
            && circuit.is_none_or(|circuit| circuit.admits(now))
    }

    fn allowance(&mut self, id: &KeyId, endpoint: &Endpoint, now: Moment) -> &mut Allowance {
        let allowance = self
            .allowances
            .entry(id.clone())
            .or_insert_with(|| Allowance::new(endpoint.limits, now));
        if allowance.limits() != endpoint.limits {
            *allowance = Allowance::new(endpoint.limits, now);
        }
        allowance
    }
}

impl Availability for Health {
    fn admits(&self, provider: &ObjectName, endpoint: &Endpoint, key: KeyChoice, model: &str) -> bool {
        let now = self.clock.moment();
        let id = KeyId::new(provider, endpoint, key);
        let state = self.lock();
        if !state.admits(&id, now) {
            return false;
        }
        if state.models.is_empty() {
            return true;
        }
        state
            .models
            .get(&(id, Arc::from(model)))
            .is_none_or(|circuit| circuit.admits(now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_map_is_bounded_and_what_is_over_makes_room() {
        let limited = Outcome {
            class: Class::RateLimited,
            status: Some(429),
            retry_after: Some(Duration::from_secs(10)),
            message: String::new(),
        };
        let at = |seconds| Moment(Duration::from_secs(seconds));
        let mut circuits = HashMap::new();
        for id in 0..MOST_CIRCUITS {
            observe(&mut circuits, id, &limited, at(0));
        }
        observe(&mut circuits, MOST_CIRCUITS, &limited, at(5));
        assert!(
            !circuits.contains_key(&MOST_CIRCUITS),
            "full of what is in trouble"
        );
        observe(&mut circuits, MOST_CIRCUITS, &limited, at(10));
        assert_eq!(circuits.len(), 1, "all others have had their cooldown");
    }
}
