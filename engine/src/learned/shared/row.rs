//! What is known under one name.

use wayleave_core::evidence::{Part, Replicas};

use crate::learned::{Learnable, Sent};

pub(super) struct Row<P: Part> {
    pub(super) own: P,
    pub(super) state: State,
    others: Others<P>,
    /// When it was last touched; 0: never.
    pub(super) touched: u64,
}

/// What other replicas have learned.
struct Others<P: Part> {
    parts: Replicas<P>,
    /// All of them together: plans ask often, and others tell seldom.
    sum: P::Sum,
    /// Their latest epoch.
    epoch: u32,
}

/// How far the own part is known elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was observed.
    Empty,
    /// Nobody has any of it.
    Fresh,
    /// An older one is written.
    Changed,
    /// It is on its way, and may arrive whatever the answer is.
    Underway {
        /// Whether an older one is known elsewhere.
        known: bool,
    },
    Written,
}

impl<P: Learnable> Default for Row<P> {
    fn default() -> Self {
        Self {
            own: P::default(),
            state: State::Empty,
            others: Others {
                parts: Replicas::default(),
                sum: P::Sum::default(),
                epoch: 0,
            },
            touched: 0,
        }
    }
}

impl State {
    /// Whether it may be known elsewhere, as it is or was.
    const fn known(self) -> bool {
        !matches!(self, Self::Empty | Self::Fresh)
    }

    pub(super) const fn is_to_be_written(self) -> bool {
        matches!(self, Self::Fresh | Self::Changed)
    }
}

impl<P: Learnable> Row<P> {
    pub(super) fn observe<R>(&mut self, change: impl FnOnce(&mut P) -> R) -> R {
        self.change();
        change(&mut self.own)
    }

    fn change(&mut self) {
        self.state = match self.state {
            State::Empty | State::Fresh => State::Fresh,
            State::Changed | State::Written | State::Underway { .. } => State::Changed,
        };
    }

    pub(super) fn send(&mut self) {
        self.state = State::Underway {
            known: self.state.known(),
        };
    }
    pub(super) fn sent(&mut self, sent: Sent) {
        if let State::Underway { known } = self.state {
            self.state = match sent {
                Sent::Written => State::Written,
                Sent::Refused if !known => State::Fresh,
                Sent::Refused | Sent::Unknown => State::Changed,
            };
        }
    }

    /// Nobody has it any more.
    pub(super) fn unwritten(&mut self) {
        if self.state != State::Empty {
            self.state = State::Fresh;
        }
    }

    /// Another replica has taken in what was written. What came since cannot be told from it.
    pub(super) fn leave(&mut self) {
        if self.state.known() {
            self.own = P::default();
            self.state = State::Empty;
            self.others.parts.bring_up(&mut self.own);
        }
    }

    pub(super) fn learn(&mut self, replica: &str, part: &P) {
        // What is read is what counts, even where the store was put back to an older time.
        self.others.parts.drop_replica(replica);
        self.others.parts.learn(replica, part);
        self.settle();
    }

    /// Whether it is good for anything without that replica.
    pub(super) fn forget(&mut self, replica: &str) -> bool {
        if self.others.parts.get(replica).is_some() {
            self.others.parts.drop_replica(replica);
            self.settle();
        }
        self.state != State::Empty || !self.others.parts.is_empty()
    }

    pub(super) fn merged(&self, replica: &str) -> Option<P> {
        let mut own = self.own.clone();
        own.merge(self.others.parts.get(replica)?.clone());
        Some(own)
    }

    pub(super) fn merge(&mut self, replica: &str) {
        if let Some(merged) = self.merged(replica) {
            self.own = merged;
            // It is written already, as far as it was then.
            self.state = State::Changed;
            self.others.parts.drop_replica(replica);
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.others.sum = self.others.parts.sum();
        self.others.epoch = self.others.parts.latest_epoch();
        self.others.parts.bring_up(&mut self.own);
    }

    pub(super) fn sum(&self) -> P::Sum {
        let (own, others) = (self.own.epoch(), self.others.epoch);
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
