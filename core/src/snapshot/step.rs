//! Steps of a fallback chain: which targets there are, and how one of them is chosen.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::experiment::{Best, Judge};
use super::{Accept, Losers, ObjectName};
use crate::price::Ratio;

/// One step of the chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// One target serves; the others of the step stand in for it.
    Pick {
        /// How the first is chosen.
        pick: Pick,
        /// The candidates. Never empty.
        targets: Vec<Target>,
    },
    /// Several run at once; the fastest acceptable answer is served.
    Race {
        /// The lanes, in starting order. At least two.
        targets: Vec<Target>,
        /// How long a lane waits for the one before it; zero starts all together.
        stagger: Duration,
        /// What makes an answer acceptable.
        accept: Accept,
        /// What happens to the lanes that lost.
        losers: Losers,
    },
}

/// How a step orders its targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// At random, by weight.
    #[default]
    Weighted,
    /// By weight, but alike for all calls that have the same value there.
    Sticky(StickyBy),
    /// What this call is expected to cost the least at.
    Cheapest,
    /// What has answered fastest of late.
    Fastest {
        /// The share of the calls that goes to any target, so that one that heals is found again.
        explore: Ratio,
    },
    /// What has the fewest calls in flight.
    LeastBusy,
    /// The cheapest or fastest of those that are good enough.
    Best(Box<Best>),
}

impl Pick {
    /// Who scores the answers.
    pub fn judge(&self) -> Option<&Judge> {
        match self {
            Self::Best(best) => best.judge.as_ref(),
            Self::Weighted | Self::Sticky(_) | Self::Cheapest | Self::Fastest { .. } | Self::LeastBusy => {
                None
            }
        }
    }
}

/// What calls have in common that go to the same target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StickyBy {
    /// The value of a header, by its name in lower case.
    Header(Arc<str>),
    /// A member of the request's metadata; `user` is one.
    Metadata(Arc<str>),
}

/// A model at a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The `ProviderKey`. It may be missing from the snapshot or broken: the target then fails with that reason.
    pub provider: ObjectName,
    /// The model to ask for; `None`: the one that the client asked for.
    pub model: Option<Arc<str>>,
    /// The share of a weighted pick. 0 stands in for others only.
    pub weight: u32,
}
