//! What the judge may cost in a day.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::evidence::Part;
use crate::money::Ticks;

/// The money of one UTC day: what is spent, and what may still be by calls under way. Reserved before, settled after,
/// so that calls at the same time do not together spend what each alone may.
///
/// Of one replica. What the others have spent is told, and is taken off the cap: see [`Spent`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Grows with each change.
    seen: u64,
    /// `None`: nothing yet.
    day: Option<Date>,
    spent: Ticks,
    reserved: Ticks,
}

/// Money set aside for one call. To be given back by [`Budget::settle`] whatever happens.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what is never settled counts as spent for the whole day"]
pub struct Reservation {
    day: Date,
    amount: Ticks,
}

/// Why a call is not to be made. For people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It would go over the cap of the day.
    #[error("the judge's budget of the day is used up until {until}")]
    UsedUp {
        /// When the next day begins.
        until: Timestamp,
    },
    /// Nobody knows what it may cost.
    #[error("the price of the judge's model is unknown, so no budget can hold it")]
    Unpriced,
}

impl Budget {
    /// Sets `most` aside: the most that the call can cost, as its prompt and its output are bounded. What is spent and
    /// reserved never goes over the cap, so what is spent does not, unless a call costs more than its most.
    pub fn reserve(
        &mut self,
        most: Option<Ticks>,
        cap: Ticks,
        now: Timestamp,
    ) -> Result<Reservation, Refused> {
        let most = most
            .filter(|most| *most >= Ticks::ZERO)
            .ok_or(Refused::Unpriced)?;
        let today = self.turn(now);
        if self.spent + self.reserved + most > cap {
            return Err(Refused::UsedUp { until: end_of(today) });
        }
        self.reserved += most;
        self.seen = self.seen.saturating_add(1);
        Ok(Reservation {
            day: today,
            amount: most,
        })
    }

    /// The call is over. `None`: nobody knows what it cost, so all that was set aside is taken for spent.
    #[expect(clippy::needless_pass_by_value, reason = "a reservation is settled once")]
    pub fn settle(&mut self, reservation: Reservation, cost: Option<Ticks>) {
        let Reservation { day, amount } = reservation;
        self.seen = self.seen.saturating_add(1);
        // A call of yesterday was held against yesterday's cap.
        if self.day == Some(day) {
            self.reserved = less(self.reserved, amount);
            self.spent += cost.map_or(amount, |cost| cost.max(Ticks::ZERO));
        }
    }

    /// What is spent today.
    pub fn spent(&mut self, now: Timestamp) -> Ticks {
        self.turn(now);
        self.spent
    }

    /// What is spent and reserved. What was reserved before a restart is settled by nobody, and so counts as spent.
    pub fn claimed(&mut self, now: Timestamp) -> Ticks {
        self.turn(now);
        self.spent + self.reserved
    }

    /// A new day begins at zero. A clock that goes back does not.
    fn turn(&mut self, now: Timestamp) -> Date {
        let today = now.to_zoned(TimeZone::UTC).date();
        match self.day {
            Some(day) if day >= today => day,
            Some(_) | None => {
                *self = Self {
                    day: Some(today),
                    seen: self.seen.saturating_add(1),
                    ..Self::default()
                };
                today
            }
        }
    }
}

/// What all replicas have spent and reserved on the latest day of any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    day: Option<Date>,
    amount: Ticks,
}

impl Spent {
    /// On the day that it is now.
    pub fn on(self, now: Timestamp) -> Ticks {
        let today = now.to_zoned(TimeZone::UTC).date();
        if self.day.is_some_and(|day| day >= today) {
            self.amount
        } else {
            Ticks::ZERO
        }
    }
}

impl Part for Budget {
    type Sum = Spent;

    fn version(&self) -> (u64, u32) {
        (self.seen, 0)
    }

    fn add_to(&self, sum: &mut Spent) {
        if self.day > sum.day {
            *sum = Spent {
                day: self.day,
                amount: Ticks::ZERO,
            };
        }
        if self.day == sum.day {
            sum.amount += self.spent + self.reserved;
        }
    }

    fn merge(&mut self, gone: Self) {
        let seen = self.seen.saturating_add(gone.seen).saturating_add(1);
        if gone.day > self.day {
            *self = Self {
                day: gone.day,
                ..Self::default()
            };
        }
        if gone.day == self.day {
            self.spent += gone.spent + gone.reserved;
        }
        self.seen = seen;
    }
}

fn less(from: Ticks, what: Ticks) -> Ticks {
    Ticks::new(from.get().saturating_sub(what.get()).max(0))
}

fn end_of(day: Date) -> Timestamp {
    let next = day
        .checked_add(1.day())
        .and_then(|next| next.to_zoned(TimeZone::UTC));
    next.map_or(Timestamp::MAX, |next| next.timestamp())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    const CAP: Ticks = Ticks::new(1_000);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn noon() -> Timestamp {
        at("2026-11-25T12:00:00Z")
    }

    const fn ticks(ticks: i64) -> Ticks {
        Ticks::new(ticks)
    }

    #[test]
    fn what_is_under_way_counts() {
        let mut budget = Budget::default();
        let first = budget.reserve(Some(ticks(600)), CAP, noon()).unwrap();
        let until = at("2026-11-26T00:00:00Z");
        assert_eq!(
            budget.reserve(Some(ticks(500)), CAP, noon()),
            Err(Refused::UsedUp { until })
        );
        budget.settle(first, Some(ticks(100)));
        assert_eq!(budget.spent(noon()), Ticks::new(100));
        let second = budget.reserve(Some(ticks(900)), CAP, noon()).unwrap();
        budget.settle(second, None);
        assert_eq!(budget.spent(noon()), CAP);
    }

    #[test]
    fn an_unknown_price_is_refused() {
        let mut budget = Budget::default();
        assert_eq!(budget.reserve(None, CAP, noon()), Err(Refused::Unpriced));
        assert_eq!(
            budget.reserve(Some(ticks(-1)), CAP, noon()),
            Err(Refused::Unpriced)
        );
    }

    #[test]
    fn a_new_day_begins_at_zero_and_yesterdays_calls_are_not_its() {
        let mut budget = Budget::default();
        let late = budget
            .reserve(Some(ticks(1_000)), CAP, at("2026-11-25T23:59:59Z"))
            .unwrap();
        let early = at("2026-11-26T00:00:00Z");
        let next = budget.reserve(Some(ticks(1_000)), CAP, early).unwrap();
        budget.settle(late, Some(ticks(1_000)));
        assert_eq!(budget.spent(early), Ticks::ZERO);
        budget.settle(next, Some(ticks(3)));
        assert_eq!(budget.spent(early), Ticks::new(3));
        // A clock that goes back does not give the day again.
        assert!(budget.reserve(Some(ticks(998)), CAP, noon()).is_err());
    }

    #[test]
    fn replicas_share_a_cap_by_what_each_has_claimed() {
        let tomorrow = noon() + jiff::SignedDuration::from_hours(24);
        let (mut one, mut two) = (Budget::default(), Budget::default());
        let first = one.reserve(Some(ticks(600)), CAP, noon()).unwrap();
        let second = two.reserve(Some(ticks(300)), CAP, noon()).unwrap();
        two.settle(second, Some(ticks(100)));
        let mut sum = Spent::default();
        for budget in [&one, &two] {
            budget.add_to(&mut sum);
        }
        assert_eq!(sum.on(noon()), ticks(700));
        assert_eq!(sum.on(tomorrow), Ticks::ZERO);
        let versions = [one.version(), two.version()];
        two.merge(one);
        assert_eq!(two.claimed(noon()), ticks(700));
        assert!(versions.iter().all(|version| *version < two.version()));
        assert_eq!(two.claimed(tomorrow), Ticks::ZERO);
        // Of different days the later one counts.
        one.settle(first, None);
        one.merge(two);
        assert_eq!(one.claimed(tomorrow), Ticks::ZERO);
    }

    #[test]
    fn a_restart_takes_what_was_under_way_for_spent() {
        let mut budget = Budget::default();
        let lost = budget.reserve(Some(ticks(700)), CAP, noon()).unwrap();
        let text = serde_json::to_string(&budget).unwrap();
        let mut back = serde_json::from_str::<Budget>(&text).unwrap();
        assert_eq!(back.claimed(noon()), Ticks::new(700));
        assert!(back.reserve(Some(ticks(301)), CAP, noon()).is_err());
        budget.settle(lost, Some(ticks(1)));
    }

    #[test]
    fn threads_together_stay_under_the_cap() {
        let budget = Mutex::new(Budget::default());
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let budget = &budget;
                scope.spawn(move || {
                    let mut rng = fastrand::Rng::with_seed(thread);
                    for _ in 0..2_000 {
                        let most = rng.i64(0..50);
                        let reserved = budget.lock().unwrap().reserve(Some(ticks(most)), CAP, noon());
                        std::thread::yield_now();
                        if let Ok(reservation) = reserved {
                            budget
                                .lock()
                                .unwrap()
                                .settle(reservation, Some(ticks(rng.i64(0..=most))));
                        }
                    }
                });
            }
        });
        let spent = budget.lock().unwrap().spent(noon());
        assert!(spent <= CAP && spent > Ticks::new(900), "{spent:?}");
    }

    proptest! {
        #[test]
        fn the_cap_is_never_exceeded(
            steps in prop::collection::vec((0_i64..400, 0_i64..100, any::<bool>(), 0_i64..20), 1..80),
        ) {
            let mut budget = Budget::default();
            let mut open = Vec::new();
            let mut hours = 0;
            let mut truth = std::collections::BTreeMap::new();
            for (most, percent, settles, wait) in steps {
                hours += wait;
                let now = noon() + jiff::SignedDuration::from_hours(hours);
                if let Ok(reservation) = budget.reserve(Some(ticks(most)), CAP, now) {
                    open.push((reservation, most * percent / 100));
                }
                if settles && !open.is_empty() {
                    let (reservation, cost) = open.swap_remove(open.len() / 2);
                    *truth.entry(reservation.day).or_insert(0) += cost;
                    budget.settle(reservation, Some(ticks(cost)));
                }
                let today = now.to_zoned(TimeZone::UTC).date();
                let spent = truth.get(&today).copied().unwrap_or_default();
                prop_assert_eq!(budget.spent(now), Ticks::new(spent));
                let reserved: i64 = open.iter().filter(|open| open.0.day == today).map(|open| open.0.amount.get()).sum();
                prop_assert!(spent + reserved <= CAP.get());
            }
            prop_assert!(truth.values().all(|spent| *spent <= CAP.get()));
        }
    }
}
