//! How one request is answered, as written behind the model name: `NAME?ttft=300ms&tokens=200`.

mod parse;

use std::time::Duration;

use http::StatusCode;

use crate::judge::Taste;

/// Largest answer text that may be asked for.
pub(crate) const MAX_TEXT_BYTES: usize = 256 << 20;

/// How one request is answered. Made by parsing; the default answers at once with a few words.
///
/// ```
/// let behaviour: wayleave_sim::Behaviour = "status=429&retry-after=2".parse()?;
/// # Ok::<(), wayleave_sim::BadBehaviour>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    pub(crate) headers_delay: Duration,
    pub(crate) ttft: Duration,
    pub(crate) pace: Duration,
    pub(crate) chunks: Option<usize>,
    pub(crate) chunk_bytes: Option<usize>,
    pub(crate) tokens: Option<usize>,
    pub(crate) bytes: Option<usize>,
    pub(crate) say: Say,
    pub(crate) quality: Option<u8>,
    pub(crate) code_quality: Option<u8>,
    pub(crate) cap: Option<Cap>,
    pub(crate) tools: usize,
    pub(crate) reasoning: usize,
    pub(crate) cached: u64,
    pub(crate) status: Option<StatusCode>,
    pub(crate) error: Option<ErrorKind>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) trouble: Trouble,
    pub(crate) endless: bool,
    pub(crate) drip: bool,
}

/// What the answer's text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Say {
    /// Words that depend only on the model's name, or JSON if the request asks for it.
    #[default]
    Words,
    /// The text of the last user message.
    Echo,
    Json,
    BrokenJson,
    Refusal,
    /// How good other answers are.
    Verdict(Taste),
}

/// Why the answer ends early although nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cap {
    Length,
    ContentFilter,
}

/// Errors with a body of their own, beside what a bare status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    ContextLength,
    ContentFilter,
    InvalidKey,
    ModelNotFound,
    Overloaded,
}

/// How the answer says when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    Millis(u64),
    /// An HTTP date so many seconds from now.
    Date(u64),
}

/// What goes wrong with a request that would have been answered with 200.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// No byte of an answer, ever.
    HangHeaders,
    /// Headers, then nothing.
    HangBody,
    /// Half of the content, then nothing.
    HangMid,
    /// An error event as the first event; unstreamed an error body under 200.
    ErrorFrame,
    /// An error event after half of the content.
    ErrorMid,
    /// A well-formed end without any content.
    EmptyDone,
    /// Half of the content, then the connection is cut.
    Cut,
    /// All content, then a clean end without the terminal events; unstreamed half a body.
    NoDone,
    /// 200 with bytes of no known format.
    Garbage,
    /// The connection is closed without an answer.
    Reset,
}

/// Why a text is not a behaviour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBehaviour {
    /// No behaviour has this name.
    #[error("the simulator knows no behaviour `{0}`; see the crate's documentation for the list")]
    Unknown(String),
    /// The name is known, the value is not.
    #[error("the simulator's behaviour `{name}` cannot be `{value}`; write {wanted}")]
    Value {
        /// The behaviour.
        name: String,
        /// The value as given.
        value: String,
        /// What may be written instead.
        wanted: &'static str,
    },
}

/// Splits `NAME?BEHAVIOUR` into both; the behaviour is empty if there is none.
pub(crate) fn split_model(model: &str) -> (&str, &str) {
    model.split_once('?').unwrap_or((model, ""))
}
