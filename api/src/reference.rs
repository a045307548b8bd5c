//! References from one object to another.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use kube::core::Rule;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;

/// One entry of a Secret in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretEntryRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Entry of the Secret that holds the value.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// One entry of a ConfigMap in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapEntryRef {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Entry of the ConfigMap that holds the value.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// A credential: one entry of a Secret in the same namespace, with its share of the calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Entry of the Secret that holds the API key.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
    /// Share of the calls that use this credential, relative to the others of the list. Without it: 1. With 0 it is
    /// used only when the others are out.
    #[schemars(range(min = 0, max = 1000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// A kind that a policy can be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum PolicyTargetKind {
    /// A route.
    LLMRoute,
}

/// The object that a policy is attached to, in the namespace of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyTargetRef {
    /// Kind of the object: LLMRoute.
    pub kind: PolicyTargetKind,
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A ProviderKey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderKeyRef {
    /// Name of the ProviderKey.
    #[schemars(length(min = 1, max = 253))]
    #[serde(rename = "providerKey")]
    pub name: String,
    /// Namespace of the ProviderKey. Without it: the namespace of this object. Another namespace has to be allowed by
    /// the ProviderKey's `allowedNamespaces`.
    #[schemars(length(min = 1, max = 63))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// One model at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelRef {
    /// The provider.
    #[serde(flatten)]
    pub provider_key: ProviderKeyRef,
    /// Model to ask the provider for.
    #[schemars(length(max = 253))]
    #[x_kube(
        validation = Rule::new("self.trim() != ''")
            .message("is empty: write the name of a model")
            .reason(Reason::FieldValueRequired),
        validation = Rule::new("!self.contains('*')").message("is a pattern: write the name of one model")
    )]
    pub model: String,
}

/// What a call may go to: a model at a provider, or the model there that the client asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetRef {
    /// The provider.
    #[serde(flatten)]
    pub provider_key: ProviderKeyRef,
    /// Model to ask the provider for. Without it: the model that the client asked for.
    #[schemars(length(max = 253))]
    #[x_kube(
        validation = Rule::new("self.trim() != ''")
            .message("is empty: write the provider's model name, or remove it to pass the client's on")
            .reason(Reason::FieldValueRequired),
        validation = Rule::new("!self.contains('*')")
            .message("is a pattern: remove it to pass the client's model name on")
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// A target with its share of a weighted pick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WeightedTargetRef {
    /// The target.
    #[serde(flatten)]
    pub target: TargetRef,
    /// Share of the calls, relative to the other targets of the step. Without it: 1. With 0 it only stands in for the
    /// others when they fail.
    #[schemars(range(min = 0, max = 1_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// The rules of each model name that a route claims.
pub(crate) fn model_patterns(models: &mut Schema) {
    let rules = [
        Rule::new("!self.matches('[*].')").message(
            "has a `*` that is not its last character: only names that begin alike can be claimed together",
        ),
        Rule::new(r"!self.matches(r'[\p{Z}\p{Cc}]')")
            .message("has a space or a control character: no client can ask for it"),
    ];
    if let Some(model) = models.get_mut("items").and_then(|items| items.as_object_mut()) {
        model.insert("x-kubernetes-validations".to_owned(), serde_json::json!(rules));
    }
}

/// The rule of the name of a header.
pub(crate) fn header_name() -> Rule {
    Rule::new("self.matches('^[A-Za-z0-9._-]+$')").message(
        "is not the name of a header: write letters, digits, `-`, `_` and `.` only, such as x-tenant",
    )
}
