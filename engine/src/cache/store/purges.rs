//! The purges of this process, so that nothing is kept that was asked for before one of them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use wayleave_core::cache::key::Key;

use super::Purge;

/// Purges that are told apart. Before the oldest of them nothing is known, and nothing is kept that was asked for then.
const MOST: usize = 1_000;

/// What was purged, in its order.
#[derive(Debug, Default)]
pub(super) struct Purges(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// Purges that there were.
    count: u64,
    /// The last of them.
    last: VecDeque<Purge>,
}

/// The moment at which an answer is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Purges that there were before. No clock is as exact.
    purges: u64,
    /// For what others have purged.
    pub(super) at: Instant,
}

impl Purges {
    /// From now on nothing is kept that this takes and was asked for before.
    pub(super) fn note(&self, which: &Purge) {
        let mut noted = self.lock();
        noted.count += 1;
        noted.last.push_back(which.clone());
        if noted.last.len() > MOST {
            noted.last.pop_front();
        }
    }

    pub(super) fn now(&self) -> Asked {
        Asked {
            purges: self.lock().count,
            at: Instant::now(),
        }
    }

    /// Whether a purge has taken a key since.
    pub(super) fn take(&self, key: &Key, asked: Asked) -> bool {
        let noted = self.lock();
        let since = usize::try_from(noted.count.saturating_sub(asked.purges)).unwrap_or(usize::MAX);
        since > noted.last.len() || noted.last.iter().rev().take(since).any(|purge| purge.takes(key))
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use wayleave_core::cache::key::Scope;
    use wayleave_core::digest::Digest;

    use super::*;

    fn key(client: &str, request: &str) -> Key {
        Key {
            scope: Scope {
                route: "team/chat".into(),
                client: Digest::of([client.as_bytes()]),
            },
            request: Digest::of([request.as_bytes()]),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_for_before_is_taken_and_nothing_else() {
        let purges = Purges::default();
        let (mine, sibling, other) = (key("a", "r"), key("a", "s"), key("b", "r"));
        let taken = |asked| [&mine, &sibling, &other].map(|key| purges.take(key, asked));
        for (purge, takes) in [
            (Purge::Key(mine.clone()), [true, false, false]),
            (Purge::Scope(mine.scope.clone()), [true, true, false]),
            (Purge::Route("team/chat".into()), [true, true, true]),
            (Purge::Route("team/other".into()), [false, false, false]),
        ] {
            let before = purges.now();
            purges.note(&purge);
            assert_eq!(taken(before), takes, "{purge:?}");
            // Though the clock stands still.
            assert_eq!(taken(purges.now()), [false; 3], "{purge:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_bounded_and_what_is_not_known_any_more_takes_all() {
        let purges = Purges::default();
        let (before, stays) = (purges.now(), key("a", "r"));
        for _ in 0..MOST {
            purges.note(&Purge::Key(key("b", "r")));
        }
        assert!(!purges.take(&stays, before));
        purges.note(&Purge::Key(key("b", "r")));
        assert!(purges.take(&stays, before));
        assert!(!purges.take(&stays, purges.now()));
        assert_eq!(purges.lock().last.len(), MOST);
    }
}
