//! A call at the cache of its route, before any provider is asked.

use std::sync::Arc;

use bytes::Bytes;
use wayleave_core::cache::key::Key;
use wayleave_core::cache::{Ask, Consult, Entry, Status};
use wayleave_core::table::ActiveCache;

use super::keeper::{Keeper, Shelf};
use super::rendition::{Found, Rendition};
use super::replay::{self, Kept, Likeness};
use super::shared::{End, Follower, Lead, Place};
use super::similar::{self, Sign};
use super::store::{Lookup, Store};
use crate::client::Client;
use crate::context::CallContext;
use crate::metrics::Missed;

/// What becomes of the call.
#[derive(Debug)]
pub(crate) enum Entered {
    /// Its provider is asked; the answer may be kept.
    Ask(Option<Box<Keeper>>),
    /// A kept answer serves.
    Kept(Kept),
    /// An equal call is under way.
    Follow(Follower),
    /// There is no kept answer, and no other is wanted.
    NotCached,
    /// The client left.
    Left,
}

/// Whether a call may wait for an equal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// It may.
    Welcome,
    /// Others have failed it.
    Alone,
}

/// Takes a call through the cache of its route.
pub(crate) async fn enter(call: &Arc<CallContext>, client: &mut Client, company: Company) -> Entered {
    let Some(cache) = &call.routed.route.cache else {
        return Entered::Ask(None);
    };
    let ask = match &call.consult {
        None => return Entered::Ask(None),
        Some(Consult::Pass(passed)) => {
            call.set_cache(Status::Bypass);
            call.core.metrics.cache().passed(&call.route_label(), *passed);
            return Entered::Ask(None);
        }
        Some(Consult::Ask(ask)) => ask,
    };
    let Some(store) = call.core.caches.store(&cache.name) else {
        return Entered::Ask(None);
    };
    let mut lead = None;
    if ask.lookup && !ask.only_if_cached && company == Company::Welcome {
        match call.core.caches.flights.join(&ask.key) {
            Place::Lead(first) => lead = Some(first),
            Place::Follow(follower) => return Entered::Follow(follower),
        }
    }
    let mut sign = None;
    let missed = if ask.lookup {
        let looked = tokio::select! {
            looked = look_up(call, cache, &store, ask, &mut sign) => looked,
            () = client.left() => return Entered::Left,
        };
        match looked {
            Ok(kept) => return Entered::Kept(hand_on(kept, lead)),
            Err(missed) => missed,
        }
    } else {
        Missed::Refresh
    };
    call.core.metrics.cache().missed(&call.route_label(), missed);
    if ask.only_if_cached {
        return Entered::NotCached;
    }
    call.set_cache(if ask.lookup { Status::Miss } else { Status::Refresh });
    let shelf = ask.keep.then(|| Shelf {
        asked: store.ask(),
        store,
        key: ask.key.clone(),
        ttl: ask.ttl,
        sign,
    });
    Entered::Ask(Some(Box::new(Keeper::new(call, &cache.rules, lead, shelf))))
}

/// Those who wait for this call get what it found.
fn hand_on(kept: Kept, lead: Option<Lead>) -> Kept {
    if let Some(mut lead) = lead {
        lead.end(End::Kept(Box::new(kept.found.clone())));
    }
    kept
}

/// By equality first, then by meaning.
async fn look_up(
    call: &Arc<CallContext>,
    cache: &ActiveCache,
    store: &Store,
    ask: &Ask,
    sign: &mut Option<Sign>,
) -> Result<Kept, Missed> {
    let missed = match fetch(
        call,
        store,
        ask,
        &ask.key,
        cache.rules.max_entry_bytes,
        Likeness::Equal,
    )
    .await
    {
        Ok(kept) => return Ok(kept),
        Err(missed) => missed,
    };
    match similar::prepare(call, cache, ask) {
        Some(search) => search.run(call, store, ask, sign).await,
        None => Err(missed),
    }
}

/// What a store has under a key, if it may serve.
pub(super) async fn fetch(
    call: &CallContext,
    store: &Store,
    ask: &Ask,
    key: &Key,
    most: usize,
    likeness: Likeness,
) -> Result<Kept, Missed> {
    let bytes = match store.get(key).await {
        Lookup::Found(bytes) => bytes,
        Lookup::Missing => return Err(Missed::Absent),
        Lookup::Unavailable => return Err(Missed::Unavailable),
    };
    let entry = || Some(Arc::new(Entry::decode(&bytes, key, most).ok()?));
    let Rendition { entry, body } = rendition(call, key, &bytes, entry)
        .filter(|rendition| rendition.entry.body.len() <= most)
        .ok_or(Missed::Unreadable)?;
    let found = Found {
        key: key.clone(),
        stored: bytes,
        entry,
        likeness,
    };
    replay::kept(call, ask, found, body)
}

/// What an equal call has found, for this one.
pub(super) fn found(call: &CallContext, ask: &Ask, found: Found) -> Option<Kept> {
    let entry = || Some(Arc::clone(&found.entry));
    let body = rendition(call, &found.key, &found.stored, entry)?.body;
    replay::kept(call, ask, found, body).ok()
}

/// What stands in a store, in this client's format; `None`: it cannot be read.
fn rendition(
    call: &CallContext,
    key: &Key,
    stored: &Bytes,
    entry: impl FnOnce() -> Option<Arc<Entry>>,
) -> Option<Rendition> {
    let (renditions, shape, cost) = (&call.core.caches.renditions, call.client(), call.settled_cost());
    if let Some(held) = renditions.find(key, shape, stored, cost) {
        return Some(held);
    }
    let made = replay::render(call, entry()?)?;
    renditions.hold(key, shape, stored.clone(), cost, made.clone());
    Some(made)
}
