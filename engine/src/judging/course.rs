//! The course of one judgement: the answers that are compared, what the judge is asked, and what follows.

use std::sync::Arc;

use wayleave_core::judge::case::Case;
use wayleave_core::judge::judgements::Judged;
use wayleave_core::judge::prompt::{Nonce, Order};
use wayleave_core::judge::verdict::{Winner, choice, score};
use wayleave_core::snapshot::experiment::{JudgeMode, Mode};
use wayleave_core::table::{ActiveJudge, ActiveTarget};

use super::aside::Aside;
use crate::context::CallContext;
use crate::evidence::Name;
use crate::experiment::Tried;

/// An answer that is to be judged.
#[derive(Debug)]
pub(crate) struct Hearing {
    pub(super) call: Arc<CallContext>,
    pub(super) judge: Arc<ActiveJudge>,
    pub(super) answer: Answer,
}

/// An answer, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) name: Name,
    pub(super) text: String,
    pub(super) tried: Option<Tried>,
}

impl Hearing {
    /// Carries it out to its end. Whatever fails changes no score.
    pub(super) async fn hold(&self) {
        let mut answers = vec![self.answer.clone()];
        for arm in self.others() {
            match self.answer_of(&arm).await {
                Ok(answer) => answers.push(answer),
                Err(judged) => return self.note(judged),
            }
        }
        match self.judge.spec.mode {
            JudgeMode::Pointwise => {
                for answer in &answers {
                    let judged = self.grade(answer).await;
                    self.note(judged);
                }
            }
            JudgeMode::Pairwise => {
                let is_control = |answer: &&Answer| answer.tried.as_ref().is_some_and(|tried| tried.arm == 0);
                let Some(control) = answers.iter().find(is_control) else {
                    return;
                };
                for challenger in answers.iter().filter(|answer| !is_control(answer)) {
                    let judged = self.compare(control, challenger).await;
                    self.note(judged);
                }
            }
        }
    }

    fn note(&self, judged: Judged) {
        self.call.core.judging.note(&self.call, &self.judge, judged);
    }

    /// The arms whose answers to the same request are wanted too.
    fn others(&self) -> Vec<Tried> {
        let Some(served) = &self.answer.tried else {
            return Vec::new();
        };
        let challengers = || self.call.core.experiments.challengers(&served.experiment);
        let arms = match (self.judge.spec.mode, served.experiment.mode, served.arm) {
            (JudgeMode::Pointwise, Mode::Split, _) => Vec::new(),
            (JudgeMode::Pairwise, _, arm) if arm != 0 => vec![0],
            (JudgeMode::Pairwise, Mode::Split, _) => {
                let challengers = challengers();
                fastrand::choice(challengers).into_iter().collect()
            }
            (JudgeMode::Pointwise | JudgeMode::Pairwise, Mode::Shadow, _) => challengers(),
        };
        arms.into_iter().map(|arm| served.other(arm)).collect()
    }

    /// Has another arm answer.
    async fn answer_of(&self, tried: &Tried) -> Result<Answer, Judged> {
        let arm = tried.arm().ok_or(Judged::Unusable)?;
        let aside = Aside::shadow(&self.call, &arm.rule);
        let said = self.paid(&aside).await?;
        let experiments = &self.call.core.experiments;
        experiments.called(&self.call, tried, said.class, said.cost, said.first_content);
        let target = arm.step.targets().first().ok_or(Judged::Unusable)?;
        Ok(Answer {
            name: name(target),
            // Failed: the experiment counts it, and there is nothing to judge.
            text: said.text.ok_or(Judged::Failed)?,
            tried: Some(tried.clone()),
        })
    }

    async fn grade(&self, answer: &Answer) -> Judged {
        let question = self.case().grade(&answer.text, nonce());
        let Ok(question) = question else {
            return Judged::Unusable;
        };
        let text = match self.ask(question).await {
            Ok(text) => text,
            Err(judged) => return judged,
        };
        let Ok(score) = score(&text) else {
            return Judged::Unusable;
        };
        let core = &self.call.core;
        if let Some(kind) = self.call.kind() {
            core.evidence.scored(&kind, &answer.name, score);
        }
        if let Some(tried) = &answer.tried {
            core.experiments.scored(tried, score);
        }
        Judged::Scored
    }

    /// In both orders, as judges prefer a place.
    async fn compare(&self, control: &Answer, challenger: &Answer) -> Judged {
        let mut choices = Vec::with_capacity(2);
        for order in [Order::ControlFirst, Order::ChallengerFirst] {
            let question = self
                .case()
                .compare(&control.text, &challenger.text, order, nonce());
            let Ok(question) = question else {
                return Judged::Unusable;
            };
            match self.ask(question).await.map(|text| choice(&text)) {
                Ok(Ok(choice)) => choices.push(choice),
                Ok(Err(_)) => return Judged::Unusable,
                Err(judged) => return judged,
            }
        }
        let [control_first, challenger_first] = choices[..] else {
            return Judged::Unusable;
        };
        let winner = Winner::of(control_first, challenger_first);
        if let Some(tried) = &challenger.tried {
            self.call.core.experiments.compared(tried, winner.win());
        }
        match winner {
            Winner::Control | Winner::Challenger => Judged::Scored,
            Winner::Tie => Judged::Tie,
        }
    }

    fn case(&self) -> Case<'_> {
        Case {
            asked: &self.call.intake,
            rubric: self.judge.spec.rubric.as_deref(),
            model: &self.judge.spec.model,
        }
    }

    async fn ask(&self, question: wayleave_core::intake::Intake) -> Result<String, Judged> {
        let aside = Aside::judge(&self.call, &self.judge.rule, question);
        let said = self.paid(&aside).await?;
        said.text.ok_or(Judged::Failed)
    }

    /// Asks with money that is set aside before.
    async fn paid(&self, aside: &Aside) -> Result<super::aside::Said, Judged> {
        let judging = &self.call.core.judging;
        let reservation = judging.reserve(&self.judge, aside.most());
        let reservation = reservation.map_err(|_| Judged::OverBudget)?;
        let said = aside.ask().await;
        judging.settle(&self.judge, reservation, said.cost);
        Ok(said)
    }
}

fn name(target: &ActiveTarget) -> Name {
    Name::new(&target.provider, &target.model.clone().unwrap_or_default())
}

fn nonce() -> Nonce {
    Nonce(uuid::Uuid::new_v4().as_u128())
}
