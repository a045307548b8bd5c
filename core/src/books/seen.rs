//! Which records were seen already, in bounded memory.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::mem;

/// Ids of a generation. Two are kept, at most some 80 MB.
const GENERATION: usize = 2_000_000;

/// The ids of the last two to four million records, as 64-bit hashes.
///
/// Copies of a record lie near each other: a file that was copied while it was rotated, a writer that tried again. Two
/// records out of ten million are taken for one with a probability of 1 in 400,000.
#[derive(Debug)]
pub(super) struct Seen {
    young: HashSet<u64>,
    old: HashSet<u64>,
    most: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self::of(GENERATION)
    }
}

impl Seen {
    fn of(most: usize) -> Self {
        Self {
            young: HashSet::new(),
            old: HashSet::new(),
            most,
        }
    }

    /// Remembers an id. Whether it is new.
    pub(super) fn insert(&mut self, id: &(&str, String)) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        if self.old.contains(&hash) || !self.young.insert(hash) {
            return false;
        }
        if self.young.len() >= self.most {
            self.old = mem::take(&mut self.young);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_remembered_for_one_generation_at_least() {
        let mut seen = Seen::of(3);
        let id = |number: u32| ("call", number.to_string());
        for number in 0..100 {
            assert!(seen.insert(&id(number)));
            for earlier in number.saturating_sub(2)..=number {
                assert!(!seen.insert(&id(earlier)), "{earlier} after {number}");
            }
        }
        assert!(seen.young.len() + seen.old.len() <= 6);
        assert!(seen.insert(&("attempt", "99".to_owned())), "another kind");
    }
}
