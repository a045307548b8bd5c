//! Steps, with their targets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{ActiveJudge, ActiveTarget};
use crate::evidence::best::Optimise;
use crate::snapshot::{Accept, Losers, ObjectName, Pick, Provider, Step, Target};

/// A step, ready.
#[derive(Debug)]
pub enum ActiveStep {
    /// One target serves.
    Pick {
        /// How the first is chosen.
        pick: Pick,
        /// The candidates.
        targets: Vec<Arc<ActiveTarget>>,
        /// Who scores their answers.
        judge: Option<Arc<ActiveJudge>>,
    },
    /// Several run at once.
    Race {
        /// The lanes.
        targets: Vec<Arc<ActiveTarget>>,
        /// How the race is run.
        terms: RaceTerms,
    },
}

/// How a race is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RaceTerms {
    /// How long a lane waits for the one before it.
    pub stagger: Duration,
    /// What makes an answer acceptable.
    pub accept: Accept,
    /// What happens to the losers.
    pub losers: Losers,
}

impl ActiveStep {
    /// Whether its targets are ordered by what a call is expected to cost.
    pub fn is_priced(&self) -> bool {
        match self {
            Self::Pick { pick, .. } => match pick {
                Pick::Cheapest => true,
                Pick::Best(best) => best.optimise == Optimise::Cost,
                Pick::Weighted | Pick::Sticky(_) | Pick::Fastest { .. } | Pick::LeastBusy => false,
            },
            Self::Race { .. } => false,
        }
    }

    /// Who scores the answers of its targets.
    pub fn judge(&self) -> Option<&Arc<ActiveJudge>> {
        match self {
            Self::Pick { judge, .. } => judge.as_ref(),
            Self::Race { .. } => None,
        }
    }

    /// Its targets.
    pub fn targets(&self) -> &[Arc<ActiveTarget>] {
        match self {
            Self::Pick { targets, .. } | Self::Race { targets, .. } => targets,
        }
    }

    pub(super) fn build(
        step: &Step,
        route: &ObjectName,
        label: &Arc<str>,
        providers: &BTreeMap<&ObjectName, &Provider>,
    ) -> Self {
        let bind = |targets: &[Target]| {
            let targets = targets.iter();
            let targets = targets.map(|target| Arc::new(ActiveTarget::build(target, label, providers)));
            targets.collect()
        };
        match step {
            Step::Pick { pick, targets } => Self::Pick {
                pick: pick.clone(),
                targets: bind(targets),
                judge: pick
                    .judge()
                    .map(|judge| ActiveJudge::build(judge, route, providers)),
            },
            Step::Race {
                targets,
                stagger,
                accept,
                losers,
            } => Self::Race {
                targets: bind(targets),
                terms: RaceTerms {
                    stagger: *stagger,
                    accept: *accept,
                    losers: *losers,
                },
            },
        }
    }
}
