//! A model that scores answers.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;
use crate::number::{Decimal, amount, ratio};
use crate::reference::ModelRef;

/// A model that scores answers, behind the client's back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Judge {
    /// The model that judges.
    #[serde(flatten)]
    pub asked: ModelRef,
    /// What makes an answer good, in words for the judge. Without it: what the request asks for, correct, complete and to
    /// the point.
    #[schemars(length(min = 1, max = 4000))]
    #[x_kube(
        validation = Rule::new("self.trim() != ''")
            .message("is empty: write what makes an answer good, or remove it")
            .reason(Reason::FieldValueRequired)
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric: Option<String>,
    /// The percentage of the calls, from 0 to 100, that is judged. Without it: 10.
    #[x_kube(validation = ratio(
        100,
        "is not a percentage: write a decimal number from 0 to 100 with at most 6 decimals, such as 2.5"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Decimal>,
    /// US dollars that judging may cost in a day (of UTC) in each data plane, or in all together that share what they
    /// learn, such as "5": the judge's own calls, and those of other arms that are made only to be judged. When they are
    /// used up, nothing is judged until the next day.
    #[x_kube(validation = amount())]
    pub max_cost_per_day: Decimal,
    /// Pointwise (each answer gets a score by itself) or Pairwise (the answer of an experiment's arm is compared with
    /// the control's to the same request, in both orders). Without it: Pointwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<JudgeMode>,
}

/// What the judge is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum JudgeMode {
    /// How good an answer is.
    Pointwise,
    /// Which of two answers is better.
    Pairwise,
}
