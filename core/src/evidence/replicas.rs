//! What several replicas saw, put together without counting anything twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What one replica has counted. Only that replica changes it, and each change makes its version larger.
pub trait Part {
    /// All parts together.
    type Sum: Default;

    /// Grows with each change.
    fn version(&self) -> (u64, u32);

    /// Parts of an older epoch than the latest say nothing any more.
    fn epoch(&self) -> u32 {
        0
    }

    /// Adds this part.
    fn add_to(&self, sum: &mut Self::Sum);

    /// Forgets what was before an epoch that another replica has begun.
    fn enter(&mut self, epoch: u32) {
        let _ = epoch;
    }

    /// Takes in the part of a replica that is gone, which nobody counts from then on: the sum stays what it was. The
    /// version is larger than each of both was.
    fn merge(&mut self, gone: Self);
}

/// The latest known part of each replica: a grow-only counter (Shapiro et al., "A comprehensive study of convergent and
/// commutative replicated data types", 2011).
///
/// Through a shared store such as Redis: a hash per target and class, in which each replica writes its own part under
/// its own name from time to time and reads the others'; nobody writes another's. The name has to be new with each
/// start of a process (or its part read back first), as a part that begins at 0 again would be taken for an old one.
/// What a replica left behind goes on counting until another one takes it in ([`Part::merge`]), in one step with its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Replicas<T>(BTreeMap<String, T>);

impl<T> Default for Replicas<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Part + Clone> Replicas<T> {
    /// Takes in a part, unless a later one of that replica is known.
    pub fn learn(&mut self, replica: &str, part: &T) {
        match self.0.get_mut(replica) {
            Some(known) if known.version() >= part.version() => {}
            Some(known) => known.clone_from(part),
            None => {
                self.0.insert(replica.to_owned(), part.clone());
            }
        }
    }

    /// Takes in all that another knows. Associative, commutative and idempotent.
    pub fn join(&mut self, other: &Self) {
        for (replica, part) in &other.0 {
            self.learn(replica, part);
        }
    }

    /// Forgets a replica that is gone.
    pub fn drop_replica(&mut self, replica: &str) {
        self.0.remove(replica);
    }

    /// The part of a replica.
    pub fn get(&self, replica: &str) -> Option<&T> {
        self.0.get(replica)
    }

    /// Whether no part is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All parts of the latest epoch.
    pub fn sum(&self) -> T::Sum {
        let latest = self.latest_epoch();
        let mut sum = T::Sum::default();
        for part in self.0.values().filter(|part| part.epoch() == latest) {
            part.add_to(&mut sum);
        }
        sum
    }

    /// Lets one's own part take part in the latest epoch. To be called after others' were learnt.
    pub fn bring_up(&self, own: &mut T) {
        let latest = self.latest_epoch();
        if own.epoch() < latest {
            own.enter(latest);
        }
    }

    /// The latest epoch of any part.
    pub fn latest_epoch(&self) -> u32 {
        self.0.values().map(Part::epoch).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::Scores;

    /// Snapshots that three replicas shared at some times: each a prefix of what the replica saw.
    fn snapshots() -> impl Strategy<Value = Vec<Replicas<Scores>>> {
        let histories = prop::collection::vec(prop::collection::vec(0.0..=1.0_f64, 60), 3);
        let cuts = prop::collection::vec((0_usize..3, 0_usize..60), 1..12);
        (histories, cuts).prop_map(|(histories, cuts)| {
            cuts.into_iter()
                .map(|(replica, cut)| {
                    let mut scores = Scores::default();
                    histories[replica][..cut]
                        .iter()
                        .for_each(|score| scores.observe(*score));
                    let mut known = Replicas::default();
                    known.learn(&replica.to_string(), &scores);
                    known
                })
                .collect()
        })
    }

    fn joined<'r>(parts: impl IntoIterator<Item = &'r Replicas<Scores>>) -> Replicas<Scores> {
        let mut all = Replicas::default();
        parts.into_iter().for_each(|part| all.join(part));
        all
    }

    proptest! {
        #[test]
        fn the_order_and_repetition_of_news_do_not_matter(news in snapshots(), cut in 0_usize..12) {
            let all = joined(&news);
            prop_assert_eq!(&joined(news.iter().rev()), &all);
            prop_assert_eq!(&joined(news.iter().chain(&news)), &all);
            let (left, right) = news.split_at(cut.min(news.len()));
            prop_assert_eq!(&joined([&joined(left), &joined(right)]), &all);
        }
    }

    #[test]
    fn what_a_replica_leaves_behind_is_taken_in() {
        let (mut one, mut two) = (Scores::default(), Scores::default());
        (0..90).for_each(|_| one.observe(0.5));
        (0..35).for_each(|_| two.observe(1.0));
        let mut known = Replicas::default();
        known.learn("one", &one);
        known.learn("two", &two);
        let (before, version) = (known.sum(), one.version().max(two.version()));
        one.merge(two);
        known.learn("one", &one);
        known.drop_replica("two");
        let after = known.sum();
        assert!((after.count() - before.count()).abs() < 1e-9 && one.version() > version);
        assert!((after.lower(0.05) - before.lower(0.05)).abs() < 1e-6);
        // It goes on noticing changes.
        (0..48).for_each(|_| one.observe(0.0));
        assert_eq!(one.epoch(), 1);
    }

    #[test]
    fn of_two_epochs_the_later_one_is_taken() {
        let scores = |first: f64| {
            let mut scores = Scores::default();
            (0..100).for_each(|_| scores.observe(first));
            scores
        };
        let (mut changed, steady) = (scores(1.0), scores(0.9));
        (0..32).for_each(|_| changed.observe(0.0));
        let count = changed.mean().count();
        let (mut one, mut two) = (changed.clone(), steady.clone());
        one.merge(steady.clone());
        two.merge(changed.clone());
        for merged in [&one, &two] {
            assert_eq!(merged.epoch(), 1);
            assert!((merged.mean().count() - count).abs() < 1e-9);
            assert!(merged.version() > steady.version().max(changed.version()));
        }
    }

    #[test]
    fn each_score_counts_once() {
        let (mut one, mut two) = (Scores::default(), Scores::default());
        (0..10).for_each(|_| one.observe(0.5));
        (0..20).for_each(|_| two.observe(1.0));
        let mut known = Replicas::default();
        known.learn("one", &one);
        known.learn("two", &two);
        let old = known.clone();
        one.observe(0.5);
        known.learn("one", &one);
        known.join(&old);
        assert!((known.sum().count() - 31.0).abs() < 1e-9);
        known.drop_replica("two");
        assert!((known.sum().count() - 11.0).abs() < 1e-9);
    }

    #[test]
    fn a_change_that_one_notices_is_one_for_all() {
        let (mut one, mut two) = (Scores::default(), Scores::default());
        for scores in [&mut one, &mut two] {
            (0..100).for_each(|_| scores.observe(1.0));
        }
        (0..32).for_each(|_| one.observe(0.0));
        let mut known = Replicas::default();
        known.learn("one", &one);
        known.learn("two", &two);
        assert_eq!(one.epoch(), 1);
        assert!(known.sum().value().unwrap() < 0.2);
        known.bring_up(&mut two);
        two.observe(0.0);
        known.learn("two", &two);
        assert!((known.sum().count() - one.mean().count() - 1.0).abs() < 1e-9);
    }
}
