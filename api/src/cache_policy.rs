//! `CachePolicy`: which answers are kept, for whom and how long.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Status;
use crate::crd::undescribed;
use crate::duration::{Duration, at_least, at_most};
use crate::number::{ByteSize, Decimal, ratio};
use crate::reference::{ModelRef, PolicyTargetRef, SecretEntryRef};

/// Which answers are kept, for whom and how long.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "wayleave.dev",
    version = "v1alpha1",
    kind = "CachePolicy",
    plural = "cachepolicies",
    doc = "A cache of answers for routes: equal requests, or also similar ones, are served without a provider.",
    namespaced,
    status = "Status",
    derive = "PartialEq",
    shortname = "cpol",
    category = "wayleave",
    printcolumn(name = "TTL", type_ = "string", json_path = ".spec.ttl"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct CachePolicySpec {
    /// Routes of this namespace whose answers are cached.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub target_refs: Vec<PolicyTargetRef>,
    /// How long an answer is served from the cache.
    #[x_kube(validation = at_least("1s"), validation = at_most("720h"))]
    pub ttl: Duration,
    /// Who shares answers: Client (each client has its own) or Route (all clients of the route). Without it: Client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// Where answers are kept. Without it: in memory, 64Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
    /// Serves answers to similar requests as well. Without it: to equal requests only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic: Option<Semantic>,
}

/// Who shares cached answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Partition {
    /// Each client has its own.
    Client,
    /// All clients of the route.
    Route,
}

/// Where answers are kept: exactly one of the members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("has(self.memory) != has(self.redis)")
        .message("needs exactly one of memory and redis")
        .reason(Reason::FieldValueForbidden)
)]
#[serde(rename_all = "camelCase")]
pub struct Store {
    /// In the memory of each data plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryStore>,
    /// In Redis, shared by all data planes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisStore>,
}

/// A store in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryStore {
    /// Most bytes that it may take, such as 64Mi. The answers that were not used for longest go first.
    pub max_bytes: ByteSize,
}

/// A store in Redis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisStore {
    /// Entry of a Secret of this namespace that holds the URL, with its credentials.
    pub url_secret_ref: SecretEntryRef,
}

/// Which requests are similar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Semantic {
    /// Cosine similarity from which on two requests count as the same, from 0 to 1, such as "0.95".
    #[x_kube(validation = ratio(
        1,
        "is not a similarity: write a decimal number from 0 to 1 with at most 6 decimals, such as 0.95"
    ))]
    pub threshold: Decimal,
    /// The model that makes the embeddings.
    pub embedding: ModelRef,
}
