//! Who may use a `ProviderKey`.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;

/// Namespaces whose routes may use a ProviderKey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("self.from != 'Selector' || has(self.selector)")
        .message("is missing: from: Selector needs the labels that it asks for")
        .reason(Reason::FieldValueRequired)
        .field_path(".selector"),
    validation = Rule::new("self.from == 'Selector' || !has(self.selector)")
        .message("has no effect: write from: Selector, or remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".selector"),
    validation = Rule::new(ASKS_FOR_LABELS)
        .message("is empty and would let every namespace in: say so with from: All")
        .reason(Reason::FieldValueRequired)
        .field_path(".selector")
)]
#[serde(rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// Same (its own namespace), All, or Selector (those whose labels match `selector`).
    pub from: NamespacesFrom,
    /// Labels that a namespace has to have, for Selector. Its own namespace may always use the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<NamespaceSelector>,
}

const ASKS_FOR_LABELS: &str = concat!(
    "self.from != 'Selector' || !has(self.selector)",
    " || (has(self.selector.matchLabels) && self.selector.matchLabels.size() > 0)",
    " || (has(self.selector.matchExpressions) && self.selector.matchExpressions.size() > 0)",
);

/// Which namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum NamespacesFrom {
    /// Its own.
    Same,
    /// All.
    All,
    /// By label.
    Selector,
}

/// Labels that a namespace has to have; all of it has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// Labels with exactly these values.
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 63}))]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Demands on single labels.
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelExpression>,
}

/// A demand on one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)")
        .message("is empty: In and NotIn need the values of the label")
        .reason(Reason::FieldValueRequired)
        .field_path(".values"),
    validation = Rule::new("self.operator in ['In', 'NotIn'] || !has(self.values) || self.values.size() == 0")
        .message("has no effect with Exists and DoesNotExist: remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".values")
)]
#[serde(rename_all = "camelCase")]
pub struct LabelExpression {
    /// Key of the label.
    #[schemars(length(min = 1, max = 317))]
    pub key: String,
    /// In or NotIn (one of `values`), Exists or DoesNotExist.
    pub operator: LabelOperator,
    /// Values for In and NotIn.
    #[schemars(length(max = 16), inner(length(max = 63)), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// How a label is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum LabelOperator {
    /// The value is one of these.
    In,
    /// There is no such label, or its value is none of these.
    NotIn,
    /// There is such a label.
    Exists,
    /// There is no such label.
    DoesNotExist,
}
