//! How an answer is framed, by what it says and what it is.

use super::Framing;

impl Framing {
    /// Tells the framing from the content type and the first bytes of the body. The bytes outrank the header: Gemini
    /// sends a stream's error as plain JSON under `text/event-stream`.
    pub fn detect(content_type: Option<&str>, first_bytes: &[u8]) -> Self {
        let body = first_bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(first_bytes)
            .trim_ascii_start();
        let starts = |names: &[&[u8]]| names.iter().any(|name| body.starts_with(name));
        if starts(&[b"{", b"["]) {
            Self::Whole
        } else if starts(&[b":", b"data:", b"event:", b"id:", b"retry:"]) {
            Self::Sse
        } else {
            let media = content_type
                .and_then(|value| value.split(';').next())
                .unwrap_or_default();
            if media.trim().eq_ignore_ascii_case("text/event-stream") {
                Self::Sse
            } else {
                Self::Whole
            }
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
        assert_eq!(Framing::detect(Some("text/html"), b"<html>"), Framing::Whole);
        assert_eq!(Framing::detect(None, b""), Framing::Whole);
    }
}
