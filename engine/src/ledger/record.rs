//! The ledger's records.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use wayleave_core::format::WireFormat;
use wayleave_core::money::{Ticks, Usd};
use wayleave_core::outcome::Class;
use wayleave_core::price::CostSource;
use wayleave_core::usage::{ServiceTier, Usage};
use wayleave_core::walk::Role;

/// One line of the ledger.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// One request to one provider.
    Attempt(Box<AttemptRecord>),
    /// One call of a client: written when its last attempt has ended.
    Call(Box<CallRecord>),
    /// What a client said of an answer.
    Feedback(Box<FeedbackRecord>),
}

/// One request to one provider.
#[derive(Clone, Debug, Serialize)]
pub struct AttemptRecord {
    /// `CALL/ATTEMPT`: the same wherever the record comes to, however often.
    pub id: String,
    /// The call's id.
    pub call: Arc<str>,
    /// Counts from 1 in the order of beginning.
    pub attempt: u32,
    /// The lane of a race, from 0; 0 outside races.
    pub lane: u32,
    /// Its part.
    pub role: Role,
    /// `NAMESPACE/NAME` of the route.
    pub route: Arc<str>,
    /// The place in the route of the rule that the call went by.
    pub rule: usize,
    /// The client: the first 16 digits of the digest of its credential; `None`: it showed none.
    pub client: Option<Arc<str>>,
    /// What the call asks for, where its rule has classes and it was known by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_class: Option<Arc<str>>,
    /// `NAMESPACE/NAME` of the provider key.
    pub provider: String,
    /// `SECRET/ENTRY` of the credential; `None`: keyless.
    pub key: Option<String>,
    /// The model that was asked for.
    pub model_asked: String,
    /// The model that the provider says it served.
    pub model_served: Option<String>,
    /// The provider's status.
    pub status: Option<u16>,
    /// How it ended.
    pub class: Class,
    /// What happened, where it did not end well.
    pub reason: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// Milliseconds to its first content.
    pub first_content_ms: Option<f64>,
    /// Milliseconds to its end.
    pub duration_ms: f64,
    /// Usage, normalised; `None`: nothing that is billed came of it.
    pub usage: Option<Usage>,
    /// Whether usage is our own count.
    pub estimated: bool,
    /// The tier that served, where the provider says.
    pub tier: Option<ServiceTier>,
    /// What it cost in 1e-10 USD; `None`: nobody has a price.
    pub cost_ticks: Option<Ticks>,
    /// The same in dollars.
    pub cost_usd: Option<Usd>,
    /// What it was expected to cost before, in 1e-10 USD, where the rule goes by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_ticks: Option<Ticks>,
    /// Where the figure comes from.
    pub cost_source: CostSource,
    /// The prices that it was reckoned with.
    pub price_version: Option<String>,
    /// What the answer cost the call that it was made for, where this one got it for nothing, in 1e-10 USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_ticks: Option<Ticks>,
    /// The same in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_usd: Option<Usd>,
    /// The cosine similarity of the request that the answer was made for, where it was not an equal one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
    /// The call that the answer was made for, where it was another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
}

/// One call of a client.
#[derive(Clone, Debug, Serialize)]
pub struct CallRecord {
    /// The call's id once more: the same wherever the record comes to, however often.
    pub id: Arc<str>,
    /// The call's id.
    pub call: Arc<str>,
    /// `NAMESPACE/NAME` of the route.
    pub route: Arc<str>,
    /// The rule's place in the route.
    pub rule: usize,
    /// The client, as in [`AttemptRecord::client`].
    pub client: Option<Arc<str>>,
    /// The operation.
    pub endpoint: &'static str,
    /// The client's format.
    pub format: WireFormat,
    /// The model that the client asked for.
    pub model_asked: String,
    /// Whether it asked for a stream.
    pub stream: bool,
    /// The status that the client got; `None`: it left before.
    pub status: Option<u16>,
    /// How it ended.
    pub class: Class,
    /// How many attempts it took.
    pub attempts: u32,
    /// `NAMESPACE/NAME` of the provider key that served.
    pub provider: Option<String>,
    /// The model that served.
    pub model_served: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// Milliseconds to the first content that was sent to the client.
    pub first_content_ms: Option<f64>,
    /// Milliseconds until the client had it all.
    pub duration_ms: f64,
    /// The sum of its attempts in 1e-10 USD; `None`: one of them has no price.
    pub cost_ticks: Option<Ticks>,
    /// The same in dollars.
    pub cost_usd: Option<Usd>,
    /// What became of it at the cache of its route, if that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<&'static str>,
    /// What its answer is kept under, `ROUTE/CLIENT/REQUEST`, where it went through a cache. A purge takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_key: Option<String>,
    /// What it asks for, where its rule has classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_class: Option<Arc<str>>,
    /// By embeddings: how far the second-best class was behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_margin: Option<f64>,
    /// How the class was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_by: Option<&'static str>,
}

/// What a client said of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct FeedbackRecord {
    /// `CALL/feedback/NAME`: the same wherever the record comes to, however often.
    pub id: String,
    /// The call's id.
    pub call: Arc<str>,
    /// `NAMESPACE/NAME` of the route.
    pub route: Arc<str>,
    /// The rule's place in the route.
    pub rule: usize,
    /// The client, as in [`AttemptRecord::client`].
    pub client: Option<Arc<str>>,
    /// `NAMESPACE/NAME` of the provider key that gave the answer; `None`: none did to this call.
    pub provider: Option<String>,
    /// The model that it was asked for.
    pub model_asked: Option<String>,
    /// When it came.
    pub started: Timestamp,
    /// What was said.
    pub feedback: Said,
}

/// What was said of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// What the value is of.
    pub name: String,
    /// In 0..=1.
    pub value: f64,
    /// In the client's words.
    pub comment: Option<String>,
    /// Whether it counts as evidence of the target.
    pub counted: bool,
}

impl AttemptRecord {
    /// The id of an attempt's record.
    pub fn id(call: &str, attempt: u32) -> String {
        format!("{call}/{attempt}")
    }
}

impl Record {
    /// The call that it belongs to.
    pub fn call(&self) -> &str {
        match self {
            Self::Attempt(record) => &record.call,
            Self::Call(record) => &record.call,
            Self::Feedback(record) => &record.call,
        }
    }
}

#[cfg(test)]
impl Record {
    /// A record of a call that says little.
    pub(crate) fn sample(number: u32) -> Self {
        let id: Arc<str> = format!("call-{number}").into();
        Self::Call(Box::new(CallRecord {
            call: Arc::clone(&id),
            id,
            route: "team/chat".into(),
            rule: 0,
            client: None,
            endpoint: "chat",
            format: WireFormat::OpenAIChat,
            model_asked: "chat".to_owned(),
            stream: false,
            status: Some(200),
            class: Class::Ok,
            attempts: 0,
            provider: None,
            model_served: None,
            started: Timestamp::UNIX_EPOCH,
            first_content_ms: None,
            duration_ms: 1.0,
            cost_ticks: Some(Ticks::ZERO),
            cost_usd: None,
            cache: None,
            cache_key: None,
            task_class: None,
            task_margin: None,
            task_by: None,
        }))
    }
}
