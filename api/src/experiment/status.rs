//! What an experiment's status says. Texts rather than enums: an object must be readable whoever wrote its status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An experiment as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentStatus {
    /// The place of its rule in spec.rules, from 0.
    #[schemars(range(min = 0))]
    pub rule: i32,
    /// Another one when its arms, its mode or its judge become others: then all is counted anew.
    #[schemars(length(max = 512))]
    pub id: String,
    /// What follows, for programs: Undecided, Promote, RollBack, Ended (without a winner) or Decided (one arm serves all
    /// calls by now).
    #[schemars(length(max = 64))]
    pub verdict: String,
    /// What follows, for people.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// The control, then what is tried against it.
    #[schemars(length(max = 4), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<ArmStatus>,
}

/// An arm as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArmStatus {
    /// Its name.
    #[schemars(length(max = 63))]
    pub name: String,
    /// Its calls.
    #[schemars(range(min = 0))]
    pub calls: i64,
    /// Those of them that failed by the arm's doing.
    #[schemars(range(min = 0))]
    pub failed: i64,
    /// How good its answers are, from 0 to 1. Absent: no answer has a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Estimate>,
    /// How much better than the control it is, from -1 to 1. Absent: it is the control, or nothing has been compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Estimate>,
    /// What was decided of it. Absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionStatus>,
    /// The same by class of the calls' tasks, where there are classes: at most 8, the first by name.
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassStatus>,
}

/// An arm in one class of tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassStatus {
    /// Name of the class.
    #[schemars(length(max = 253))]
    pub name: String,
    /// The arm's calls in it.
    #[schemars(range(min = 0))]
    pub calls: i64,
    /// Those of them that failed by the arm's doing.
    #[schemars(range(min = 0))]
    pub failed: i64,
    /// How good its answers are, from 0 to 1. Absent: no answer has a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Estimate>,
}

/// A mean with its bounds, each a decimal number with 3 decimals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// The mean of what was seen.
    #[schemars(length(max = 16))]
    pub mean: String,
    /// The true mean is at least this, with the confidence of the experiment.
    #[schemars(length(max = 16))]
    pub lower: String,
    /// And at most this.
    #[schemars(length(max = 16))]
    pub upper: String,
}

/// What was decided of an arm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionStatus {
    /// When.
    #[schemars(length(max = 64), extend("format" = "date-time"))]
    pub at: String,
    /// Promoted, RolledBackErrors (its calls fail more often than the control's), RolledBackWorse, or Stays (the control,
    /// when the experiment ended without a winner).
    #[schemars(length(max = 64))]
    pub fate: String,
}
