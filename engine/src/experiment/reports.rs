//! Reports that are reckoned once, for as long as nothing else is known. Bounds take a millisecond or more for each.

use std::sync::{Arc, Mutex, PoisonError};

use wayleave_core::experiment::report::{Known, Report};
use wayleave_core::snapshot::ObjectName;
use wayleave_core::table::ActiveExperiment;

/// The reports that were asked for last.
#[derive(Debug, Default)]
pub(super) struct Reports(Mutex<Arc<[Reckoned]>>);

/// A report and all that it was made of.
#[derive(Clone, Debug)]
struct Reckoned {
    experiment: Arc<ActiveExperiment>,
    known: Known,
    report: Arc<Report>,
}

/// An experiment that is asked for.
pub(super) struct Wanted<'a> {
    pub(super) route: &'a ObjectName,
    /// The rule's place in the route.
    pub(super) rule: usize,
    pub(super) experiment: &'a Arc<ActiveExperiment>,
    pub(super) known: Known,
}

impl Reports {
    /// The reports of these, in their order. What was known of others is forgotten.
    pub(super) fn of<'a>(&self, wanted: impl Iterator<Item = Wanted<'a>>) -> Vec<Arc<Report>> {
        // Not locked meanwhile: who asks at the same time reckons for himself.
        let last = Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all: Arc<[Reckoned]> = wanted.map(|wanted| wanted.among(&last)).collect();
        let reports = all.iter().map(|each| Arc::clone(&each.report)).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
        reports
    }
}

impl Wanted<'_> {
    /// The report as it is among these, or reckoned anew.
    fn among(self, last: &[Reckoned]) -> Reckoned {
        let Self {
            route,
            rule,
            experiment,
            known,
        } = self;
        // An experiment is of one rule, and another configuration has others.
        let same = |each: &&Reckoned| Arc::ptr_eq(&each.experiment, experiment);
        match last.iter().find(same) {
            Some(each) if each.known == known => each.clone(),
            _ => Reckoned {
                experiment: Arc::clone(experiment),
                report: Arc::new(Report::of(route, rule, experiment, &known)),
                known,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use wayleave_core::snapshot::Snapshot;
    use wayleave_core::snapshot::experiment::Promote;
    use wayleave_core::table::Table;

    use super::*;
    use crate::clock::Clock;
    use crate::experiment::{Experiments, Tried};
    use crate::judging::Judging;
    use crate::learned::Learned;
    use crate::tests::config;

    /// Some experiments, and what is known of them.
    struct Lab {
        table: Table,
        experiments: Experiments,
        judging: Judging,
    }

    impl Lab {
        fn new(count: usize) -> Self {
            let (clock, mut learned) = (Clock::start(), Learned::default());
            Self {
                table: Table::build(config::experiments(count, Promote::Manual)),
                experiments: Experiments::new(clock, &mut learned),
                judging: Judging::new(clock, &mut learned),
            }
        }

        fn configure(&mut self, snapshot: Snapshot) {
            self.table = Table::build(snapshot);
        }

        fn reports(&self) -> Vec<Arc<Report>> {
            self.experiments.reports(&self.table, &self.judging)
        }

        /// A score for an arm of the experiment in this place.
        fn score(&self, number: usize, arm: usize, score: f64) {
            let mut rules = self
                .table
                .routes()
                .iter()
                .flat_map(|route| route.rules.iter().flatten());
            let experiment = rules.nth(number).and_then(|rule| rule.experiment.clone());
            let tried = Tried {
                experiment: experiment.expect("an experiment"),
                arm,
                class: None,
            };
            self.experiments.scored(&tried, score);
        }
    }

    /// Which of them are the very same, reckoned once.
    fn kept(before: &[Arc<Report>], after: &[Arc<Report>]) -> Vec<bool> {
        let pairs = before.iter().zip(after);
        pairs.map(|(before, after)| Arc::ptr_eq(before, after)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_is_reckoned_anew_when_something_is_known_and_only_then() {
        let lab = Lab::new(3);
        let first = lab.reports();
        assert_eq!(first.len(), 3);
        tokio::time::advance(std::time::Duration::from_secs(3600)).await;
        assert_eq!(kept(&first, &lab.reports()), [true; 3]);
        lab.score(1, 1, 0.75);
        let second = lab.reports();
        assert_eq!(kept(&first, &second), [true, false, true]);
        let scores = |report: &Report| report.arms[1].all.score.count;
        assert_eq!([&first[1], &second[1]].map(|report| scores(report)), [0, 1]);
        assert_eq!(kept(&second, &lab.reports()), [true; 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn another_configuration_has_other_reports() {
        let mut lab = Lab::new(2);
        let first = lab.reports();
        lab.configure(config::experiments(1, Promote::Auto));
        let second = lab.reports();
        assert_eq!(kept(&first, &second), [false]);
        assert_eq!(second[0].promote, Promote::Auto);
        assert_eq!(
            lab.experiments.reports.0.lock().unwrap().len(),
            1,
            "no more are held"
        );
    }
}
