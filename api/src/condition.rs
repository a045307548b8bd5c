//! What an object's status says. docs/status.md explains each condition and reason to users.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::experiment::status::ExperimentStatus;
use crate::reference::PolicyTargetKind;

/// What the gateway says of an object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The generation of the object that the conditions speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Accepted, ResolvedRefs, Programmed, and Ready when all three are true; Stalled while somebody has to act.
    #[schemars(
        length(max = 8),
        schema_with = "condition_list",
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"])
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Of a policy: what became of each object that it is attached to.
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["kind", "name"])
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetStatus>,
    /// Of a route: how its experiments stand. Figures are written twice a minute at most.
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentStatus>,
}

/// What became of an object that a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {
    /// Kind of the object.
    pub kind: PolicyTargetKind,
    /// Name of the object.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Whether the policy is the one that counts for the object.
    pub accepted: bool,
    /// Why, for programs: Accepted, Conflicted, TargetNotFound or Invalid.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// Why, for people.
    #[schemars(length(max = 4096))]
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What a condition speaks of. True is the good news, but for Stalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConditionType {
    /// The object is valid and nothing stands against it.
    Accepted,
    /// Everything that it refers to is there, may be used and works.
    ResolvedRefs,
    /// Every connected data plane has acknowledged this generation.
    Programmed,
    /// Accepted, ResolvedRefs and Programmed are true.
    Ready,
    /// Nothing changes until somebody changes the object. Only there when it is true, as the kstatus convention asks:
    /// Flux and others then stop waiting. The one condition whose True is bad news.
    Stalled,
}

/// Why a condition is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// `Accepted` is true.
    Accepted,
    /// A field has a value that means nothing, or that contradicts another field.
    Invalid,
    /// A field asks for something that this version of the gateway does not have yet.
    NotSupported,
    /// An older route has the model name, or an older policy the route.
    Conflicted,
    /// `ResolvedRefs` is true.
    ResolvedRefs,
    /// There is no such ProviderKey.
    ProviderKeyNotFound,
    /// The ProviderKey is there but broken.
    ProviderKeyBroken,
    /// The ProviderKey is there, but its provider has no API for what is asked of it.
    ProviderKeyUnsuitable,
    /// The ProviderKey of another namespace is not there, or does not allow this one: which of both is not told.
    RefNotPermitted,
    /// There is no such Secret.
    SecretNotFound,
    /// The Secret has no such entry, or one that cannot be used.
    SecretInvalid,
    /// There is no such ConfigMap.
    ConfigMapNotFound,
    /// The ConfigMap has no such entry, or one that cannot be used.
    ConfigMapInvalid,
    /// There is no object that the policy could be attached to.
    TargetNotFound,
    /// The operator may not read the Secret.
    SecretForbidden,
    /// The operator may not read the ConfigMap.
    ConfigMapForbidden,
    /// `Programmed` is true.
    Programmed,
    /// `Programmed` is true, but the store of the policy has no vector search: answers to similar requests are not shared.
    NoVectorSearch,
    /// Not every connected data plane has acknowledged this generation yet.
    Pending,
    /// No data plane is connected.
    NoDataPlanes,
    /// A data plane did not take this generation; what it had before stays in force there.
    Rejected,
    /// This generation is broken; the last good one stays in force.
    LastGoodInForce,
    /// This generation is broken and there is no earlier one: calls are answered with the reason.
    NotInForce,
    /// `Ready` is true.
    Ready,
}

impl ConditionType {
    /// As it stands in a status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::ResolvedRefs => "ResolvedRefs",
            Self::Programmed => "Programmed",
            Self::Ready => "Ready",
            Self::Stalled => "Stalled",
        }
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 24] = [
        Self::Accepted,
        Self::Invalid,
        Self::NotSupported,
        Self::Conflicted,
        Self::ResolvedRefs,
        Self::ProviderKeyNotFound,
        Self::ProviderKeyBroken,
        Self::ProviderKeyUnsuitable,
        Self::RefNotPermitted,
        Self::SecretNotFound,
        Self::SecretInvalid,
        Self::SecretForbidden,
        Self::ConfigMapNotFound,
        Self::ConfigMapInvalid,
        Self::ConfigMapForbidden,
        Self::TargetNotFound,
        Self::Programmed,
        Self::NoVectorSearch,
        Self::Pending,
        Self::NoDataPlanes,
        Self::Rejected,
        Self::LastGoodInForce,
        Self::NotInForce,
        Self::Ready,
    ];

    /// As it stands in a status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Invalid => "Invalid",
            Self::NotSupported => "NotSupported",
            Self::Conflicted => "Conflicted",
            Self::ResolvedRefs => "ResolvedRefs",
            Self::ProviderKeyNotFound => "ProviderKeyNotFound",
            Self::ProviderKeyBroken => "ProviderKeyBroken",
            Self::ProviderKeyUnsuitable => "ProviderKeyUnsuitable",
            Self::RefNotPermitted => "RefNotPermitted",
            Self::SecretNotFound => "SecretNotFound",
            Self::SecretInvalid => "SecretInvalid",
            Self::ConfigMapNotFound => "ConfigMapNotFound",
            Self::ConfigMapInvalid => "ConfigMapInvalid",
            Self::TargetNotFound => "TargetNotFound",
            Self::SecretForbidden => "SecretForbidden",
            Self::ConfigMapForbidden => "ConfigMapForbidden",
            Self::Programmed => "Programmed",
            Self::NoVectorSearch => "NoVectorSearch",
            Self::Pending => "Pending",
            Self::NoDataPlanes => "NoDataPlanes",
            Self::Rejected => "Rejected",
            Self::LastGoodInForce => "LastGoodInForce",
            Self::NotInForce => "NotInForce",
            Self::Ready => "Ready",
        }
    }

    /// The condition that it explains.
    pub const fn condition(self) -> ConditionType {
        match self {
            Self::Accepted | Self::Invalid | Self::NotSupported | Self::Conflicted => ConditionType::Accepted,
            Self::ResolvedRefs
            | Self::ProviderKeyNotFound
            | Self::ProviderKeyBroken
            | Self::ProviderKeyUnsuitable
            | Self::RefNotPermitted
            | Self::SecretNotFound
            | Self::SecretInvalid
            | Self::ConfigMapNotFound
            | Self::ConfigMapInvalid
            | Self::TargetNotFound
            | Self::SecretForbidden
            | Self::ConfigMapForbidden => ConditionType::ResolvedRefs,
            Self::Programmed
            | Self::NoVectorSearch
            | Self::Pending
            | Self::NoDataPlanes
            | Self::Rejected
            | Self::LastGoodInForce
            | Self::NotInForce => ConditionType::Programmed,
            Self::Ready => ConditionType::Ready,
        }
    }
}

/// The published schema of conditions leaves lengths open that an API server of any version bounds.
fn condition_list(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": { "type": "string", "maxLength": 64, "description": "What the condition speaks of." },
                "status": {
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                    "description": "True is the good news, but for Stalled."
                },
                "observedGeneration": {
                    "type": "integer",
                    "format": "int64",
                    "description": "The generation of the object that the condition speaks of."
                },
                "lastTransitionTime": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When the status last changed."
                },
                "reason": { "type": "string", "maxLength": 64, "description": "Why, for programs." },
                "message": { "type": "string", "maxLength": 32768, "description": "Why, for people." }
            }
        }
    })
}
