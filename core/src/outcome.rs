//! How an attempt ended: whose fault it was, and whether another try is safe.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The class of an attempt's end. Also a metric label: the set is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// An answer came whole.
    Ok,
    /// The caller's request is at fault: another target would refuse it as well.
    Caller,
    /// The request does not fit the model's context window.
    ContextLength,
    /// The provider's content policy refused the request.
    ContentFilter,
    /// The credential is refused, or has no credit left.
    AuthFailed,
    /// Too many requests or tokens, by the provider's count.
    RateLimited,
    /// The provider failed.
    ServerError,
    /// No connection, or it broke.
    Network,
    /// No content in time.
    Timeout,
    /// Too few characters per second.
    SlowStream,
    /// A 200 without content.
    Empty,
    /// A 200 that is not in the provider's format.
    Malformed,
    /// A refusal where the route rejects refusals.
    Refused,
    /// Not the JSON that the route demands.
    NotJson,
    /// The stream broke after its first content had reached the client.
    Cut,
    /// The client left.
    ClientLeft,
    /// Another lane of the race won.
    LostRace,
    /// The target was not asked: it would lose a part of the request, and the rule says `unsupported: Reject`.
    Unsupported,
    /// The target could not be tried: its configuration is broken.
    Unusable,
}

impl Class {
    /// Every class, for metrics and tables.
    pub const ALL: [Self; 19] = [
        Self::Ok,
        Self::Caller,
        Self::ContextLength,
        Self::ContentFilter,
        Self::AuthFailed,
        Self::RateLimited,
        Self::ServerError,
        Self::Network,
        Self::Timeout,
        Self::SlowStream,
        Self::Empty,
        Self::Malformed,
        Self::Refused,
        Self::NotJson,
        Self::Cut,
        Self::ClientLeft,
        Self::LostRace,
        Self::Unsupported,
        Self::Unusable,
    ];

    /// As it stands in the ledger and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Caller => "caller",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::AuthFailed => "auth_failed",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::SlowStream => "slow_stream",
            Self::Empty => "empty",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::NotJson => "not_json",
            Self::Cut => "cut",
            Self::ClientLeft => "client_left",
            Self::LostRace => "lost_race",
            Self::Unsupported => "unsupported",
            Self::Unusable => "unusable",
        }
    }
}

/// A failure that a route may name in `fallbackOn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FallbackReason {
    /// 429.
    RateLimited,
    /// 5xx, an empty or malformed answer, an unknown error inside a 200.
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

impl FallbackReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::RateLimited,
        Self::ServerError,
        Self::Timeout,
        Self::Network,
        Self::AuthFailed,
        Self::ContextLength,
        Self::ContentFilter,
        Self::SlowStream,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The failures after which the next target is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FallbackOn(u8);

/// As the list that a user would write.
impl Serialize for FallbackOn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            FallbackReason::ALL
                .into_iter()
                .filter(|reason| self.0 & reason.bit() != 0),
        )
    }
}

impl<'de> Deserialize<'de> for FallbackOn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<FallbackReason>::deserialize(deserializer).map(Self::new)
    }
}

impl Default for FallbackOn {
    /// Everything but [`FallbackReason::ContentFilter`]: carrying a refused request from provider to provider is a
    /// choice that the route has to make.
    fn default() -> Self {
        Self::new(
            FallbackReason::ALL
                .into_iter()
                .filter(|reason| *reason != FallbackReason::ContentFilter),
        )
    }
}

impl FallbackOn {
    /// Exactly these.
    pub fn new(reasons: impl IntoIterator<Item = FallbackReason>) -> Self {
        Self(reasons.into_iter().fold(0, |bits, reason| bits | reason.bit()))
    }

    /// Whether an attempt that ended in `class` may be followed by another target.
    pub const fn allows(self, class: Class) -> bool {
        let reason = match class {
            Class::RateLimited => FallbackReason::RateLimited,
            Class::ServerError | Class::Empty | Class::Malformed => FallbackReason::ServerError,
            Class::Timeout => FallbackReason::Timeout,
            Class::Network => FallbackReason::Network,
            Class::AuthFailed => FallbackReason::AuthFailed,
            Class::ContextLength => FallbackReason::ContextLength,
            Class::ContentFilter => FallbackReason::ContentFilter,
            Class::SlowStream => FallbackReason::SlowStream,
            // The route asked for better than this, or the target was never tried.
            Class::Refused | Class::NotJson | Class::LostRace | Class::Unsupported | Class::Unusable => {
                return true;
            }
            Class::Ok | Class::Caller | Class::Cut | Class::ClientLeft => return false,
        };
        self.0 & reason.bit() != 0
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The class.
    pub class: Class,
    /// The provider's status; `None`: no answer came.
    pub status: Option<u16>,
    /// How long the provider asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What happened, for people; never a credential.
    pub message: String,
}
