//! How an answer is framed, by what it says and what it is.

use serde::{Deserialize, Serialize};

/// How an answer is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// A JSON list whose items come one by one (Gemini's stream without `alt=sse`).
    JsonArray,
    /// Messages of an AWS event stream.
    EventStream,
    /// One JSON body.
    Whole,
}

impl Framing {
    /// Whether it comes piece by piece.
    pub const fn is_stream(self) -> bool {
        match self {
            Self::Sse | Self::JsonArray | Self::EventStream => true,
            Self::Whole => false,
        }
    }

    /// The media type of such a body.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::JsonArray | Self::Whole => "application/json",
            Self::EventStream => "application/vnd.amazon.eventstream",
        }
    }

    /// Tells the framing from the content type and the first bytes of the body. The bytes outrank the header: Gemini
    /// sends a stream's error as plain JSON under `text/event-stream`.
    pub fn detect(content_type: Option<&str>, first_bytes: &[u8]) -> Self {
        let body = first_bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(first_bytes)
            .trim_ascii_start();
        let media = content_type
            .and_then(|value| value.split(';').next())
            .unwrap_or_default()
            .trim();
        // Its first bytes are a length, which may look like anything.
        if media.eq_ignore_ascii_case(Self::EventStream.media_type()) {
            return Self::EventStream;
        }
        let starts = |names: &[&[u8]]| names.iter().any(|name| body.starts_with(name));
        if starts(&[b"["]) {
            Self::JsonArray
        } else if starts(&[b"{"]) {
            Self::Whole
        } else if starts(&[b":", b"data:", b"event:", b"id:", b"retry:"])
            || media.eq_ignore_ascii_case(Self::Sse.media_type())
        {
            Self::Sse
        } else {
            Self::Whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_outrank_the_header() {
        let stream = Some("Text/Event-Stream; charset=utf-8");
        assert_eq!(Framing::detect(stream, b""), Framing::Sse);
        assert_eq!(Framing::detect(stream, b"\n{\"error\":1}"), Framing::Whole);
        assert_eq!(
            Framing::detect(Some("application/json"), b": keep-alive\n\n"),
            Framing::Sse
        );
        assert_eq!(Framing::detect(None, b"\xEF\xBB\xBFdata: {}"), Framing::Sse);
        assert_eq!(Framing::detect(stream, b" [{\"error\":1}]"), Framing::JsonArray);
        assert_eq!(Framing::detect(Some("text/html"), b"<html>"), Framing::Whole);
        assert_eq!(Framing::detect(None, b""), Framing::Whole);
    }
}
