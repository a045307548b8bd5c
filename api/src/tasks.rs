//! Classes of tasks: what the calls of a rule ask for.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;
use crate::duration::{Duration, at_least, at_most};
use crate::number::{Decimal, ratio};
use crate::reference::ModelRef;

/// What calls ask for, and how that is found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("!has(self.fallback) || self.classes.exists(class, class.name == self.fallback)")
        .message("is none of the classes: write the name of one")
        .field_path(".fallback"),
    validation = Rule::new("has(self.classifier) && self.classifier == 'Embedding' || !has(self.embedding)")
        .message("has an effect with classifier: Embedding only: remove it, or write that classifier")
        .reason(Reason::FieldValueForbidden)
        .field_path(".embedding"),
    validation = Rule::new("!has(self.classifier) || self.classifier != 'Embedding' || has(self.embedding)")
        .message("classifier: Embedding needs embedding: write the model that makes the embeddings")
        .reason(Reason::FieldValueRequired),
    validation = Rule::new("has(self.classifier) && self.classifier == 'Model' || !has(self.model)")
        .message("has an effect with classifier: Model only: remove it, or write that classifier")
        .reason(Reason::FieldValueForbidden)
        .field_path(".model"),
    validation = Rule::new("!has(self.classifier) || self.classifier != 'Model' || has(self.model)")
        .message("classifier: Model needs model: write the model that is asked for the class")
        .reason(Reason::FieldValueRequired),
    validation = Rule::new("has(self.classifier) && self.classifier != 'Rules' || !has(self.timeout)")
        .message("has no effect with classifier: Rules, which asks nobody: remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".timeout"),
    validation = Rule::new("has(self.classifier) && self.classifier == 'Embedding' || !has(self.minMargin)")
        .message("has an effect with classifier: Embedding only: remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".minMargin"),
    validation = Rule::new("!has(self.classifier) || self.classifier == 'Rules' || !self.classes.exists(class, has(class.when))")
        .message("has a class with `when`, which has an effect with classifier: Rules only: remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".classes"),
    validation = Rule::new("has(self.classifier) && self.classifier == 'Embedding' || !self.classes.exists(class, has(class.examples))")
        .message("has a class with examples, which have an effect with classifier: Embedding only: remove them")
        .reason(Reason::FieldValueForbidden)
        .field_path(".classes"),
    validation = Rule::new("!has(self.classifier) || self.classifier != 'Embedding' || self.classes.all(class, has(class.examples))")
        .message("has a class without examples: classifier: Embedding compares calls with them")
        .reason(Reason::FieldValueRequired)
        .field_path(".classes")
)]
#[serde(rename_all = "camelCase")]
pub struct Tasks {
    /// How the class of a call is found: Rules (by the `when` of the classes), Embedding (the class of the example that
    /// is most like the last message of the user) or Model (a model is asked). Without it: Rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<Classifier>,
    /// The classes. By Rules the first that matches counts.
    #[schemars(
        length(min = 1, max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub classes: Vec<TaskClass>,
    /// The class of a call where nothing matches, or where the classifier fails, is late or is not sure. Without it: the
    /// last class.
    #[schemars(length(max = 63))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// For classifier: Embedding: the model that makes the embeddings, such as text-embedding-3-small, at a provider that
    /// speaks OpenAI's API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<ModelRef>,
    /// For classifier: Model: the model that is asked. A small one that answers at once is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelRef>,
    /// How long a call waits for Embedding or Model, from 1ms to 10s; then its class is the fallback. Without it: 300ms.
    #[x_kube(validation = at_least("1ms"), validation = at_most("10s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// For classifier: Embedding: how much more similar, from 0 to 1, the best class has to be than the second, for it to
    /// count. Without it: "0", which any lead is enough for.
    #[x_kube(validation = ratio(
        1,
        "is not a margin: write a decimal number from 0 to 1 with at most 6 decimals, such as 0.05"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_margin: Option<Decimal>,
}

/// How the class of a call is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Classifier {
    /// By conditions over the request.
    Rules,
    /// By the example that is most like it.
    Embedding,
    /// By a model that is asked.
    Model,
}

/// A class of tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskClass {
    /// Its name, as it stands in the ledger and in metrics.
    #[schemars(length(max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')").message(
            "is not the name of a class: write lower-case letters, digits and `-`, with no `-` at its ends, such as code"
        )
    )]
    pub name: String,
    /// For classifier: Rules: CEL expression over `request`, as in the `when` of rules, such as request.code or
    /// request.text.contains("translate"). Without it every call matches.
    #[schemars(length(min = 1, max = 4096))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What belongs to it, in words. For classifier: Model: shown to the model.
    #[schemars(length(min = 1, max = 500))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For classifier: Embedding: what users ask that belongs to it.
    #[schemars(
        length(min = 1, max = 32),
        inner(length(min = 1, max = 2000)),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<String>>,
    /// The score from 0 to 1 that a target's answers to this class have to have on average for `pick: Best`. Without it:
    /// any.
    #[x_kube(validation = ratio(
        1,
        "is not a score: write a decimal number from 0 to 1 with at most 6 decimals, such as 0.8"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<Decimal>,
}
