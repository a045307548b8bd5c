//! The vectors of answers that are kept, in memory. Each group is searched one by one: groups are small, as all but the last
//! words of a conversation is the same in them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use moka::sync::Cache;
use wayleave_core::cache::key::Key;
use wayleave_core::digest::Digest;

use super::{Purge, Vector};

/// Vectors of one group; the oldest go first. At 1,536 numbers each a search takes about a millisecond.
pub(super) const MOST_IN_GROUP: usize = 1_000;
/// Candidates that are looked at: the first that still is there serves.
pub(super) const CANDIDATES: usize = 4;
/// Bytes of all groups together. What is asked for often stays.
const MOST_BYTES: u64 = 64 << 20;
/// What an item takes beside its vector and words, about.
const OVERHEAD: usize = 128;

/// All groups.
pub(crate) struct Index(Cache<Key, Group>);

type Group = Arc<Mutex<VecDeque<Item>>>;

/// An answer that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The request's part of the key that it is kept under.
    pub(crate) request: Digest,
    pub(crate) words: Arc<str>,
    pub(crate) vector: Vector,
}

/// One that is similar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) request: Digest,
    pub(crate) words: Arc<str>,
    pub(crate) similarity: f64,
}

impl Found {
    /// Whether it is similar enough.
    pub(super) fn reaches(&self, least: f64) -> bool {
        // A cosine is right to about six digits.
        self.similarity + 1e-6 >= least
    }
}

impl Default for Index {
    fn default() -> Self {
        let groups = Cache::builder().max_capacity(MOST_BYTES).weigher(weigh);
        Self(groups.build())
    }
}

impl Index {
    /// The most similar of a group, best first, none below `least`.
    pub(super) fn search(&self, group: &Key, vector: &Vector, least: f64) -> Vec<Found> {
        let Some(group) = self.0.get(group) else {
            return Vec::new();
        };
        let items = group.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Found> = items
            .iter()
            .map(|item| Found {
                request: item.request,
                words: Arc::clone(&item.words),
                similarity: item.vector.similarity(vector),
            })
            .filter(|found| found.reaches(least))
            .collect();
        found.sort_by(|one, other| other.similarity.total_cmp(&one.similarity));
        found.truncate(CANDIDATES);
        found
    }

    /// Adds an item, in place of an older one for the same request.
    pub(super) fn insert(&self, group: &Key, item: Item) {
        let items = self.0.get_with(group.clone(), Group::default);
        {
            let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
            items.retain(|other| other.request != item.request);
            items.push_back(item);
            if items.len() > MOST_IN_GROUP {
                items.pop_front();
            }
        }
        // Weighed anew.
        self.0.insert(group.clone(), items);
    }

    /// Takes an item out whose answer is gone.
    pub(super) fn remove(&self, group: &Key, request: Digest) {
        if let Some(items) = self.0.get(group) {
            let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
            items.retain(|item| item.request != request);
        }
    }

    /// Takes out what a purge takes.
    pub(super) fn purge(&self, which: &Purge) {
        let scope = |group: &Key| match which {
            Purge::Route(route) => group.scope.route == *route,
            Purge::Scope(scope) | Purge::Key(Key { scope, .. }) => group.scope == *scope,
        };
        for (group, _) in self.0.iter().filter(|(group, _)| scope(group)) {
            match which {
                Purge::Route(_) | Purge::Scope(_) => self.0.invalidate(&*group),
                Purge::Key(key) => self.remove(&group, key.request),
            }
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").finish_non_exhaustive()
    }
}

fn weigh(group: &Key, items: &Group) -> u32 {
    let items = items.lock().unwrap_or_else(PoisonError::into_inner);
    let each = items
        .iter()
        .map(|item| OVERHEAD + item.words.len() + item.vector.bytes());
    let all = OVERHEAD + group.scope.route.len() + each.sum::<usize>();
    u32::try_from(all).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use wayleave_core::cache::key::Scope;

    use super::*;

    fn group(client: &str) -> Key {
        Key {
            scope: Scope {
                route: "team/chat".into(),
                client: digest(client),
            },
            request: digest("around"),
        }
    }

    fn digest(text: &str) -> Digest {
        Digest::of([text.as_bytes()])
    }

    fn vector(numbers: &[f32]) -> Vector {
        Vector::new(numbers.to_vec()).expect("a direction")
    }

    fn item(request: &str, numbers: &[f32]) -> Item {
        Item {
            request: digest(request),
            words: request.into(),
            vector: vector(numbers),
        }
    }

    #[test]
    fn the_best_come_first_and_only_those_near_enough() {
        let index = Index::default();
        for (request, numbers) in [("far", [0.0, 1.0]), ("near", [1.0, 0.3]), ("same", [2.0, 0.0])] {
            index.insert(&group("a"), item(request, &numbers));
        }
        let found = index.search(&group("a"), &vector(&[1.0, 0.0]), 0.9);
        let names: Vec<&str> = found.iter().map(|found| &*found.words).collect();
        assert_eq!(names, ["same", "near"]);
        assert_eq!(
            index.search(&group("a"), &vector(&[1.0, 0.0]), 1.0).len(),
            1,
            "equal is near enough for 1"
        );
        index.remove(&group("a"), digest("same"));
        assert_eq!(index.search(&group("a"), &vector(&[1.0, 0.0]), 1.0), []);
    }

    #[test]
    fn nothing_is_found_in_another_group() {
        let index = Index::default();
        index.insert(&group("a"), item("r", &[1.0, 0.0]));
        assert_eq!(index.search(&group("b"), &vector(&[1.0, 0.0]), 0.0), []);
    }

    #[test]
    fn a_purge_takes_the_words_as_well() {
        let (index, along) = (Index::default(), vector(&[1.0, 0.0]));
        let left = || {
            let of = |client: &str| index.search(&group(client), &along, 0.0).len();
            (of("a"), of("b"))
        };
        for (client, request) in [("a", "r"), ("a", "s"), ("b", "r")] {
            index.insert(&group(client), item(request, &[1.0, 0.0]));
        }
        let scope = group("a").scope;
        let request = digest("r");
        index.purge(&Purge::Key(Key {
            scope: scope.clone(),
            request,
        }));
        assert_eq!(left(), (1, 1));
        index.purge(&Purge::Scope(scope));
        assert_eq!(left(), (0, 1));
        index.purge(&Purge::Route("team/other".into()));
        assert_eq!(left(), (0, 1));
        index.purge(&Purge::Route("team/chat".into()));
        assert_eq!(left(), (0, 0));
    }

    #[test]
    fn a_group_is_bounded_and_has_each_request_once() {
        let index = Index::default();
        for number in 0..MOST_IN_GROUP + 5 {
            index.insert(&group("a"), item(&number.to_string(), &[1.0, 0.0]));
            index.insert(&group("a"), item(&number.to_string(), &[0.0, 1.0]));
        }
        let items = index.0.get(&group("a")).expect("a group");
        let items = items.lock().expect("no panic");
        assert_eq!(items.len(), MOST_IN_GROUP);
        assert_eq!(&*items.front().expect("one").words, "5");
    }
}
