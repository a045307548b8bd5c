//! A line of the ledger, as far as it has to be known for money.

use jiff::Timestamp;
use serde::Deserialize;

use crate::money::Ticks;
use crate::usage::{ServiceTier, Usage};

use super::tokens::Tokens;

/// One line. Members that are not named here are ignored, and those that later versions added may be missing.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// One request to one provider: this is where the money is.
    Attempt(Box<AttemptLine>),
    /// One call of a client: counts, times and statuses.
    Call(Box<CallLine>),
    /// A kind that this version does not know.
    #[serde(other)]
    Other,
}

/// One request to one provider.
#[derive(Clone, Debug, Deserialize)]
pub struct AttemptLine {
    /// Its own id; lines of earlier versions have none.
    #[serde(default)]
    pub id: Option<String>,
    /// The call that it belongs to.
    pub call: String,
    /// Its number in the call, from 1.
    pub attempt: u32,
    /// Its part.
    #[serde(default)]
    pub role: String,
    /// `NAMESPACE/NAME` of the route.
    #[serde(default)]
    pub route: String,
    /// `NAMESPACE/NAME` of the provider key.
    #[serde(default)]
    pub provider: String,
    /// `SECRET/ENTRY` of the credential.
    #[serde(default)]
    pub key: Option<String>,
    /// The model that was asked for.
    #[serde(default)]
    pub model_asked: String,
    /// The model that the provider says it served.
    #[serde(default)]
    pub model_served: Option<String>,
    /// How it ended.
    #[serde(default)]
    pub class: String,
    /// The class of the task, where calls are told apart by it.
    #[serde(default)]
    pub task_class: Option<String>,
    /// Digest of the client.
    #[serde(default)]
    pub client: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// Usage; `None`: nothing that is billed came of it.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Whether usage is our own count.
    #[serde(default)]
    pub estimated: bool,
    /// The tier that served.
    #[serde(default)]
    pub tier: Option<ServiceTier>,
    /// What it cost; `None`: nobody has a price.
    #[serde(default)]
    pub cost_ticks: Option<Ticks>,
    /// What an answer out of a cache had cost when it was made.
    #[serde(default)]
    pub saved_ticks: Option<Ticks>,
}

/// One call of a client.
#[derive(Clone, Debug, Deserialize)]
pub struct CallLine {
    /// The call's id.
    pub call: String,
    /// `NAMESPACE/NAME` of the route.
    #[serde(default)]
    pub route: String,
    /// The model that the client asked for.
    #[serde(default)]
    pub model_asked: String,
    /// The model that served.
    #[serde(default)]
    pub model_served: Option<String>,
    /// `NAMESPACE/NAME` of the provider key that served.
    #[serde(default)]
    pub provider: Option<String>,
    /// The status that the client got; `None`: it left before.
    #[serde(default)]
    pub status: Option<u16>,
    /// How it ended.
    #[serde(default)]
    pub class: String,
    /// The class of the task, where calls are told apart by it.
    #[serde(default)]
    pub task_class: Option<String>,
    /// Digest of the client.
    #[serde(default)]
    pub client: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// Milliseconds until the client had it all.
    #[serde(default)]
    pub duration_ms: f64,
}

impl Line {
    /// Reads one line.
    ///
    /// # Errors
    /// When it is no JSON object, or lacks what every record has.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// What makes two lines the same record; `None` for kinds that are not known.
    pub(super) fn id(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Attempt(line) => {
                let own = line.id.clone();
                let id = own.unwrap_or_else(|| format!("{}/{}", line.call, line.attempt));
                Some(("attempt", id))
            }
            Self::Call(line) => Some(("call", line.call.clone())),
            Self::Other => None,
        }
    }
}

impl AttemptLine {
    /// The model that served, else the one that was asked for.
    pub fn model(&self) -> &str {
        self.model_served.as_deref().unwrap_or(&self.model_asked)
    }

    /// Whether it was no request, but the answer to another call.
    pub fn is_reused(&self) -> bool {
        matches!(&*self.role, "cache-hit" | "coalesced")
    }

    /// Its tokens.
    pub fn tokens(&self) -> Tokens {
        self.usage.as_ref().map(Tokens::of).unwrap_or_default()
    }
}

impl CallLine {
    /// The model that served, else the one that was asked for.
    pub fn model(&self) -> &str {
        self.model_served.as_deref().unwrap_or(&self.model_asked)
    }

    /// Whether the client got an error, or left.
    pub fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
    }
}
