//! Which answer wins a race, and what becomes of the others.

use serde::{Deserialize, Serialize};

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
