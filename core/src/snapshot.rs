//! The compiled configuration: what the compiler hands to the data plane.
//!
//! Free of Kubernetes and Envoy types, and plain data throughout: programs, indexes and resolved prices are built
//! from it by [`crate::table::Table`]. A broken object is an entry with its reason, never an absence.

pub mod cache;
pub mod experiment;
pub mod tasks;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::cache::Cache;
use self::experiment::{Best, Experiment, Judge};
use self::tasks::Tasks;
use crate::capability::CapabilityRow;
use crate::format::{Framing, Paths, Upstream, WireFormat};
use crate::money::Ticks;
use crate::outcome::FallbackOn;
use crate::price::{Overlay, Ratio};
use crate::secret::Secret;
use crate::vendor::Vendor;

/// The version of this contract. A data plane that meets another keeps its last good configuration.
pub const FORMAT_VERSION: u32 = 1;

/// Everything that one data plane serves.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Snapshot {
    /// In order of precedence: the older first, then by namespace and name.
    pub routes: Vec<Route>,
    /// By namespace and name.
    pub providers: Vec<Provider>,
    /// By namespace and name.
    pub caches: Vec<Cache>,
}

/// Names an object: `NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectName {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl ObjectName {
    /// From its two parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// One `LLMRoute`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Route {
    /// The object it comes from.
    pub name: ObjectName,
    /// When the object was made; `None` in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The model names that it claims.
    pub models: Vec<ModelClaim>,
    /// What it does with a call.
    pub rules: RouteRules,
}

impl Route {
    /// What routes are ordered by: the older first, one without a date after all that have one, then by name.
    pub fn precedence(&self) -> (bool, Option<Timestamp>, &ObjectName) {
        (self.created.is_none(), self.created, &self.name)
    }
}

/// A model name that a route claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelClaim {
    /// A name, or a prefix followed by one `*`.
    pub pattern: Arc<str>,
    /// Whether the plain name is this route's. A younger route that lost the name keeps `NAMESPACE/MODEL` only.
    pub owned: bool,
}

/// The rules of a route, or why it has none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RouteRules {
    /// The first match wins.
    Rules(Vec<Rule>),
    /// The object is broken: calls for its models are answered with this reason.
    Broken(String),
}

/// One rule of a route.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// A CEL expression over `request`; `None` always matches.
    pub when: Option<Arc<str>>,
    /// Models that are compared on its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Box<Experiment>>,
    /// The fallback chain, tried in order. Never empty.
    pub steps: Vec<Step>,
    /// Which failures move on to the next target.
    pub fallback_on: FallbackOn,
    /// Further tries of the same target.
    pub retry: Retry,
    /// The clocks of a call.
    pub timeouts: Timeouts,
    /// When a stream counts as too slow; `None`: never.
    pub slow_stream: Option<SlowStream>,
    /// What becomes of parameters that a target's API has no word for.
    #[serde(default)]
    pub unsupported: Unsupported,
    /// What a call may be expected to cost at a target, for that to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Ticks>,
    /// What its calls ask for; `None`: they have no class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Tasks>,
}

/// What becomes of parameters of a request that a target's API has no word for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsupported {
    /// Left out.
    #[default]
    Drop,
    /// The target is passed over.
    Reject,
}

/// One step of the chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// One target serves; the others of the step stand in for it.
    Pick {
        /// How the first is chosen.
        pick: Pick,
        /// The candidates. Never empty.
        targets: Vec<Target>,
    },
    /// Several run at once; the fastest acceptable answer is served.
    Race {
        /// The lanes, in starting order. At least two.
        targets: Vec<Target>,
        /// How long a lane waits for the one before it; zero starts all together.
        stagger: Duration,
        /// What makes an answer acceptable.
        accept: Accept,
        /// What happens to the lanes that lost.
        losers: Losers,
    },
}

/// How a step orders its targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// At random, by weight.
    #[default]
    Weighted,
    /// By weight, but alike for all calls that have the same value there.
    Sticky(StickyBy),
    /// What this call is expected to cost the least at.
    Cheapest,
    /// What has answered fastest of late.
    Fastest {
        /// The share of the calls that goes to any target, so that one that heals is found again.
        explore: Ratio,
    },
    /// What has the fewest calls in flight.
    LeastBusy,
    /// The cheapest or fastest of those that are good enough.
    Best(Box<Best>),
}

impl Pick {
    /// Who scores the answers.
    pub fn judge(&self) -> Option<&Judge> {
        match self {
            Self::Best(best) => best.judge.as_ref(),
            Self::Weighted | Self::Sticky(_) | Self::Cheapest | Self::Fastest { .. } | Self::LeastBusy => {
                None
            }
        }
    }
}

/// What calls have in common that go to the same target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StickyBy {
    /// The value of a header, by its name in lower case.
    Header(Arc<str>),
    /// A member of the request's metadata; `user` is one.
    Metadata(Arc<str>),
}

/// A model at a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The `ProviderKey`. It may be missing from the snapshot or broken: the target then fails with that reason.
    pub provider: ObjectName,
    /// The model to ask for; `None`: the one that the client asked for.
    pub model: Option<Arc<str>>,
    /// The share of a weighted pick. 0 stands in for others only.
    pub weight: u32,
}

/// What makes an answer in a race acceptable, beyond a 2xx with real content and no error inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// Characters of output, or one whole tool call, before a lane can win.
    pub min_characters: u32,
    /// Whether the answer has to be JSON.
    pub json: JsonAccept,
    /// Whether a refusal can win.
    pub refusals: Refusals,
}

impl Default for Accept {
    fn default() -> Self {
        Self {
            min_characters: 1,
            json: JsonAccept::Off,
            refusals: Refusals::Allow,
        }
    }
}

/// Whether an answer has to be JSON to be acceptable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JsonAccept {
    /// Any text.
    #[default]
    Off,
    /// The whole answer parses as JSON.
    Parse,
    /// The whole answer parses and fits the schema that the request carries (if it carries one).
    Schema,
}

/// Whether a refusal is an acceptable answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusals {
    /// Served like any answer.
    #[default]
    Allow,
    /// Counts as a failure.
    Reject,
}

/// What happens to the lanes that lost a race.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Losers {
    /// Aborted where aborting stops the bill, drained where it does not.
    #[default]
    Auto,
    /// Always aborted.
    Abort,
    /// Always read to the end, so that their usage is known.
    Drain,
}

/// Further tries of one target after a server or network error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries after the first.
    pub attempts: u32,
    /// Wait before the first of them; doubles each time, ±20 %.
    pub backoff: Duration,
    /// The longest wait.
    pub max_backoff: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 0,
            backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(5),
        }
    }
}

/// The clocks of a call. Each is a reason to fall back, with a class of its own in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the first content of a stream. A call that is not streamed has all its content at its end, so this
    /// clock runs for it only where the route sets it: see [`Timeouts::first_content_unstreamed`].
    pub first_content: Duration,
    /// Whether the route sets `first_content` itself.
    pub first_content_set: bool,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// For the whole call, all attempts together.
    pub total: Duration,
}

impl Timeouts {
    /// Until the whole content of an answer that is not streamed.
    pub fn first_content_unstreamed(&self) -> Duration {
        if self.first_content_set {
            self.first_content
        } else {
            self.total
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            first_content: Duration::from_secs(15),
            first_content_set: false,
            idle: Duration::from_secs(30),
            total: Duration::from_secs(600),
        }
    }
}

/// When a stream counts as too slow to be served. It is judged before the commit point, so the first `window` of
/// the stream is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowStream {
    /// Characters of output per second.
    pub min_characters_per_second: u32,
    /// Measured over this time from the first content.
    pub window: Duration,
}

/// One `ProviderKey`.
#[derive(Clone, Debug, Serialize)]
pub struct Provider {
    /// The object it comes from.
    pub name: ObjectName,
    /// How to reach it, or why it cannot be used.
    pub access: Access,
}

/// How to reach a provider, or why it cannot be used.
#[derive(Clone, Debug, Serialize)]
pub enum Access {
    /// Usable.
    Ready(Arc<Endpoint>),
    /// Broken, with the reason.
    Broken(String),
}

/// How to reach a provider.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoint {
    /// The row of the vendor table, with the format of a `Custom` endpoint filled in.
    pub vendor: Vendor,
    /// The base URL as the vendor's official SDK takes it, without a trailing slash.
    pub url: Arc<str>,
    /// How paths are made below it.
    pub paths: Paths,
    /// The region of AWS, for vendors whose requests are signed.
    pub region: Option<Arc<str>>,
    /// Credentials, load-balanced. Empty: keyless.
    pub keys: Vec<Key>,
    /// PEM certificates to trust instead of the system's.
    pub ca_pem: Option<Arc<str>>,
    /// Prices that the user states, and the negotiated share of the price book's.
    pub prices: Overlay,
    /// What the user says of its models. The first row that matches counts.
    pub capabilities: Vec<CapabilityRow>,
    /// What the provider allows.
    pub limits: Limits,
}

impl Endpoint {
    /// Where, and in which format, a request of the client format `asked` goes. `None`: there is nothing for it.
    pub fn upstream(&self, asked: WireFormat, client: Framing, model: &str) -> Option<Upstream> {
        Upstream::find(&self.vendor, &self.paths, asked, client, model)
    }

    /// Whether it can be asked for embeddings.
    pub fn embeds(&self, model: &str) -> bool {
        self.upstream(WireFormat::OpenAIEmbeddings, Framing::Whole, model)
            .is_some()
    }
}

/// One credential of a provider.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    /// What names it in the ledger: `SECRET/ENTRY`.
    pub name: Arc<str>,
    /// The credential.
    pub secret: Secret,
    /// Its share of the calls.
    pub weight: u32,
}

/// What a provider allows for one credential. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls started per minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, input and output.
    pub tokens_per_minute: Option<u32>,
    /// Calls at once.
    pub concurrency: Option<u32>,
}

#[cfg(test)]
pub(crate) mod samples;
