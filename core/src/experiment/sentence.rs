//! How an experiment stands, in words.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;

use super::decided::Fate;
use super::report::{ArmReport, Report};
use super::verdict::{Verdict, Why};
use crate::snapshot::experiment::Promote;

/// Whether there is anything left to find out, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Go on.
    Undecided,
    /// A challenger is better: it is to be promoted.
    Promote,
    /// A challenger has to go.
    RollBack,
    /// The calls are used up and nothing is proven.
    Ended,
    /// One arm serves all calls by now.
    Decided,
}

impl Stage {
    /// As it stands in a status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "Undecided",
            Self::Promote => "Promote",
            Self::RollBack => "RollBack",
            Self::Ended => "Ended",
            Self::Decided => "Decided",
        }
    }
}

impl Report {
    /// What follows from it, or followed.
    pub fn stage(&self) -> Stage {
        let is_rolled_back = |arm: &ArmReport| {
            matches!(
                arm.decision.map(|decision| decision.fate),
                Some(Fate::RolledBack(_))
            )
        };
        let mut challengers = self.arms.iter().skip(1);
        if self.winner.is_some() || (self.arms.len() > 1 && challengers.all(is_rolled_back)) {
            return Stage::Decided;
        }
        match self.verdict {
            Verdict::Undecided => Stage::Undecided,
            Verdict::Promote(_) => Stage::Promote,
            Verdict::RollBack(..) => Stage::RollBack,
            Verdict::Ended => Stage::Ended,
        }
    }

    /// The same in words, for people: one sentence.
    pub fn sentence(&self) -> String {
        let mut parts = Vec::new();
        for arm in &self.arms {
            let Some(decision) = arm.decision else { continue };
            let (name, at) = (&arm.name, second(decision.at));
            match decision.fate {
                Fate::RolledBack(why) => {
                    let why = rolled_back(why);
                    parts.push(format!("`{name}` was rolled back at {at}: {why}"));
                }
                Fate::Promoted if self.winner.as_ref() == Some(name) => {
                    parts.push(format!("`{name}` was promoted at {at}: it serves all calls"));
                }
                Fate::Stays if self.winner.as_ref() == Some(name) => {
                    parts.push(format!(
                        "ended at {at} without a winner: `{name}` serves all calls"
                    ));
                }
                // Another arm was promoted before it.
                Fate::Promoted | Fate::Stays => {}
            }
        }
        match (self.stage(), &self.winner) {
            (Stage::Decided, Some(_)) => {}
            (Stage::Decided, None) => parts.push(format!("`{}` serves all calls", self.control())),
            (Stage::Undecided | Stage::Promote | Stage::RollBack | Stage::Ended, _) => {
                parts.push(self.following());
            }
        }
        parts.join("; ")
    }

    fn following(&self) -> String {
        let control = self.control();
        let (verb, out, stays) = match self.promote {
            Promote::Manual => ("promote it", "take it out", "keep"),
            Promote::Auto => ("it gets all calls", "it gets no more calls", "all calls go to"),
        };
        match &self.verdict {
            Verdict::Undecided => self.undecided(),
            Verdict::Promote(arm) if self.is_better(arm) => {
                format!("`{arm}` is better than `{control}`: {verb}")
            }
            Verdict::Promote(arm) => {
                format!("`{arm}` is not worse than `{control}` by more than is tolerated: {verb}")
            }
            Verdict::RollBack(arm, Why::Errors) => {
                format!("calls of `{arm}` fail more often than those of `{control}`: {out}")
            }
            Verdict::RollBack(arm, Why::Worse) => format!("`{arm}` is worse than `{control}`: {out}"),
            Verdict::Ended => format!("its calls are used up and nothing is proven: {stays} `{control}`"),
        }
    }

    fn undecided(&self) -> String {
        let challengers = || self.arms.iter().skip(1);
        let compared = |arm: &ArmReport| arm.difference.is_some_and(|difference| difference.count > 0);
        let mut text = "undecided: ".to_owned();
        if !challengers().any(compared) {
            text.push_str("no answers have been compared so far");
            return text;
        }
        // Digits beyond those of the terms are the binary number's.
        let percent = (self.confidence * 1e6).round() / 1e4;
        // Writing to a String cannot fail.
        let _ = write!(text, "it is not known with {percent} % confidence ");
        let control = self.control();
        let mut names = challengers().map(|arm| &arm.name);
        let _ = match (names.next(), names.next()) {
            (Some(arm), None) => write!(text, "whether `{arm}` is better or worse than `{control}`"),
            _ => write!(text, "which arm is better or worse than `{control}`"),
        };
        text
    }

    fn control(&self) -> &str {
        self.arms.first().map_or("the control", |arm| &arm.name)
    }

    fn is_better(&self, name: &Arc<str>) -> bool {
        let arm = self.arms.iter().find(|arm| arm.name == *name);
        arm.and_then(|arm| arm.difference)
            .is_some_and(|difference| difference.mean.is_some_and(|mean| mean > 0.0))
    }
}

const fn rolled_back(why: Why) -> &'static str {
    match why {
        Why::Errors => "its calls fail more often than the control's",
        Why::Worse => "it is worse than the control",
    }
}

/// Nobody needs to know it to the nanosecond.
pub fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Interval;
    use crate::experiment::decided::Decision;
    use crate::experiment::report::ClassReport;
    use crate::snapshot::experiment::Mode;

    fn interval(mean: f64) -> Interval {
        Interval {
            count: 70,
            mean: Some(mean),
            lower: mean - 0.01,
            upper: mean + 0.01,
        }
    }

    fn arm(name: &str, difference: Option<f64>) -> ArmReport {
        ArmReport {
            name: name.into(),
            provider: "a/openai".to_owned(),
            model: name.to_owned(),
            weight: 1,
            decision: None,
            difference: difference.map(interval),
            failed: interval(0.0),
            all: ClassReport {
                calls: 70,
                failed: 0,
                score: interval(0.5),
                cost_per_call: None,
                first_content_ms: None,
            },
            classes: std::collections::BTreeMap::default(),
        }
    }

    fn report(verdict: Verdict) -> Report {
        Report {
            route: "a/chat".to_owned(),
            rule: 0,
            experiment: "a/chat/0123".into(),
            mode: Mode::Split,
            promote: Promote::Manual,
            confidence: 0.95,
            verdict,
            winner: None,
            arms: vec![arm("old", None), arm("new", Some(0.1))],
            judge: None,
        }
    }

    fn decided(name: &str, fate: Fate) -> Report {
        let mut report = report(Verdict::Undecided);
        let at = "2026-05-01T10:00:00.123Z".parse().unwrap();
        let arm = report.arms.iter_mut().find(|arm| &*arm.name == name).unwrap();
        arm.decision = Some(Decision { at, fate });
        report
    }

    #[test]
    fn says_what_people_have_to_do() {
        let new = || Arc::from("new");
        for (verdict, stage, said) in [
            (
                Verdict::Undecided,
                Stage::Undecided,
                "undecided: it is not known with 95 % confidence whether `new` is better or worse than `old`",
            ),
            (
                Verdict::Promote(new()),
                Stage::Promote,
                "`new` is better than `old`: promote it",
            ),
            (
                Verdict::RollBack(new(), Why::Errors),
                Stage::RollBack,
                "calls of `new` fail more often than those of `old`: take it out",
            ),
            (
                Verdict::RollBack(new(), Why::Worse),
                Stage::RollBack,
                "`new` is worse than `old`: take it out",
            ),
            (
                Verdict::Ended,
                Stage::Ended,
                "its calls are used up and nothing is proven: keep `old`",
            ),
        ] {
            let report = report(verdict);
            assert_eq!((report.stage(), &*report.sentence()), (stage, said));
        }
    }

    #[test]
    fn a_cheaper_arm_need_not_be_better_and_several_are_named_together() {
        let mut report = report(Verdict::Promote("new".into()));
        report.promote = Promote::Auto;
        report.arms[1].difference = Some(interval(-0.02));
        let said = "`new` is not worse than `old` by more than is tolerated: it gets all calls";
        assert_eq!(report.sentence(), said);
        report.verdict = Verdict::Undecided;
        report.confidence = 0.9999;
        report.arms.push(arm("newer", Some(0.0)));
        let said =
            "undecided: it is not known with 99.99 % confidence which arm is better or worse than `old`";
        assert_eq!(report.sentence(), said);
        for arm in &mut report.arms {
            arm.difference = arm.difference.map(|_| Interval {
                count: 0,
                ..interval(0.0)
            });
        }
        assert_eq!(
            report.sentence(),
            "undecided: no answers have been compared so far"
        );
    }

    #[test]
    fn says_what_was_decided_and_when() {
        let mut promoted = decided("new", Fate::Promoted);
        promoted.winner = Some("new".into());
        let said = "`new` was promoted at 2026-05-01T10:00:00Z: it serves all calls";
        assert_eq!((promoted.stage(), &*promoted.sentence()), (Stage::Decided, said));

        let mut stays = decided("old", Fate::Stays);
        stays.winner = Some("old".into());
        let said = "ended at 2026-05-01T10:00:00Z without a winner: `old` serves all calls";
        assert_eq!((stays.stage(), &*stays.sentence()), (Stage::Decided, said));

        let mut back = decided("new", Fate::RolledBack(Why::Errors));
        let said = "`new` was rolled back at 2026-05-01T10:00:00Z: its calls fail more often than the control's; \
                    `old` serves all calls";
        assert_eq!((back.stage(), &*back.sentence()), (Stage::Decided, said));
        back.arms.push(arm("newer", Some(0.2)));
        back.verdict = Verdict::Promote("newer".into());
        let said = "`new` was rolled back at 2026-05-01T10:00:00Z: its calls fail more often than the control's; \
                    `newer` is better than `old`: promote it";
        assert_eq!((back.stage(), &*back.sentence()), (Stage::Promote, said));
    }
}
