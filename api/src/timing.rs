//! How long a call may take, and how often a target is tried.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::duration::{Duration, at_least, at_most, not_under_backoff, within_total};

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
