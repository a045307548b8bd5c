//! `finishReason` and the neutral reason, both ways.

use crate::event::Finish;

/// Whose numbers: from 5 on, Google's two definitions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// AI Studio's.
    Studio,
    /// Vertex AI's.
    Vertex,
}

/// Reads a `finishReason`, a word or (`enum-encoding=int`) a number. `None`: it tells none. What nobody else has a word
/// for (`LANGUAGE`, `OTHER`, `MALFORMED_FUNCTION_CALL`, `UNEXPECTED_TOOL_CALL`) is a plain end.
pub(super) fn read(reason: &str, numbers: Numbers) -> Option<Finish> {
    Some(match (reason, numbers) {
        ("" | "0" | "FINISH_REASON_UNSPECIFIED", _) => return None,
        ("2" | "MAX_TOKENS", _) => Finish::Length,
        (
            "3"
            | "4"
            | "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "MODEL_ARMOR"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION",
            _,
        )
        | ("6" | "7" | "8" | "10", Numbers::Vertex)
        | ("7" | "8" | "9" | "11", Numbers::Studio) => Finish::ContentFilter,
        _ => Finish::Stop,
    })
}

/// Writes a `finishReason`. Calls show by themselves.
pub(super) const fn write(finish: Option<Finish>) -> &'static str {
    match finish {
        Some(Finish::Length | Finish::ContextWindow) => "MAX_TOKENS",
        Some(Finish::ContentFilter | Finish::Refusal) => "SAFETY",
        Some(Finish::Stop | Finish::ToolCalls | Finish::Pause) | None => "STOP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_say_the_same() {
        for (reason, expected) in [
            ("1", Some(Finish::Stop)),
            ("STOP", Some(Finish::Stop)),
            ("2", Some(Finish::Length)),
            ("3", Some(Finish::ContentFilter)),
            ("MODEL_ARMOR", Some(Finish::ContentFilter)),
            ("5", Some(Finish::Stop)),
            ("UNEXPECTED_TOOL_CALL", Some(Finish::Stop)),
            ("0", None),
            ("", None),
        ] {
            for numbers in [Numbers::Studio, Numbers::Vertex] {
                assert_eq!(read(reason, numbers), expected, "{reason}");
            }
        }
        // LANGUAGE at AI Studio, BLOCKLIST at Vertex.
        assert_eq!(read("6", Numbers::Studio), Some(Finish::Stop));
        assert_eq!(read("6", Numbers::Vertex), Some(Finish::ContentFilter));
    }

    #[test]
    fn every_reason_comes_back() {
        for finish in [Finish::Stop, Finish::Length, Finish::ContentFilter] {
            assert_eq!(read(write(Some(finish)), Numbers::Studio), Some(finish));
        }
    }
}
