//! Models that are compared on a rule's own traffic.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

pub mod status;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;
use crate::judge::Judge;
use crate::number::{Decimal, ratio};
use crate::reference::ModelRef;
use crate::step::StickyBy;

/// Models that are compared on the rule's own calls. The arm's model is asked first; the rule's steps stand in for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("!has(self.mode) || self.mode != 'Shadow' || has(self.judge)")
        .message("needs a `judge`: nobody else sees the answers that are made behind the client's back")
        .reason(Reason::FieldValueRequired)
        .field_path(".mode")
)]
#[serde(rename_all = "camelCase")]
pub struct Experiment {
    /// The control (what serves today), then what is tried against it.
    #[schemars(
        length(min = 2, max = 4),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    #[x_kube(
        validation = Rule::new("self.exists(arm, !has(arm.weight) || arm.weight > 0)")
            .message("has only weights of 0: give at least one arm a share")
            .reason(Reason::FieldValueForbidden)
    )]
    pub arms: Vec<Arm>,
    /// Calls with the same value here get the same arm. Without it: each call is drawn by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky_by: Option<StickyBy>,
    /// Split (each call is served by one arm, by weight) or Shadow (the control serves all; of the calls that are judged
    /// the other arms make an answer too, which no client sees). Without it: Split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ExperimentMode>,
    /// Who says how good the answers are: a model that is none of the arms', as models prefer their own. Without it:
    /// clients by their feedback, and only failures end the experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Judge>,
    /// When enough is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_when: Option<StopWhen>,
    /// Manual (the status says what follows, and people act) or Auto (an arm that is better gets all calls, one that
    /// fails or is worse gets none). Without it: Manual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote: Option<Promote>,
}

/// One of the models that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Arm {
    /// Its name in status, metrics and ledger.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")
        .message("is not a name: write lower-case letters, digits and `-`, such as new-model"))]
    pub name: String,
    /// Share of the calls, relative to the other arms. Without it: 1.
    #[schemars(range(min = 0, max = 1_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// The model to ask for.
    #[serde(flatten)]
    pub target: ModelRef,
}

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum ExperimentMode {
    /// Each call is served by one arm.
    Split,
    /// The control serves all calls.
    Shadow,
}

/// Who acts on what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Promote {
    /// People.
    Manual,
    /// The data plane.
    Auto,
}

/// When enough is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopWhen {
    /// How sure a verdict is to be, from 0.5 to 0.9999, however often it is looked at. Without it: "0.95".
    #[x_kube(validation = Rule::new(
        "self.matches('^0[.][0-9]{1,6}$') && double(self) >= 0.5 && double(self) <= 0.9999"
    ).message("is not a confidence: write a decimal number from 0.5 to 0.9999, such as 0.95"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Decimal>,
    /// How much worse (of 1) a challenger's scores may be for it to be promoted, for one that is cheaper or faster.
    /// Without it: 0, it has to be better.
    #[x_kube(validation = ratio(
        1,
        "is not a difference of scores: write a decimal number from 0 to 1 with at most 6 decimals, such as 0.05"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Decimal>,
    /// How much higher (of 1) a challenger's share of failed calls may be than the control's. Without it: "0.02".
    #[x_kube(validation = ratio(
        1,
        "is not a share of calls: write a decimal number from 0 to 1 with at most 6 decimals, such as 0.02"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_margin: Option<Decimal>,
    /// Calls of each of two arms before their scores count. Failures count from the first. Without it: 50.
    #[schemars(range(min = 0, max = 10_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_calls: Option<u32>,
    /// Calls of all arms after which the experiment ends without a winner. Without it: never.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<u32>,
}
