//! Which target is the best for a task: the cheapest or fastest among those that are good enough.

use std::cmp::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mean::{Interval, Mean};
use crate::money::Ticks;
use crate::price::Ratio;

/// The chance that a target is wrongly called good enough, or not good enough.
pub const ERROR: f64 = 0.05;
/// With so many scores, faded, a target that is still neither is explored no more than one that is not good enough: its
/// mean is too near the minimum to tell. Fading lets them grow to 325; it takes some 600 to get here.
pub const ENOUGH: f64 = 290.0;
/// One in so many explorations goes to targets that are not good enough, so that one that heals is found again.
const SECOND_LOOK: u32 = 10;

/// A target that could serve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate {
    /// What the call is expected to cost with it; `None`: unknown, which is never cheap.
    pub cost: Option<Ticks>,
    /// How long it is expected to take; `None`: unknown, which is never fast.
    pub latency: Option<Duration>,
    /// How good its answers are in this class; `None`: nobody knows.
    pub scores: Option<Mean>,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// The mean score that a target must have.
    pub min_score: f64,
    /// What decides among those that have it.
    pub optimise: Optimise,
    /// The share of calls that goes to targets which are not known to have it.
    pub explore: Ratio,
}

/// What decides among targets that are good enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimise {
    /// The least dollars.
    #[default]
    Cost,
    /// The least time.
    Latency,
}

/// A candidate in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which candidate.
    pub candidate: usize,
    /// Why it stands there.
    pub reason: Reason,
}

/// Why a candidate stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is this call's turn to learn about it. Its answer is to be judged in any case.
    Exploring,
    /// It is good enough, by its scores; those before it cost or take less.
    Proven,
    /// It has scores, but they do not prove anything yet; in declared order.
    Unproven,
    /// It has none; in declared order.
    Declared,
    /// It is not good enough, by its scores.
    BelowMinimum,
}

/// Puts the candidates in the order in which they are to be tried: those that are good enough, the cheapest (or fastest)
/// first; then the unknown as they were declared; then those that are not good enough, the best first.
///
/// In a share of calls ([`Wish::explore`]) one that is not known to be good enough comes first. That is the cheapest of
/// those which would serve if they were: cheaper than the first that is known. One after the other, as the scores are
/// few and the first that proves itself ends the search. A tenth of it goes to those that are known not to be; if there
/// are no others, that tenth is all.
pub fn order(candidates: &[Candidate], wish: Wish, rng: &mut fastrand::Rng) -> Vec<Place> {
    let mut places: Vec<_> = candidates
        .iter()
        .enumerate()
        .map(|(index, candidate)| Ranked {
            place: Place {
                candidate: index,
                reason: candidate.reason(wish.min_score),
            },
            price: candidate.price(wish.optimise),
            scores: candidate.scores.unwrap_or_default(),
        })
        .collect();
    places.sort_by(Ranked::compare);
    if let Some(explored) = explored(&places, wish, rng)
        && let Some(until) = places.get_mut(..=explored)
    {
        until.rotate_right(1);
        if let Some(first) = until.first_mut() {
            first.place.reason = Reason::Exploring;
        }
    }
    places.into_iter().map(|ranked| ranked.place).collect()
}

struct Ranked {
    place: Place,
    price: Price,
    scores: Mean,
}

/// What is to be small: ticks or nanoseconds. Unknown is larger than all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Price {
    Known(u128),
    Unknown,
}

impl Ranked {
    fn compare(&self, other: &Self) -> Ordering {
        let group = self.group();
        let within = match group {
            0 => self.price.cmp(&other.price),
            1 => Ordering::Equal,
            _ => other.mean().total_cmp(&self.mean()),
        };
        let groups = group.cmp(&other.group());
        groups
            .then(within)
            .then(self.place.candidate.cmp(&other.place.candidate))
    }

    const fn group(&self) -> u8 {
        match self.place.reason {
            Reason::Proven => 0,
            Reason::Exploring | Reason::Unproven | Reason::Declared => 1,
            Reason::BelowMinimum => 2,
        }
    }

    fn mean(&self) -> f64 {
        self.scores.value().unwrap_or_default()
    }

    fn is_settled(&self) -> bool {
        self.place.reason == Reason::BelowMinimum || self.scores.count() >= ENOUGH
    }
}

/// Which of the places is to be explored by this call.
fn explored(places: &[Ranked], wish: Wish, rng: &mut fastrand::Rng) -> Option<usize> {
    if rng.u32(0..1_000_000) >= wish.explore.millionths() {
        return None;
    }
    let best = places
        .first()
        .filter(|first| first.place.reason == Reason::Proven);
    let would_serve = |ranked: &Ranked| match best {
        Some(best) => {
            ranked.price < best.price
                || (wish.optimise == Optimise::Latency && ranked.price == Price::Unknown)
        }
        None => true,
    };
    let worth = |(_, ranked): &(usize, &Ranked)| ranked.place.reason != Reason::Proven && would_serve(ranked);
    let (settled, open): (Vec<_>, Vec<_>) = places
        .iter()
        .enumerate()
        .filter(worth)
        .partition(|(_, ranked)| ranked.is_settled());
    if rng.u32(0..SECOND_LOOK) == 0 && !settled.is_empty() {
        return settled.get(rng.usize(0..settled.len())).map(|(index, _)| *index);
    }
    let cheapest = open
        .into_iter()
        .min_by_key(|(_, ranked)| (ranked.price, ranked.place.candidate));
    cheapest.map(|(index, _)| index)
}

impl Candidate {
    fn reason(&self, min_score: f64) -> Reason {
        match self.scores {
            None => Reason::Declared,
            Some(scores) => match scores.value() {
                None => Reason::Declared,
                Some(mean) if mean > min_score && scores.is_above(min_score, ERROR) => Reason::Proven,
                Some(mean) if mean < min_score && scores.is_below(min_score, ERROR) => Reason::BelowMinimum,
                Some(_) => Reason::Unproven,
            },
        }
    }

    fn price(&self, optimise: Optimise) -> Price {
        let price = match optimise {
            Optimise::Cost => self.cost.and_then(|cost| u128::try_from(cost.get()).ok()),
            Optimise::Latency => self.latency.map(|latency| latency.as_nanos()),
        };
        price.map_or(Price::Unknown, Price::Known)
    }

    /// The figures behind a reason: what `explain` shows. Each bound by itself is what [`order`] goes by: the minimum is
    /// reached if `lower` is above it. Too slow for every call.
    pub fn evidence(&self) -> Interval {
        self.scores.unwrap_or_default().interval(2.0 * ERROR)
    }
}

#[cfg(test)]
mod tests;
