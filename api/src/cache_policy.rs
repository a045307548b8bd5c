//! `CachePolicy`: which answers are kept, for whom and how long.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::certificate_authority::CertificateAuthority;
use crate::condition::Status;
use crate::crd::undescribed;
use crate::duration::{Duration, at_least, at_most};
use crate::number::{ByteSize, Decimal, bytes_at_most, ratio};
use crate::reference::{ModelRef, PolicyTargetRef, SecretEntryRef, header_name};

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
#[x_kube(
    validation = Rule::new("!has(self.clientHeader) || !has(self.partition) || self.partition == 'Client'")
        .message("has no effect with partition: Route, where all clients share: write partition: Client, or remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".clientHeader")
)]
#[serde(rename_all = "camelCase")]
pub struct CachePolicySpec {
    /// Routes of this namespace whose answers are cached. A route has one policy: of two that name it, the older.
    #[schemars(
        length(min = 1, max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["kind", "name"])
    )]
    pub target_refs: Vec<PolicyTargetRef>,
    /// How long an answer is served from the cache.
    #[x_kube(validation = at_least("1s"), validation = at_most("720h"))]
    pub ttl: Duration,
    /// Who shares answers: Client (each client has its own) or Route (all clients of the route). Without it: Client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// For partition: Client: the header whose value tells clients apart, such as x-tenant. It has to be set by somebody
    /// who is trusted, before this gateway. A call without it is not cached. Without it: the credential of the call.
    #[schemars(length(max = 128))]
    #[x_kube(validation = header_name())]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_header: Option<String>,
    /// What of a request tells answers apart, beside what always does. Without it: what always does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyParts>,
    /// Which calls are cached: Chat (OpenAI chat completions), Completions, Responses, Messages (Anthropic), Generate
    /// (Gemini), Embeddings. Without it: all of them.
    #[schemars(length(min = 1, max = 6), extend("x-kubernetes-list-type" = "set"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<Method>>,
    /// Most bytes of an answer that is kept, such as 256Ki; at most 16Mi. Without it: 1Mi.
    #[x_kube(validation = bytes_at_most("16Mi"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_entry_bytes: Option<ByteSize>,
    /// Requests that state a higher temperature than this, from 0 to 2, are cached only if they ask for it with
    /// `Cache-Control: max-age=SECONDS`. Without it: "0".
    #[x_kube(validation = ratio(
        2,
        "is not a temperature: write a decimal number from 0 to 2 with at most 6 decimals, such as 0.7"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_temperature_above: Option<Decimal>,
    /// Answers that call tools: Skip (they are not kept) or Keep. Without it: Skip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<ToolCalls>,
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

/// What of a request tells answers apart, beside what always does: the route, the client, the model, the conversation,
/// the tools and every parameter but `user`, `metadata` and the stream flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new(NOT_BOTH)
        .message("has a member that is in include as well: remove it from one of both")
        .reason(Reason::FieldValueForbidden)
        .field_path(".exclude")
)]
#[serde(rename_all = "camelCase")]
pub struct KeyParts {
    /// Headers, and members of the body that are otherwise left out, such as `user`.
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<KeyPart>,
    /// Members at the top of the body that make no difference, such as `seed`.
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 128)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[x_kube(
        validation = Rule::new(
            "!self.exists(member, member in ['model', 'messages', 'input', 'prompt', 'contents'])"
        )
        .message("has what is asked: without model, messages, input, prompt or contents all questions would be one")
        .reason(Reason::FieldValueForbidden)
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

const NOT_BOTH: &str = concat!(
    "!has(self.include) || !has(self.exclude) || ",
    "!self.include.exists(part, has(part.member) && part.member in self.exclude)"
);

/// A part of a request: exactly one of the members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("has(self.header) != has(self.member)")
        .message("needs exactly one of header and member")
        .reason(Reason::FieldValueForbidden)
)]
#[serde(rename_all = "camelCase")]
pub struct KeyPart {
    /// A header, such as accept-language.
    #[schemars(length(max = 128))]
    #[x_kube(validation = header_name())]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// A member at the top of the body, such as user.
    #[schemars(length(min = 1, max = 128))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Method {
    /// OpenAI chat completions.
    Chat,
    /// OpenAI completions.
    Completions,
    /// OpenAI responses.
    Responses,
    /// Anthropic Messages.
    Messages,
    /// Gemini `generateContent`.
    Generate,
    /// OpenAI embeddings.
    Embeddings,
}

/// Whether answers that call tools are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum ToolCalls {
    /// Never.
    Skip,
    /// Like any other.
    Keep,
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
    pub redis: Option<Box<RedisStore>>,
}

/// A store in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryStore {
    /// Most bytes that it may take, such as 64Mi; at most 64Gi. The answers that are used least go first.
    #[x_kube(validation = bytes_at_most("64Gi"))]
    pub max_bytes: ByteSize,
}

/// A store in Redis or Valkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisStore {
    /// Entry of a Secret of this namespace that holds the URL, with its credentials:
    /// `rediss://USER:PASSWORD@HOST:PORT/DATABASE`, or `redis://` without TLS.
    pub url_secret_ref: SecretEntryRef,
    /// Standalone, or Cluster, where the URL is of any of its nodes. Without it: Standalone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<RedisMode>,
    /// How long a call waits for it, from 1ms to 50ms; then it goes on without. Without it: 20ms.
    #[x_kube(validation = at_least("1ms"), validation = at_most("50ms"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Certificates to trust instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<CertificateAuthority>,
    /// Entry of a Secret of this namespace that holds 32 random bytes in base64, as `openssl rand -base64 32` makes them:
    /// answers are encrypted with them. Without it: they are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key_ref: Option<SecretEntryRef>,
}

/// What stands behind the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum RedisMode {
    /// One server.
    Standalone,
    /// A cluster.
    Cluster,
}

/// Which requests are similar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Semantic {
    /// Cosine similarity from which on two requests count as the same, from 0 to 1. Without it: "0.95".
    #[x_kube(validation = ratio(
        1,
        "is not a similarity: write a decimal number from 0 to 1 with at most 6 decimals, such as 0.95"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Decimal>,
    /// The model that makes the embeddings, such as text-embedding-3-small, at a provider that speaks OpenAI's API.
    pub embedding: ModelRef,
    /// How long a call waits for an embedding, from 1ms to 10s; then it goes on without. Without it: 300ms.
    #[x_kube(validation = at_least("1ms"), validation = at_most("10s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Conversations with more messages of the user than this are only looked up as they stand. Without it: 3.
    #[schemars(range(min = 1, max = 20))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// Words (numbers, negations and names have to be the same in both) or None (similarity is enough). Without it: Words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
}

/// Whether two similar texts have to agree in what embeddings tell apart badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Verify {
    /// Numbers, negations and names have to be the same.
    Words,
    /// Similarity is enough.
    // Not `Off`, which YAML takes for `false`.
    None,
}
