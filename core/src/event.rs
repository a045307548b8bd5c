//! What an answer says, piece by piece, in no vendor's words: every provider format is read into these events and
//! every client format is written from them. An answer that is not streamed is the same events at once.

pub mod citation;
pub mod logprobs;

use std::borrow::Cow;

use self::citation::Citation;
use self::logprobs::TokenLogprob;
use crate::chat::proof::Proof;
use crate::outcome::Class;
use crate::usage::Report;

/// One piece of an answer. Text borrows from the frame it was read from where it can.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The answer begins.
    Start(Start<'a>),
    /// Text of choice `choice`.
    Text {
        /// Which of `n` answers; 0 where there is one.
        choice: u32,
        /// The next piece.
        text: Cow<'a, str>,
    },
    /// Reasoning that the provider shows.
    Reasoning {
        /// Which of `n` answers.
        choice: u32,
        /// The next piece.
        text: Cow<'a, str>,
    },
    /// What proves the reasoning so far to its provider in a later turn. Without reasoning before it, it is the proof
    /// of the tool call that follows, or of the text before it (Gemini).
    ReasoningSignature {
        /// Which of `n` answers.
        choice: u32,
        /// Opaque.
        proof: Proof<'a>,
    },
    /// Reasoning that the provider sends encrypted, whole.
    RedactedReasoning {
        /// Which of `n` answers.
        choice: u32,
        /// Opaque.
        proof: Proof<'a>,
    },
    /// What the text so far leans on.
    Citation {
        /// Which of `n` answers.
        choice: u32,
        /// The source.
        citation: Box<Citation>,
    },
    /// The probabilities of the tokens of the next or last pieces of text, in order.
    Logprobs {
        /// Which of `n` answers.
        choice: u32,
        /// One for each token.
        tokens: Vec<TokenLogprob>,
    },
    /// A tool call begins.
    ToolCall {
        /// Which of `n` answers.
        choice: u32,
        /// Which call of this answer, from 0, in order of appearance.
        slot: u32,
        /// The provider's id, or one made up where it sends none. Opaque.
        id: Cow<'a, str>,
        /// The tool.
        name: Cow<'a, str>,
    },
    /// A piece of the JSON arguments of a call that began.
    ToolArguments {
        /// Which of `n` answers.
        choice: u32,
        /// Which call.
        slot: u32,
        /// The next piece of JSON text.
        json: Cow<'a, str>,
    },
    /// The model declines, in the provider's own member for that.
    Refusal {
        /// Which of `n` answers.
        choice: u32,
        /// The next piece.
        text: Cow<'a, str>,
    },
    /// Output that no other format has words for: audio, images, a tool that the provider runs. It counts as content,
    /// and reaches only clients of the provider's own format.
    Opaque {
        /// Which of `n` answers.
        choice: u32,
    },
    /// A choice ends. May come twice (OpenRouter): the first counts.
    Finish {
        /// Which of `n` answers.
        choice: u32,
        /// Why.
        reason: Finish,
        /// The stop sequence that hit, where the provider tells.
        stop_sequence: Option<Cow<'a, str>>,
    },
    /// Usage so far. Cumulative: the last one counts, none are added.
    Usage(Report),
    /// The provider reports an error inside the answer.
    Error(Fault),
    /// The provider says that this was all (`[DONE]`, `message_stop`).
    End,
}

impl Event<'_> {
    /// The choice that it belongs to.
    pub fn choice(&self) -> Option<u32> {
        match self {
            Self::Text { choice, .. }
            | Self::Reasoning { choice, .. }
            | Self::ReasoningSignature { choice, .. }
            | Self::RedactedReasoning { choice, .. }
            | Self::Citation { choice, .. }
            | Self::Logprobs { choice, .. }
            | Self::ToolCall { choice, .. }
            | Self::ToolArguments { choice, .. }
            | Self::Refusal { choice, .. }
            | Self::Opaque { choice }
            | Self::Finish { choice, .. } => Some(*choice),
            Self::Start(_) | Self::Usage(_) | Self::Error(_) | Self::End => None,
        }
    }

    /// The piece of text that it carries, readable or not; empty where it carries none.
    pub fn text(&self) -> &str {
        match self {
            Self::Text { text, .. } | Self::Reasoning { text, .. } | Self::Refusal { text, .. } => text,
            Self::ReasoningSignature { proof, .. } | Self::RedactedReasoning { proof, .. } => &proof.data,
            Self::ToolArguments { json, .. } => json,
            Self::Citation { citation, .. } => citation.cited.as_deref().unwrap_or_default(),
            Self::ToolCall { .. }
            | Self::Logprobs { .. }
            | Self::Opaque { .. }
            | Self::Start(_)
            | Self::Finish { .. }
            | Self::Usage(_)
            | Self::Error(_)
            | Self::End => "",
        }
    }
}

/// The beginning of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start<'a> {
    /// The provider's id of the answer.
    pub id: Cow<'a, str>,
    /// The model that the provider says it serves.
    pub model: Cow<'a, str>,
    /// Unix seconds, where the provider tells.
    pub created: Option<i64>,
}

/// Why a choice ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// The model was done, or a stop sequence hit.
    Stop,
    /// The output limit.
    Length,
    /// Tool calls are to be answered.
    ToolCalls,
    /// The provider withheld content.
    ContentFilter,
    /// The model declined.
    Refusal,
    /// The provider paused a long turn (Anthropic `pause_turn`): send the answer back to go on.
    Pause,
    /// The context window is full (Anthropic `model_context_window_exceeded`).
    ContextWindow,
}

/// An error that a provider reports, classified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault, and what may be done.
    pub class: Class,
    /// The HTTP status it stands for; for an error inside a 200 the status that the error names or implies.
    pub status: u16,
    /// The provider's own type or code, where it gives one.
    pub code: Option<String>,
    /// The provider's message.
    pub message: String,
}
