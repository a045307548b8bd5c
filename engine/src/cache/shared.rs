//! One answer for several calls: the call that asks the provider leads, equal calls that come meanwhile follow.
//!
//! The leader publishes the provider's bytes as they come; whoever follows gets those that came before, then the rest,
//! and turns them into its own format. A leader that fails before it has an answer takes nobody with it: each follower is
//! told so, and the first of them leads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;
use wayleave_core::cache::Provenance;
use wayleave_core::cache::key::Key;
use wayleave_core::event::Fault;

use super::rendition::Found;

/// Answers that are under way, by key.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<Key, Arc<Shared>>>);

/// One answer under way.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told at each change of the state.
    changed: watch::Sender<()>,
    followers: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    /// Where the answer comes from; `None`: nobody has it yet.
    from: Option<Arc<Provenance>>,
    /// What has come of it.
    chunks: Vec<Bytes>,
    end: Option<End>,
}

/// How it ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The provider's body is whole; what it cost is known now.
    Whole(Arc<Provenance>),
    /// It broke off.
    Cut(Fault),
    /// It came out of the store.
    Kept(Box<Found>),
    /// The leader has no answer.
    Failed,
}

/// A call's place among its equals.
#[derive(Debug)]
pub(crate) enum Place {
    /// It is the first.
    Lead(Lead),
    /// Another one is before it.
    Follow(Follower),
}

/// The first of several equal calls. Dropped without an end it has failed.
#[derive(Debug)]
pub(crate) struct Lead {
    flights: Arc<Flights>,
    key: Key,
    shared: Arc<Shared>,
    ended: bool,
}

/// A call that waits for the answer of another.
#[derive(Debug)]
pub(crate) struct Follower {
    shared: Arc<Shared>,
    changed: watch::Receiver<()>,
    /// Chunks that it has had.
    had: usize,
}

/// What a follower gets next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// The answer begins: this is where it comes from.
    Begins(Arc<Provenance>),
    /// More of it.
    Chunk(Bytes),
    /// It ended.
    End(End),
}

impl Flights {
    /// Finds a call's place.
    pub(crate) fn join(self: &Arc<Self>, key: &Key) -> Place {
        let mut flights = self.lock();
        if let Some(shared) = flights.get(key) {
            return Place::Follow(Follower::new(shared));
        }
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: watch::Sender::new(()),
            followers: watch::Sender::new(0),
        });
        flights.insert(key.clone(), Arc::clone(&shared));
        Place::Lead(Lead {
            flights: Arc::clone(self),
            key: key.clone(),
            shared,
            ended: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Shared>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lead {
    /// Whether anybody follows.
    pub(crate) fn is_followed(&self) -> bool {
        *self.shared.followers.borrow() > 0
    }

    /// How many follow, for who waits until none does.
    pub(crate) fn followers(&self) -> watch::Receiver<usize> {
        self.shared.followers.subscribe()
    }

    /// Lets nobody follow any more, unless somebody does.
    pub(crate) fn leave_if_alone(&self) -> bool {
        let mut flights = self.flights.lock();
        let alone = !self.is_followed();
        if alone
            && flights
                .get(&self.key)
                .is_some_and(|shared| Arc::ptr_eq(shared, &self.shared))
        {
            flights.remove(&self.key);
        }
        alone
    }

    /// The answer begins.
    pub(crate) fn begin(&self, from: Provenance) {
        self.shared.change(|state| state.from = Some(Arc::new(from)));
    }

    /// More of it.
    pub(crate) fn publish(&self, chunks: impl IntoIterator<Item = Bytes>) {
        self.shared.change(|state| state.chunks.extend(chunks));
    }

    /// It ended. Whoever comes from now on still gets it, until the leader is dropped.
    pub(crate) fn end(&mut self, end: End) {
        self.ended = true;
        self.shared.change(|state| state.end = Some(end));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // Nobody finds it any more; only then is it over for those who follow.
        let mut flights = self.flights.lock();
        if flights
            .get(&self.key)
            .is_some_and(|shared| Arc::ptr_eq(shared, &self.shared))
        {
            flights.remove(&self.key);
        }
        drop(flights);
        if !self.ended {
            self.shared.change(|state| state.end = Some(End::Failed));
        }
    }
}

impl Follower {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.followers.send_modify(|followers| *followers += 1);
        Self {
            changed: shared.changed.subscribe(),
            shared: Arc::clone(shared),
            had: 0,
        }
    }

    /// Waits until it is known where the answer comes from. May be dropped at any time.
    pub(crate) async fn begins(&mut self) -> Next {
        loop {
            {
                let state = self.shared.lock();
                match (&state.end, &state.from) {
                    (Some(end @ End::Failed), _) | (Some(end), None) => return Next::End(end.clone()),
                    (_, Some(from)) => return Next::Begins(Arc::clone(from)),
                    (None, None) => {}
                }
            }
            self.wait().await;
        }
    }

    /// Waits for what comes next. May be dropped at any time.
    pub(crate) async fn next(&mut self) -> Next {
        loop {
            {
                let state = self.shared.lock();
                if let Some(chunk) = state.chunks.get(self.had) {
                    self.had += 1;
                    return Next::Chunk(chunk.clone());
                }
                if let Some(end) = &state.end {
                    return Next::End(end.clone());
                }
            }
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        // The sender is ours as well: it does not go away.
        let _ = self.changed.changed().await;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.shared
            .followers
            .send_modify(|followers| *followers = followers.saturating_sub(1));
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
