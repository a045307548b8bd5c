//! Which answers are kept: whole ones that a later caller would want as they are.

use crate::event::Finish;
use crate::format::WireFormat;
use crate::relay::Tally;
use crate::snapshot::cache::{CacheRules, ToolCalls};

/// Why an answer is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotKept {
    /// It is an error, or has one inside.
    Error,
    /// It broke off.
    Cut,
    /// It says nothing.
    Empty,
    /// It hit a limit of tokens.
    Truncated,
    /// The provider withheld some of it.
    Filtered,
    /// The model declined.
    Refused,
    /// The model paused: the client is to send it back.
    Paused,
    /// It calls tools.
    ToolCalls,
    /// It has more bytes than the policy allows.
    TooLarge,
    /// It was asked for before a purge that takes it.
    Purged,
}

impl NotKept {
    /// As it stands in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Cut => "cut",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Filtered => "filtered",
            Self::Refused => "refused",
            Self::Paused => "paused",
            Self::ToolCalls => "tool_calls",
            Self::TooLarge => "too_large",
            Self::Purged => "purged",
        }
    }
}

/// Whether an answer whose body has come to its end is kept; `format` is the provider's, `bytes` its length.
///
/// # Errors
/// When it is not, with the reason.
pub fn keep(rules: &CacheRules, tally: &Tally, format: WireFormat, bytes: usize) -> Result<(), NotKept> {
    if tally.fault.is_some() {
        return Err(NotKept::Error);
    }
    // A provider that ends a stream without a reason has not said that it had nothing more to say.
    if !tally.ended || tally.finishes.is_empty() && format != WireFormat::OpenAIEmbeddings {
        return Err(NotKept::Cut);
    }
    if tally.refused {
        return Err(NotKept::Refused);
    }
    for finish in &tally.finishes {
        match finish {
            Finish::Stop | Finish::ToolCalls => {}
            Finish::Length | Finish::ContextWindow => return Err(NotKept::Truncated),
            Finish::ContentFilter => return Err(NotKept::Filtered),
            Finish::Refusal => return Err(NotKept::Refused),
            Finish::Pause => return Err(NotKept::Paused),
        }
    }
    if !tally.content {
        return Err(NotKept::Empty);
    }
    let calls = tally.tool_calls > 0 || tally.finishes.contains(&Finish::ToolCalls);
    if calls && rules.tool_calls == ToolCalls::Skip {
        return Err(NotKept::ToolCalls);
    }
    if bytes > rules.max_entry_bytes {
        return Err(NotKept::TooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
