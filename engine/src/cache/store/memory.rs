//! A store in this process, bounded by bytes: what is asked for often stays (`TinyLFU`).

use std::fmt;
use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::Expiry;
use moka::notification::RemovalCause;
use moka::sync::Cache;
use wayleave_core::cache::key::Key;

use super::{Lookup, Purge, PurgeError};
use crate::metrics::MemoryGauges;

/// What it takes to keep an entry, beside key and bytes: 314 bytes for the library as measured with 10,000 of them, and
/// what the first reader of the bytes adds.
const OVERHEAD: usize = 352;

/// A store in memory. Cheap to clone: all clones are one.
#[derive(Clone)]
pub(super) struct Memory {
    cache: Cache<Key, Kept>,
    tally: Arc<Tally>,
}

#[derive(Clone)]
struct Kept {
    entry: Bytes,
    ttl: Duration,
}

impl Memory {
    pub(super) fn new(max_bytes: u64, gauges: MemoryGauges) -> Self {
        let tally = Arc::new(Tally::new(gauges));
        let told = Arc::clone(&tally);
        let cache = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(weigh)
            .expire_after(EachItsOwn)
            .eviction_listener(move |key, kept, cause| told.removed(weigh(&key, &kept), cause))
            .build();
        Self { cache, tally }
    }

    pub(super) fn get(&self, key: &Key) -> Lookup {
        match self.cache.get(key) {
            Some(kept) => Lookup::Found(kept.entry),
            None => Lookup::Missing,
        }
    }

    pub(super) fn put(&self, key: &Key, entry: &Bytes, ttl: Duration) {
        let kept = Kept {
            // A copy: the bytes may be a small part of something large that they would hold.
            entry: Bytes::copy_from_slice(entry),
            ttl,
        };
        self.tally.added(weigh(key, &kept));
        self.cache.insert(key.clone(), kept);
        // Left to itself, the library makes room later, and holds far more than it may when entries are large.
        self.cache.run_pending_tasks();
    }

    /// Whether there was one.
    pub(super) fn remove(&self, key: &Key) -> bool {
        self.cache.remove(key).is_some()
    }

    pub(super) async fn purge(&self, which: &Purge) -> Result<u64, PurgeError> {
        if let Purge::Key(key) = which {
            return Ok(u64::from(self.remove(key)));
        }
        let (cache, which) = (self.cache.clone(), which.clone());
        // It looks at every entry: no thread that serves calls should.
        let walk = tokio::task::spawn_blocking(move || {
            let taken = cache.iter().filter(|(key, _)| which.takes(key));
            let removed = taken.filter(|(key, _)| cache.remove(&**key).is_some()).count();
            cache.run_pending_tasks();
            removed as u64
        });
        walk.await.map_err(|_| PurgeError::Stopped)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// The bytes of an entry.
fn weigh(key: &Key, kept: &Kept) -> u32 {
    let bytes = OVERHEAD + size_of::<Key>() + size_of::<Kept>() + key.scope.route.len() + kept.entry.len();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Each entry lives as long as it was put for.
struct EachItsOwn;

impl Expiry<Key, Kept> for EachItsOwn {
    fn expire_after_create(&self, _: &Key, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.ttl)
    }

    fn expire_after_update(&self, _: &Key, kept: &Kept, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(kept.ttl)
    }
}

/// What one store has in the gauges, so that it can be taken out when the store ends.
struct Tally {
    gauges: MemoryGauges,
    bytes: AtomicI64,
    entries: AtomicI64,
}

impl Tally {
    fn new(gauges: MemoryGauges) -> Self {
        Self {
            gauges,
            bytes: AtomicI64::new(0),
            entries: AtomicI64::new(0),
        }
    }

    fn added(&self, weight: u32) {
        self.change(i64::from(weight), 1);
    }

    /// Also told of entries that others replaced, and of those that found no room.
    fn removed(&self, weight: u32, cause: RemovalCause) {
        self.change(-i64::from(weight), -1);
        if cause == RemovalCause::Size {
            self.gauges.evictions.inc();
        }
    }

    fn change(&self, bytes: i64, entries: i64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.entries.fetch_add(entries, Ordering::Relaxed);
        self.gauges.bytes.inc_by(bytes);
        self.gauges.entries.inc_by(entries);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.gauges.bytes.dec_by(*self.bytes.get_mut());
        self.gauges.entries.dec_by(*self.entries.get_mut());
    }
}

#[cfg(test)]
mod tests;
