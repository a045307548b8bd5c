//! One table of what is learned.

mod row;
mod table;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayleave_core::evidence::Part;

use self::row::Row;
use super::{LONGEST_NAME, Learnable};

/// Names kept at most. Models that clients name freely must not grow a table without end.
pub(super) const MOST: usize = 8_192;
/// How many make room at once when there are too many.
const ROOM: usize = MOST / 16;

/// What was learned under each name, by this replica and by all. The names that nobody touched for the longest time go
/// first. Locked for moments only.
pub(crate) struct Shared<P: Part>(Mutex<Rows<P>>);

struct Rows<P: Part> {
    by_name: HashMap<Arc<str>, Row<P>>,
    /// Grows with each touch.
    time: u64,
    /// Grows with each observation.
    observed: u64,
}

impl<P: Part> Default for Shared<P> {
    fn default() -> Self {
        Self(Mutex::new(Rows {
            by_name: HashMap::new(),
            time: 0,
            observed: 0,
        }))
    }
}

impl<P: Learnable> Shared<P> {
    /// Changes what this replica has learned under a name.
    pub(crate) fn observe<R>(&self, name: &str, change: impl FnOnce(&mut P) -> R) -> R {
        if name.len() > LONGEST_NAME {
            return change(&mut P::default());
        }
        let mut rows = self.lock();
        rows.observed += 1;
        rows.row(name).observe(change)
    }

    /// What all replicas have learned under a name.
    pub(crate) fn sum(&self, name: &str) -> P::Sum {
        let mut rows = self.lock();
        rows.time += 1;
        let time = rows.time;
        rows.by_name.get_mut(name).map_or_else(P::Sum::default, |row| {
            row.touched = time;
            row.sum()
        })
    }

    /// A panic elsewhere leaves parts that are still parts.
    fn lock(&self) -> MutexGuard<'_, Rows<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Learnable> Rows<P> {
    fn row(&mut self, name: &str) -> &mut Row<P> {
        if !self.by_name.contains_key(name) && self.by_name.len() >= MOST {
            self.make_room();
        }
        self.time += 1;
        let row = self.by_name.entry(Arc::from(name)).or_default();
        row.touched = self.time;
        row
    }

    /// Names that only other replicas have make none for themselves.
    fn row_of_others(&mut self, name: &str) -> Option<&mut Row<P>> {
        if self.by_name.len() >= MOST {
            return self.by_name.get_mut(name);
        }
        Some(self.by_name.entry(Arc::from(name)).or_default())
    }

    fn make_room(&mut self) {
        let mut touched: Vec<_> = self.by_name.values().map(|row| row.touched).collect();
        touched.sort_unstable();
        let last = touched.get(ROOM).copied().unwrap_or(u64::MAX);
        // Those that were never touched are all of the same time.
        self.by_name.retain(|_, row| row.touched >= last.max(1));
    }
}

impl<P: Part> fmt::Debug for Shared<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use wayleave_core::evidence::Length;

    use super::*;
    use crate::learned::Table;

    #[test]
    fn each_name_has_its_own() {
        let lengths = Shared::<Length>::default();
        let count = lengths.observe("a", |length| {
            length.observe(10);
            length.count()
        });
        lengths.observe("b", |length| length.observe(20));
        assert_eq!(count, 1);
        assert_eq!(lengths.sum("a").expected(), Some(10));
        assert_eq!(lengths.sum("b").expected(), Some(20));
        assert_eq!(lengths.sum("c").expected(), None);
        assert_eq!(lengths.len(), 2, "to ask for a name makes none");
    }

    #[test]
    fn names_that_nobody_touches_make_room() {
        let lengths = Shared::<Length>::default();
        let name = |index: usize| index.to_string();
        for index in 0..MOST {
            lengths.observe(&name(index), |length| length.observe(1));
        }
        // One is read, one is written.
        lengths.sum(&name(0));
        lengths.observe(&name(1), |length| length.observe(1));
        lengths.observe("one more", |length| length.observe(1));
        assert!((MOST - ROOM..=MOST).contains(&lengths.len()), "{}", lengths.len());
        let known = |index: usize| lengths.sum(&name(index)).count();
        assert_eq!((known(0), known(1), known(2), known(MOST - 1)), (1, 2, 0, 1));
        assert_eq!(lengths.sum("one more").count(), 1);
        for index in 0..10 * MOST {
            lengths.observe(&name(index), |length| length.observe(1));
        }
        assert!(lengths.len() <= MOST);
    }

    #[test]
    fn a_name_of_any_length_is_not_kept() {
        let lengths = Shared::<Length>::default();
        lengths.observe(&"x".repeat(LONGEST_NAME + 1), |length| length.observe(1));
        assert_eq!(lengths.len(), 0);
    }
}
