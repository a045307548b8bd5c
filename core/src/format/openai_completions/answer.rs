//! What a whole answer and a chunk of a stream have in common, as they are written.

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::openai_chat::cost_number;
use crate::event::Finish;
use crate::format::writing::Bill;
use crate::money::Ticks;
use crate::usage::Usage;

/// What ids begin with.
pub(super) const ID: &str = "cmpl-";

/// A whole answer or a chunk.
#[derive(Serialize)]
pub(super) struct Completion<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: i64,
    pub(super) model: &'a str,
    pub(super) choices: &'a [Choice<'a>],
    #[serde(skip_serializing_if = "UsageMember::is_left_out")]
    pub(super) usage: UsageMember,
}

/// The member `usage`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum UsageMember {
    /// Nobody asked for it, or it is not known.
    LeftOut,
    /// It comes in a later chunk.
    Null,
    /// All of it.
    Told(UsageOut),
}

impl UsageMember {
    const fn is_left_out(&self) -> bool {
        matches!(self, Self::LeftOut)
    }
}

/// A choice or a piece of one.
#[derive(Serialize)]
pub(super) struct Choice<'a> {
    pub(super) text: &'a str,
    pub(super) index: usize,
    pub(super) logprobs: Option<()>,
    pub(super) finish_reason: Option<&'static str>,
}

/// The older API tells totals only.
#[derive(Serialize)]
pub(super) struct UsageOut {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Box<RawValue>>,
}

impl UsageOut {
    pub(super) fn of(bill: Bill) -> Option<Self> {
        bill.report.map(|report| Self::new(&report.usage, bill.cost))
    }

    fn new(usage: &Usage, cost: Option<Ticks>) -> Self {
        Self {
            prompt_tokens: usage.input_total(),
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            cost: cost.and_then(cost_number),
        }
    }
}

/// The `finish_reason`. There are no words for calls, so a choice that calls a tool just stops.
pub(super) const fn finish_reason(finish: Option<Finish>) -> &'static str {
    match finish {
        Some(Finish::Length | Finish::ContextWindow) => "length",
        Some(Finish::ContentFilter | Finish::Refusal) => "content_filter",
        Some(Finish::Stop | Finish::ToolCalls | Finish::Pause) | None => "stop",
    }
}
