//! `stop_reason` and the neutral reason, both ways.

use crate::event::Finish;

/// Reads a `stop_reason`. What is not known is a plain end.
pub(super) fn read(reason: &str) -> Finish {
    match reason {
        "max_tokens" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refusal,
        "pause_turn" => Finish::Pause,
        "model_context_window_exceeded" => Finish::ContextWindow,
        _ => Finish::Stop,
    }
}

/// Writes a `stop_reason`. `calls`: whether tools are called; `sequence`: whether a stop sequence hit.
pub(super) fn write(finish: Option<Finish>, calls: bool, sequence: bool) -> &'static str {
    match finish {
        Some(Finish::Length) => "max_tokens",
        Some(Finish::ToolCalls) => "tool_use",
        Some(Finish::ContentFilter | Finish::Refusal) => "refusal",
        Some(Finish::Pause) => "pause_turn",
        Some(Finish::ContextWindow) => "model_context_window_exceeded",
        None if calls => "tool_use",
        Some(Finish::Stop) if sequence => "stop_sequence",
        Some(Finish::Stop) | None => "end_turn",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_comes_back() {
        for (reason, sequence) in [
            ("end_turn", false),
            ("stop_sequence", true),
            ("max_tokens", false),
            ("tool_use", false),
            ("refusal", false),
            ("pause_turn", false),
            ("model_context_window_exceeded", false),
        ] {
            assert_eq!(write(Some(read(reason)), false, sequence), reason);
        }
        assert_eq!(write(None, true, false), "tool_use");
    }
}
