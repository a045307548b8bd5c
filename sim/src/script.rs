//! Behaviours and answers that were set beforehand, by model, key or path.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::behaviour::{BadBehaviour, Behaviour};

const MAX_NAMES: usize = 10_000;
const MAX_BEHAVIOURS: usize = 10_000;

/// An answer given byte for byte.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The status.
    pub status: StatusCode,
    /// All headers, but those that frame the message: the server sets these itself.
    pub headers: HeaderMap,
    /// The body. Each piece is written on its own.
    pub chunks: Vec<Bytes>,
    /// Time between two pieces; 0 only yields.
    pub pause: Duration,
}

/// Why something cannot be scripted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadScript {
    /// A behaviour cannot be read.
    #[error(transparent)]
    Behaviour(#[from] BadBehaviour),
    /// The simulator is full.
    #[error(
        "cannot script `{0}`: at most 10000 names with 10000 behaviours each are kept; reset the simulator"
    )]
    Full(String),
}

/// What is scripted.
#[derive(Default)]
pub(crate) struct Scripts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` stands for the request's own behaviour.
    models: HashMap<String, VecDeque<Option<Behaviour>>>,
    keys: HashMap<String, Behaviour>,
    replays: HashMap<String, Arc<Replay>>,
}

impl Scripts {
    /// Adds behaviours for the next requests of a model, one each.
    pub(crate) fn script(&self, model: &str, behaviours: &[&str]) -> Result<(), BadScript> {
        let read = |text: &&str| (!text.is_empty()).then(|| text.parse()).transpose();
        let behaviours = behaviours.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut state = self.lock();
        check_room(&state.models, model)?;
        let queue = state.models.entry(model.to_owned()).or_default();
        if queue.len() + behaviours.len() > MAX_BEHAVIOURS {
            return Err(BadScript::Full(model.to_owned()));
        }
        queue.extend(behaviours);
        Ok(())
    }

    /// Every request with this key behaves so; an empty behaviour ends that.
    pub(crate) fn key(&self, key: &str, behaviour: &str) -> Result<(), BadScript> {
        let parsed = behaviour.parse()?;
        let mut state = self.lock();
        if behaviour.is_empty() {
            state.keys.remove(key);
            return Ok(());
        }
        check_room(&state.keys, "another key")?;
        state.keys.insert(key.to_owned(), parsed);
        Ok(())
    }

    /// Every request of this model, or to this path, is answered so.
    pub(crate) fn replay(&self, name: &str, replay: Replay) -> Result<(), BadScript> {
        let mut state = self.lock();
        check_room(&state.replays, name)?;
        state.replays.insert(name.to_owned(), Arc::new(replay));
        Ok(())
    }

    /// The behaviour of a key, whatever is asked.
    pub(crate) fn of_key(&self, key: &str) -> Option<Behaviour> {
        self.lock().keys.get(key).cloned()
    }

    /// Takes the next behaviour of a model.
    pub(crate) fn take(&self, model: &str) -> Option<Behaviour> {
        let mut state = self.lock();
        let queue = state.models.get_mut(model)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            state.models.remove(model);
        }
        next.flatten()
    }

    /// The replay of the first of these names that has one.
    pub(crate) fn replay_of(&self, names: &[&str]) -> Option<Arc<Replay>> {
        let state = self.lock();
        names.iter().find_map(|name| state.replays.get(*name)).cloned()
    }

    pub(crate) fn clear(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_room<T>(map: &HashMap<String, T>, name: &str) -> Result<(), BadScript> {
    if map.len() < MAX_NAMES || map.contains_key(name) {
        Ok(())
    } else {
        Err(BadScript::Full(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviours_are_taken_one_by_one() {
        let scripts = Scripts::default();
        scripts
            .script("m", &["status=429", "", "status=500"])
            .expect("known");
        let statuses: Vec<_> = (0..4)
            .map(|_| scripts.take("m").and_then(|b| b.status).map(|s| s.as_u16()))
            .collect();
        assert_eq!(statuses, [Some(429), None, Some(500), None]);
        assert!(scripts.lock().models.is_empty());
    }

    #[test]
    fn nothing_is_scripted_if_one_behaviour_is_wrong() {
        let scripts = Scripts::default();
        assert!(scripts.script("m", &["status=429", "oops"]).is_err());
        assert!(scripts.key("sk-bad", "oops").is_err());
        assert_eq!(scripts.take("m"), None);
    }

    #[test]
    fn keys_keep_their_behaviour_until_it_is_emptied() {
        let scripts = Scripts::default();
        scripts.key("sk-bad", "status=401").expect("known");
        assert!(scripts.of_key("sk-bad").is_some() && scripts.of_key("sk-bad").is_some());
        scripts.key("sk-bad", "").expect("empty");
        assert_eq!(scripts.of_key("sk-bad"), None);
    }

    #[test]
    fn a_model_does_not_queue_without_bound() {
        let scripts = Scripts::default();
        let many = vec!["status=429"; MAX_BEHAVIOURS];
        scripts.script("m", &many).expect("room");
        assert_eq!(
            scripts.script("m", &["status=429"]),
            Err(BadScript::Full("m".to_owned()))
        );
    }
}
