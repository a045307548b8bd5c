//! `LLMRoute`: which models serve a call, and what happens when they fail.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::Status;
use crate::crd::undescribed;
use crate::duration::{Duration, at_least, at_most, not_under_backoff, within_total};
use crate::experiment::Experiment;
use crate::judge::Judge;
use crate::number::{Decimal, amount, ratio};
use crate::reference::{TargetRef, WeightedTargetRef, header_name, model_patterns};
use crate::tasks::Tasks;

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

/// Several models at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Race {
    /// The lanes, in starting order.
    #[schemars(length(min = 2, max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub targets: Vec<TargetRef>,
    /// How long each lane waits for the one before it. Without it: all start together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stagger: Option<Duration>,
    /// What an answer has to be to win.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
    /// What happens to the lanes that lost: Auto (aborted where that stops the bill, else read to the end), Abort, or
    /// Drain (always read to the end, so that their usage is known). Without it: Auto.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub losers: Option<Losers>,
}

/// What an answer has to be to win a race, beyond a 2xx with real content and no error inside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accept {
    /// Characters of output, or one whole tool call, before a lane can win. Without it: 1.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_characters: Option<u32>,
    /// Whether the answer has to be JSON: Off, Parse (the whole answer parses), or Schema (and fits the schema that the
    /// request carries). Without it: Off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonAccept>,
    /// Whether a refusal can win: Allow or Reject. Without it: Allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusals: Option<Refusals>,
}

/// Whether an answer has to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum JsonAccept {
    /// Any text.
    Off,
    /// The whole answer parses.
    Parse,
    /// The whole answer parses and fits the request's schema.
    Schema,
}

/// Whether a refusal is an acceptable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Refusals {
    /// Served like any answer.
    Allow,
    /// Counts as a failure.
    Reject,
}

/// What happens to the lanes that lost a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Losers {
    /// Aborted where aborting stops the bill, drained where it does not.
    Auto,
    /// Always aborted.
    Abort,
    /// Always read to the end.
    Drain,
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

/// Further tries of the same target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = not_under_backoff())]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Tries after the first. Without it: 1.
    #[schemars(range(min = 0, max = 10))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Wait before the first of them; it doubles each time, ±20 %. Without it: 500ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Duration>,
    /// The longest wait. Without it: 5s, or `backoff` where that is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_backoff: Option<Duration>,
}

/// The clocks of a call. None may be longer than `total`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = within_total("connect"),
    validation = within_total("firstContent"),
    validation = within_total("idle")
)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// Until a connection stands. Without it: 2s.
    #[x_kube(validation = at_least("1ms"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Duration>,
    /// Until the first content of a stream. Without it: 15s for streams; an answer that is not streamed then has until
    /// `total`, as all its content comes at its end.
    #[x_kube(validation = at_least("1ms"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_content: Option<Duration>,
    /// Between two pieces of an answer. Without it: 30s.
    #[x_kube(validation = at_least("1ms"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// For the whole call, all attempts together; at most 24h. Without it: 10m.
    #[x_kube(validation = at_least("1ms"), validation = at_most("24h"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Duration>,
}

/// When a stream counts as too slow to be served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlowStream {
    /// Characters of output per second below which the stream is given up.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_characters_per_second: u32,
    /// Measured over this time from the first content; so long the stream is held back. From 100ms to 60s; without it:
    /// 2s.
    #[x_kube(validation = at_least("100ms"), validation = at_most("1m"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Duration>,
}
