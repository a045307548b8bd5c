//! Answers as their clients read them, for those that are asked for often: a hit need not read its entry again.
//!
//! Nothing is decided here. A rendition serves only while the store still has the very bytes that it was made from, so
//! what is purged, expired or replaced is served no longer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use wayleave_core::cache::Entry;
use wayleave_core::cache::key::Key;
use wayleave_core::money::Ticks;
use wayleave_core::relay::ClientShape;

use super::replay::Likeness;

/// The bytes that all of them may take.
const ROOM: u64 = 16 << 20;

/// The most bytes of one: larger ones would push out many, and are seldom asked for often.
const LARGEST: usize = 256 << 10;

/// How long one stays that nobody asks for.
const IDLE: Duration = Duration::from_secs(30);

/// What a store has.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Under which it stands there.
    pub(crate) key: Key,
    /// The very bytes.
    pub(crate) stored: Bytes,
    /// What they are.
    pub(crate) entry: Arc<Entry>,
    /// How much its request is like the one that looked for it.
    pub(crate) likeness: Likeness,
}

/// An entry in a client's format.
#[derive(Clone, Debug)]
pub(crate) struct Rendition {
    /// What it is made from.
    pub(crate) entry: Arc<Entry>,
    /// The body that the client gets.
    pub(crate) body: Bytes,
}

/// Recent renditions, by key and client.
pub(crate) struct Renditions(Cache<(Key, ClientShape), Held>);

#[derive(Clone)]
struct Held {
    /// What the store had.
    stored: Bytes,
    /// What the call had cost when the body was made: it stands in the body.
    cost: Option<Ticks>,
    rendition: Rendition,
}

impl Held {
    fn size(&self) -> usize {
        self.stored.len() + self.rendition.entry.body.len() + self.rendition.body.len()
    }
}

impl Default for Renditions {
    fn default() -> Self {
        let weigh = |_: &(Key, ClientShape), held: &Held| u32::try_from(held.size()).unwrap_or(u32::MAX);
        Self(
            Cache::builder()
                .max_capacity(ROOM)
                .weigher(weigh)
                .time_to_idle(IDLE)
                .build(),
        )
    }
}

impl Renditions {
    /// The one that was made from these bytes for such a client, of a call that has cost this much.
    pub(crate) fn find(
        &self,
        key: &Key,
        shape: ClientShape,
        stored: &Bytes,
        cost: Option<Ticks>,
    ) -> Option<Rendition> {
        let held = self.0.get(&(key.clone(), shape))?;
        (held.stored == *stored && held.cost == cost).then_some(held.rendition)
    }

    /// Holds one for the next call.
    pub(crate) fn hold(
        &self,
        key: &Key,
        shape: ClientShape,
        stored: Bytes,
        cost: Option<Ticks>,
        rendition: Rendition,
    ) {
        let held = Held {
            stored,
            cost,
            rendition,
        };
        if held.size() <= LARGEST {
            self.0.insert((key.clone(), shape), held);
        }
    }

    /// Lets go of all: something is to be forgotten.
    pub(crate) fn clear(&self) {
        self.0.invalidate_all();
    }
}

impl fmt::Debug for Renditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renditions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use wayleave_core::cache::Provenance;
    use wayleave_core::cache::key::Scope;
    use wayleave_core::digest::Digest;
    use wayleave_core::format::{Framing, WireFormat};
    use wayleave_core::usage::Usage;

    use super::*;

    const SHAPE: ClientShape = ClientShape {
        format: WireFormat::OpenAIChat,
        framing: Framing::Whole,
        include_usage: false,
    };

    fn key(client: &str) -> Key {
        Key {
            scope: Scope {
                route: "team-a/chat".into(),
                client: Digest::of([client.as_bytes()]),
            },
            request: Digest::of([b"hello".as_slice()]),
        }
    }

    fn rendition(body: &[u8]) -> Rendition {
        let from = Provenance {
            kept: Timestamp::UNIX_EPOCH,
            call: String::new(),
            provider: String::new(),
            model: String::new(),
            served: None,
            vendor: String::new(),
            format: WireFormat::OpenAIChat,
            framing: Framing::Whole,
            usage: Usage::default(),
            cost: None,
        };
        let body = Bytes::copy_from_slice(body);
        Rendition {
            entry: Arc::new(Entry {
                from,
                body: body.clone(),
            }),
            body,
        }
    }

    #[test]
    fn serves_only_the_same_bytes_client_shape_and_cost() {
        let renditions = Renditions::default();
        let stored = Bytes::from_static(b"stored");
        let free = Some(Ticks::ZERO);
        renditions.hold(&key("ada"), SHAPE, stored.clone(), free, rendition(b"body"));
        let found = renditions.find(&key("ada"), SHAPE, &stored, free);
        assert_eq!(found.map(|found| found.body), Some(Bytes::from_static(b"body")));
        let stream = ClientShape {
            framing: Framing::Sse,
            ..SHAPE
        };
        let newer = Bytes::from_static(b"newer");
        for (what, found) in [
            ("client", renditions.find(&key("bob"), SHAPE, &stored, free)),
            ("shape", renditions.find(&key("ada"), stream, &stored, free)),
            ("bytes", renditions.find(&key("ada"), SHAPE, &newer, free)),
            ("cost", renditions.find(&key("ada"), SHAPE, &stored, None)),
        ] {
            assert!(found.is_none(), "another {what}");
        }
        renditions.clear();
        assert!(renditions.find(&key("ada"), SHAPE, &stored, free).is_none());
    }

    #[test]
    fn a_large_one_is_not_held() {
        let renditions = Renditions::default();
        let stored = Bytes::from_static(b"stored");
        let large = rendition(&vec![b'x'; LARGEST]);
        renditions.hold(&key("ada"), SHAPE, stored.clone(), None, large);
        assert!(renditions.find(&key("ada"), SHAPE, &stored, None).is_none());
    }
}
