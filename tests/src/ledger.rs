//! The ledger's records, as far as tests look at them.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;

/// One line of the ledger.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// One request to one provider.
    Attempt(Attempt),
    /// One call of a client.
    Call(Call),
    /// What a client said of an answer.
    Feedback(Feedback),
}

/// One request to one provider.
#[derive(Clone, Debug, Deserialize)]
pub struct Attempt {
    /// The call's id.
    pub call: String,
    /// Counts from 1.
    pub attempt: u32,
    /// The lane of a race.
    pub lane: u32,
    /// `primary`, `retry`, `fallback`, `race-winner`, `race-loser`.
    pub role: String,
    /// `NAMESPACE/NAME` of the provider key.
    pub provider: String,
    /// `SECRET/ENTRY` of the credential.
    pub key: Option<String>,
    /// How it ended.
    pub class: String,
    /// The provider's status.
    pub status: Option<u16>,
    /// When it began.
    pub started: Timestamp,
    /// Milliseconds to its end.
    pub duration_ms: f64,
    /// Tokens.
    pub usage: Option<serde_json::Value>,
    /// Whether the tokens are the gateway's own count.
    pub estimated: bool,
    /// 1e-10 USD.
    pub cost_ticks: Option<i64>,
    /// The call whose answer served.
    pub answered: Option<String>,
}

/// What a client said of an answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Feedback {
    /// The call's id.
    pub call: String,
    /// `NAMESPACE/NAME` of the provider key that gave the answer.
    pub provider: Option<String>,
    /// What was said.
    pub feedback: serde_json::Value,
}

/// One call of a client.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// Its id.
    pub call: String,
    /// `NAMESPACE/NAME` of the route.
    pub route: String,
    /// The model that the client asked for.
    pub model_asked: String,
    /// The status that the client got.
    pub status: Option<u16>,
    /// How it ended.
    pub class: String,
    /// How many attempts it took.
    pub attempts: u32,
    /// When it began.
    pub started: Timestamp,
    /// Milliseconds to its end.
    pub duration_ms: f64,
    /// 1e-10 USD.
    pub cost_ticks: Option<i64>,
}

/// The records of one call.
#[derive(Clone, Debug)]
pub struct Books {
    /// The call's own.
    pub call: Call,
    /// Its attempts in the order of their beginning.
    pub attempts: Vec<Attempt>,
}

impl Record {
    /// Reads the ledger's file: one record per line.
    ///
    /// # Panics
    /// When a line is not a record.
    pub fn read_lines(text: &str) -> Vec<Self> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        text.lines().map(read).collect()
    }
}

impl Books {
    /// Sorts the records of one call; `None` while the call's own is missing.
    pub fn of(records: Vec<Record>) -> Option<Self> {
        let mut attempts = Vec::new();
        let mut own = None;
        for record in records {
            match record {
                Record::Attempt(attempt) => attempts.push(attempt),
                Record::Call(call) => own = Some(call),
                Record::Feedback(_) => {}
            }
        }
        attempts.sort_by_key(|attempt| attempt.attempt);
        own.map(|call| Self { call, attempts })
    }

    /// All calls of a ledger, in the order of their ends.
    pub fn all(records: &[Record]) -> Vec<Self> {
        let ids = records.iter().filter_map(|record| match record {
            Record::Call(call) => Some(&call.call),
            Record::Attempt(_) | Record::Feedback(_) => None,
        });
        let of = |id: &String| {
            let own = records.iter().filter(|record| record.id() == id);
            Self::of(own.cloned().collect())
        };
        ids.filter_map(of).collect()
    }
}

impl Record {
    /// The call that it belongs to.
    pub fn id(&self) -> &str {
        match self {
            Self::Attempt(attempt) => &attempt.call,
            Self::Call(call) => &call.call,
            Self::Feedback(feedback) => &feedback.call,
        }
    }
}

/// `PROVIDER ROLE CLASS`, without the namespace.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provider = self.provider.rsplit('/').next().unwrap_or_default();
        write!(f, "{provider} {} {}", self.role, self.class)
    }
}
