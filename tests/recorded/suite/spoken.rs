//! What an answer says, whichever format it was read from. Of several choices the first.

/// One answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spoken {
    pub(super) text: String,
    pub(super) reasoning: String,
    /// What proves the reasoning, piece by piece.
    pub(super) signatures: Vec<String>,
    /// Reasoning that came encrypted.
    pub(super) redacted: Vec<String>,
    pub(super) refusal: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) finish: Option<Finish>,
    pub(super) tokens: Option<Tokens>,
    pub(super) model: String,
    /// The error inside the answer.
    pub(super) fault: Option<String>,
}

/// One tool call. The arguments are JSON text, possibly cut off.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ToolCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// Why it ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Finish {
    Stop,
    StopSequence(String),
    Length,
    Calls,
    Filter,
    Refusal,
    Pause,
    Window,
}

/// Usage: `input` is all input, `output` all output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    pub(super) output: u64,
    pub(super) reasoning: u64,
}

impl Spoken {
    /// Whether it broke before it had said anything.
    pub(super) fn never_began(&self) -> bool {
        let said = [&self.text, &self.reasoning, &self.refusal]
            .iter()
            .any(|said| !said.is_empty());
        self.fault.is_some() && !said && self.calls.is_empty() && self.redacted.is_empty()
    }
}

impl Tokens {
    /// Input that came from no cache and went into none.
    pub(super) fn fresh(&self) -> u64 {
        self.input.saturating_sub(self.cache_read + self.cache_write)
    }
}

impl ToolCall {
    /// The arguments as JSON. None at all, and Groq's null, are `{}`.
    pub(super) fn parsed(&self) -> Option<serde_json::Value> {
        match self.arguments.trim() {
            "" | "null" => Some(serde_json::json!({})),
            text => serde_json::from_str(text).ok(),
        }
    }
}
