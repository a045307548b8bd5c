//! `stopReason` into the neutral reason.

use crate::event::Finish;

/// Reads a `stopReason`. What is not known is a plain end, and so is output that Bedrock calls malformed.
pub(super) fn read(reason: &str) -> Finish {
    match reason {
        "max_tokens" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "guardrail_intervened" | "content_filtered" => Finish::ContentFilter,
        "model_context_window_exceeded" => Finish::ContextWindow,
        _ => Finish::Stop,
    }
}
