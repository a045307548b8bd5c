//! `LLMRoute`: which models serve a call, and what happens when they fail.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Status;
use crate::crd::undescribed;
use crate::experiment::Experiment;
use crate::number::{Decimal, amount};
use crate::reference::model_patterns;
use crate::step::Step;
use crate::tasks::Tasks;
use crate::timing::{Retry, SlowStream, Timeouts};

/// Which models serve a call, and what happens when they fail.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "wayleave.dev",
    version = "v1alpha1",
    kind = "LLMRoute",
    doc = "A model name that clients ask for, and which models at which providers serve it: by rules, in a fallback chain, as a weighted pick or a race.",
    namespaced,
    status = "Status",
    derive = "PartialEq",
    shortname = "llmr",
    category = "wayleave",
    printcolumn(name = "Models", type_ = "string", json_path = ".spec.models"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct LLMRouteSpec {
    /// Model names that clients ask for. A name may end in `*` and then stands for all names that begin so; the
    /// longest match wins. Of two routes that claim the same name the older has it; the younger can still be reached
    /// as NAMESPACE/MODEL.
    #[schemars(
        length(min = 1, max = 64),
        inner(length(min = 1, max = 253)),
        extend("x-kubernetes-list-type" = "set"),
        transform = model_patterns
    )]
    pub models: Vec<String>,
    /// What is done with a call. The first rule that matches wins.
    #[schemars(length(min = 1, max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub rules: Vec<Rule>,
}

/// One rule of a route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// CEL expression over `request` (model, headers, path, stream, tools, tokens, metadata, text, length, turns, images,
    /// code, json, language) that says whether the rule matches, such as request.headers["x-tier"] == "free". Without it
    /// the rule always matches.
    #[schemars(length(min = 1, max = 4096))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Models that are compared on this rule's calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Box<Experiment>>,
    /// The fallback chain, tried in order until a step serves the call.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub steps: Vec<Step>,
    /// Failures after which the next target is tried: RateLimited (429), ServerError (5xx, an empty or malformed
    /// answer), Timeout (no content in time), Network, AuthFailed (401, 402, 403), ContextLength (the request does not
    /// fit the model), ContentFilter (the provider's policy refused), SlowStream. Without it: all but ContentFilter.
    /// An empty list never falls back.
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_on: Option<Vec<FallbackReason>>,
    /// What becomes of a parameter of the request that a target's API has no word for, such as `seed` at Anthropic:
    /// Drop (it is left out) or Reject (the target is passed over). Without it: Drop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<Unsupported>,
    /// Further tries of the same target after a server or network error. Without it: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The clocks of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
    /// When a stream counts as too slow to be served. Without it: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_stream: Option<SlowStream>,
    /// US dollars that a call may be expected to cost, such as "0.05". A target that is expected to cost more, or whose
    /// price nobody knows, is not asked; where none is left the call is refused with 402 before any is asked.
    /// Without it: no limit.
    #[x_kube(validation = amount())]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_per_call: Option<Decimal>,
    /// What calls ask for: each gets one of these classes. Without it calls have no class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Box<Tasks>>,
}

/// A failure after which the next target may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum FallbackReason {
    /// 429.
    RateLimited,
    /// 5xx, an empty or malformed answer.
    ServerError,
    /// No content in time.
    Timeout,
    /// No connection, or it broke.
    Network,
    /// 401, 402, 403 with every credential of the target.
    AuthFailed,
    /// The request does not fit the context window.
    ContextLength,
    /// The provider's content policy refused.
    ContentFilter,
    /// Too few characters per second.
    SlowStream,
}

/// What becomes of parameters that a target's API has no word for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Unsupported {
    /// Left out.
    Drop,
    /// The target is passed over.
    Reject,
}
