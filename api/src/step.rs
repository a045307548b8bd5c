//! A step of a fallback chain: which targets there are, and how one of them is chosen.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;
use crate::judge::Judge;
use crate::number::{Decimal, ratio};
use crate::race::Race;
use crate::reference::{WeightedTargetRef, header_name};

/// One step of the chain: either `targets`, of which one serves, or a `race`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("has(self.race) || has(self.targets)")
        .message("has no model: write `targets`, or a `race`")
        .reason(Reason::FieldValueRequired),
    validation = Rule::new("!has(self.race) || !has(self.targets)")
        .message("has both `race` and `targets`: make two steps of it, or keep one of them")
        .reason(Reason::FieldValueForbidden),
    validation = Rule::new("!has(self.race) || !has(self.pick) || has(self.targets)")
        .message("has no effect in a race: remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".pick"),
    validation = Rule::new("!has(self.stickyBy) || has(self.targets) && (!has(self.pick) || self.pick == 'Weighted')")
        .message("has an effect with pick: Weighted only: remove it, or the other pick")
        .reason(Reason::FieldValueForbidden)
        .field_path(".stickyBy"),
    validation = Rule::new("!has(self.explore) || has(self.pick) && self.pick in ['Fastest', 'Best']")
        .message("has an effect with pick: Fastest or Best only: remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".explore"),
    validation = only_best("minScore"),
    validation = only_best("optimise"),
    validation = only_best("judge"),
    validation = Rule::new("!has(self.pick) || self.pick != 'Best' || has(self.minScore)")
        .message("needs a minScore: write the score, from 0 to 1, that a model must have, such as 0.8")
        .reason(Reason::FieldValueRequired)
        .field_path(".pick"),
    validation = Rule::new("!has(self.judge) || !has(self.judge.mode) || self.judge.mode == 'Pointwise'")
        .message("compares arms of an experiment: here each answer is judged by itself, remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".judge.mode")
)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Several models at once; the fastest acceptable answer is served. Excludes `pick` and `targets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub race: Option<Race>,
    /// How one of `targets` is chosen: Weighted (at random, by weight), Cheapest (by what this call is expected to cost
    /// there), Fastest (by what was seen of late: the better of two that are drawn), LeastBusy (by calls in flight) or
    /// Best (the cheapest or fastest of those whose answers are good enough by their scores). Without it: Weighted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pick: Option<Pick>,
    /// Calls with the same value here go to the same target, by weight. Without it: each call is drawn by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky_by: Option<StickyBy>,
    /// The percentage of the calls, from 0 to 50, that goes to any of the targets, so that one that has become fast is
    /// found; with pick: Best, to those of which it is not known whether they are good enough. Without it: 1, with pick:
    /// Best 20.
    #[x_kube(validation = ratio(
        50,
        "is not a percentage: write a decimal number from 0 to 50 with at most 6 decimals, such as 0.5"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explore: Option<Decimal>,
    /// Of pick: Best: the mean score, from 0 to 1, that a model's answers must have with 95 % confidence. A class of tasks
    /// may have its own. Until it is known of one, the targets serve in their order.
    #[x_kube(validation = ratio(
        1,
        "is not a score: write a decimal number from 0 to 1 with at most 6 decimals, such as 0.8"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<Decimal>,
    /// Of pick: Best: what decides among those that are good enough, Cost or Latency. Without it: Cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimise: Option<Optimise>,
    /// Of pick: Best: who scores the answers: a model that is none of the targets', as models prefer their own. Without
    /// it: only clients do, by their feedback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Box<Judge>>,
    /// The candidates. One serves the call; the others of the step stand in for it when it fails.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(
        validation = Rule::new("self.size() == 0 || self.exists(target, !has(target.weight) || target.weight > 0)")
            .message("has only weights of 0: give at least one target a share")
            .reason(Reason::FieldValueForbidden)
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<WeightedTargetRef>>,
}

/// How one of several targets is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Pick {
    /// At random, by weight.
    Weighted,
    /// What this call is expected to cost the least at.
    Cheapest,
    /// What has answered fastest of late.
    Fastest,
    /// What has the fewest calls in flight.
    LeastBusy,
    /// What is the cheapest or fastest of those that are good enough.
    Best,
}

/// What decides among targets that are good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Optimise {
    /// The least expected cost.
    Cost,
    /// The least time to the answer.
    Latency,
}

/// The rule of a field that means something with pick: Best alone.
fn only_best(field: &str) -> kube::core::Rule {
    kube::core::Rule::new(format!(
        "!has(self.{field}) || has(self.pick) && self.pick == 'Best'"
    ))
    .message("has an effect with pick: Best only: remove it, or write pick: Best")
    .reason(kube::core::Reason::FieldValueForbidden)
    .field_path(format!(".{field}"))
}

/// What calls have in common that go to the same target: exactly one of the members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("has(self.header) != has(self.metadata)")
        .message("needs exactly one of header and metadata")
        .reason(Reason::FieldValueForbidden)
)]
#[serde(rename_all = "camelCase")]
pub struct StickyBy {
    /// A header, such as x-user.
    #[schemars(length(max = 128))]
    #[x_kube(validation = header_name())]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// A member of the request's `metadata` that is text; `user` stands for the request's own member of that name.
    #[schemars(length(min = 1, max = 128))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}
