//! One table of what is learned.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayleave_core::evidence::{Part, Replicas};

use super::{Learnable, Table};

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
}

struct Row<P: Part> {
    own: P,
    others: Others<P>,
    /// When it was last touched.
    touched: u64,
}

/// What other replicas have learned.
struct Others<P: Part> {
    parts: Replicas<P>,
    /// All of them together: plans ask often, and others tell seldom.
    sum: P::Sum,
}

impl<P: Part> Default for Shared<P> {
    fn default() -> Self {
        Self(Mutex::new(Rows {
            by_name: HashMap::new(),
            time: 0,
        }))
    }
}

impl<P: Learnable> Default for Row<P> {
    fn default() -> Self {
        Self {
            own: P::default(),
            others: Others {
                parts: Replicas::default(),
                sum: P::Sum::default(),
            },
            touched: 0,
        }
    }
}

impl<P: Learnable> Shared<P> {
    /// Changes what this replica has learned under a name.
    pub(crate) fn observe<R>(&self, name: &str, change: impl FnOnce(&mut P) -> R) -> R {
        let mut rows = self.lock();
        let row = rows.row(name);
        change(&mut row.own)
    }

    /// What all replicas have learned under a name.
    pub(crate) fn sum(&self, name: &str) -> P::Sum {
        let mut rows = self.lock();
        rows.touch(name).map(|row| row.sum()).unwrap_or_default()
    }

    /// A panic elsewhere leaves parts that are still parts.
    fn lock(&self) -> MutexGuard<'_, Rows<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Learnable> Rows<P> {
    fn touch(&mut self, name: &str) -> Option<&mut Row<P>> {
        let row = self.by_name.get_mut(name)?;
        self.time += 1;
        row.touched = self.time;
        Some(row)
    }

    fn row(&mut self, name: &str) -> &mut Row<P> {
        if !self.by_name.contains_key(name) && self.by_name.len() >= MOST {
            self.make_room();
        }
        self.time += 1;
        let row = self.by_name.entry(Arc::from(name)).or_default();
        row.touched = self.time;
        row
    }

    fn make_room(&mut self) {
        let mut touched: Vec<_> = self.by_name.values().map(|row| row.touched).collect();
        touched.sort_unstable();
        let last = touched.get(ROOM).copied().unwrap_or(u64::MAX);
        self.by_name.retain(|_, row| row.touched >= last);
    }
}

impl<P: Learnable> Row<P> {
    fn sum(&self) -> P::Sum {
        let (own, others) = (self.own.epoch(), self.others.parts.latest_epoch());
        if own < others {
            return self.others.sum.clone();
        }
        let mut sum = if own > others {
            P::Sum::default()
        } else {
            self.others.sum.clone()
        };
        self.own.add_to(&mut sum);
        sum
    }
}

impl<P: Part> fmt::Debug for Shared<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<P: Learnable> Table for Shared<P> {
    fn len(&self) -> usize {
        self.lock().by_name.len()
    }
}

#[cfg(test)]
mod tests {
    use wayleave_core::evidence::Length;

    use super::*;

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
}
