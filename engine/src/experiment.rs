//! The experiments that run: who gets which arm, what each arm came to, and what follows.

mod reports;

use std::sync::Arc;
use std::time::Duration;

use wayleave_core::experiment::account::{Account, Course};
use wayleave_core::experiment::decided::{Decided, remaining, winner};
use wayleave_core::experiment::report::{Known, Report};
use wayleave_core::experiment::{Trial, Verdict, assign, verdict};
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::snapshot::experiment::{Mode, Promote};
use wayleave_core::table::{ActiveArm, ActiveExperiment, Table};

use self::reports::{Reports, Wanted};
use crate::clock::Clock;
use crate::context::CallContext;
use crate::judging::Judging;
use crate::learned::{Learned, Shared};
use crate::metrics::Label;

/// One call in so many is a reason to look whether the experiment is over; each failure and each score is one too.
const LOOK_EVERY: u64 = 64;

/// What is known of all experiments.
#[derive(Debug)]
pub(crate) struct Experiments {
    clock: Clock,
    trials: Arc<Shared<Trial>>,
    accounts: Arc<Shared<Account>>,
    decided: Arc<Shared<Decided>>,
    reports: Reports,
}

/// One arm of the experiment that a call is a part of.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub(crate) experiment: Arc<ActiveExperiment>,
    /// Its place.
    pub(crate) arm: usize,
    /// The class of the call's task.
    pub(crate) class: Option<Arc<str>>,
}

impl Tried {
    pub(crate) fn arm(&self) -> Option<&ActiveArm> {
        self.experiment.arms.get(self.arm)
    }

    /// Another arm for the same call.
    pub(crate) fn other(&self, arm: usize) -> Self {
        Self { arm, ..self.clone() }
    }
}

impl Experiments {
    pub(crate) fn new(clock: Clock, learned: &mut Learned) -> Self {
        Self {
            clock,
            trials: learned.table("trials"),
            accounts: learned.table("accounts"),
            decided: learned.table("decisions"),
            reports: Reports::default(),
        }
    }

    /// The arm that serves a call, by its place; `None`: its rule has no experiment.
    pub(crate) fn assign(&self, call: &CallContext) -> Option<usize> {
        let experiment = call.routed.rule.experiment.as_ref()?;
        let decisions = self.decided.sum(&experiment.fingerprint);
        if let Some(winner) = winner(&decisions) {
            return experiment.place(winner);
        }
        match experiment.mode {
            Mode::Shadow => Some(0),
            Mode::Split => {
                let sticky = experiment.sticky_by.as_ref();
                let sticky = sticky.and_then(|by| by.value(&call.headers, &call.intake.metadata));
                let value = sticky.map_or_else(|| call.id.as_bytes().to_vec(), <[u8]>::to_vec);
                let terms = remaining(&experiment.terms, &decisions);
                assign::arm(&experiment.fingerprint, &value, &terms.arms)
            }
        }
    }

    /// Whether there is still something to find out.
    pub(crate) fn is_open(&self, experiment: &ActiveExperiment) -> bool {
        winner(&self.decided.sum(&experiment.fingerprint)).is_none()
    }

    /// The arms that run beside the control, by their places.
    pub(crate) fn challengers(&self, experiment: &ActiveExperiment) -> Vec<usize> {
        let terms = remaining(&experiment.terms, &self.decided.sum(&experiment.fingerprint));
        let running = terms
            .arms
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, arm)| arm.weight > 0);
        running.map(|(place, _)| place).collect()
    }

    /// A call of an arm ended. What is not the arm's doing does not count.
    pub(crate) fn called(
        &self,
        call: &CallContext,
        tried: &Tried,
        class: Class,
        cost: Option<Ticks>,
        first_content: Option<Duration>,
    ) {
        let (Some(failed), Some(arm)) = (is_failure(class), tried.arm()) else {
            return;
        };
        let experiment = &tried.experiment;
        let metrics = call.core.metrics.experiments();
        metrics.called(&call.route_label(), &Label(Arc::clone(&arm.name)), failed);
        if !self.is_open(experiment) {
            return;
        }
        let course = Course {
            failed,
            cost,
            first_content,
        };
        let name = &experiment.fingerprint;
        let calls = self.trials.observe(name, |trial| {
            trial.called(&arm.name, failed);
            trial.calls()
        });
        self.accounts.observe(name, |account| {
            account.called(&arm.name, tried.class.as_ref(), course);
        });
        if failed || calls.is_multiple_of(LOOK_EVERY) {
            self.conclude(experiment);
        }
    }

    /// An answer of an arm got a score.
    pub(crate) fn scored(&self, tried: &Tried, score: f64) {
        let Some(arm) = tried.arm() else { return };
        let experiment = &tried.experiment;
        let name = &experiment.fingerprint;
        self.trials.observe(name, |trial| {
            trial.scored(&experiment.terms, &arm.name, score);
        });
        self.accounts.observe(name, |account| {
            account.scored(&arm.name, tried.class.as_ref(), score);
        });
        self.conclude(experiment);
    }

    /// An answer of a challenger was compared with the control's.
    pub(crate) fn compared(&self, tried: &Tried, win: f64) {
        let Some(arm) = tried.arm() else { return };
        let experiment = &tried.experiment;
        let name = &experiment.fingerprint;
        self.trials.observe(name, |trial| trial.compared(&arm.name, win));
        self.accounts.observe(name, |account| {
            account.compared(&arm.name, tried.class.as_ref(), win);
        });
        self.conclude(experiment);
    }

    /// What is known of all experiments of a configuration.
    pub(crate) fn reports(&self, table: &Table, judging: &Judging) -> Vec<Arc<Report>> {
        let rules = table.routes().iter().flat_map(|route| {
            let rules = route.rules.iter().flatten();
            rules.map(move |rule| (&route.name, rule))
        });
        let wanted = rules.filter_map(|(route, rule)| {
            let experiment = rule.experiment.as_ref()?;
            let name = &experiment.fingerprint;
            let known = Known {
                totals: self.trials.sum(name),
                rows: self.accounts.sum(name),
                decisions: self.decided.sum(name),
                judged: experiment.judge.as_ref().map(|judge| judging.account(judge)),
            };
            Some(Wanted {
                route,
                rule: rule.index,
                experiment,
                known,
            })
        });
        self.reports.of(wanted)
    }

    /// Acts on what is known, where that is the data plane's affair.
    fn conclude(&self, experiment: &ActiveExperiment) {
        if experiment.promote == Promote::Manual || !self.is_open(experiment) {
            return;
        }
        let name = &experiment.fingerprint;
        let terms = remaining(&experiment.terms, &self.decided.sum(name));
        let verdict = verdict(&terms, &self.trials.sum(name));
        let (Some(control), true) = (experiment.arms.first(), verdict != Verdict::Undecided) else {
            return;
        };
        let now = self.clock.date(tokio::time::Instant::now());
        self.decided
            .observe(name, |decided| decided.note(&verdict, &control.name, now));
        tracing::info!(experiment = &**name, ?verdict, "an experiment is decided");
    }
}

/// Whether a call that ended so failed by its target's doing; `None`: it tells nothing of the target.
const fn is_failure(class: Class) -> Option<bool> {
    match class {
        Class::Ok => Some(false),
        Class::ContextLength
        | Class::ContentFilter
        | Class::AuthFailed
        | Class::RateLimited
        | Class::ServerError
        | Class::Network
        | Class::Timeout
        | Class::SlowStream
        | Class::Empty
        | Class::Malformed
        | Class::Refused
        | Class::NotJson
        | Class::Cut => Some(true),
        Class::Caller | Class::ClientLeft | Class::LostRace | Class::Unsupported | Class::Unusable => None,
    }
}
