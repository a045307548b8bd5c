//! The events of a streamed answer.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::Value;

/// One event as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    pub(crate) bytes: Bytes,
}

/// When an event is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Framing: without delay.
    Plain,
    /// Content: the first after the time to first token, others at the stream's pace.
    Content,
    /// Belongs to the stream's end: without delay.
    Terminal,
}

/// The events of an answer, rendered when they are due.
pub(crate) struct Frames {
    pub(crate) events: Box<dyn Iterator<Item = Frame> + Send>,
    /// How many of them are content; `None`: without end.
    pub(crate) content: Option<usize>,
}

impl Frame {
    pub(crate) fn plain(bytes: impl Into<Bytes>) -> Self {
        Self {
            kind: FrameKind::Plain,
            bytes: bytes.into(),
        }
    }

    pub(crate) fn content(bytes: impl Into<Bytes>) -> Self {
        Self {
            kind: FrameKind::Content,
            bytes: bytes.into(),
        }
    }

    pub(crate) fn terminal(bytes: impl Into<Bytes>) -> Self {
        Self {
            kind: FrameKind::Terminal,
            bytes: bytes.into(),
        }
    }
}

/// An event that is the same for every piece of text but for the text.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    before: Bytes,
    after: Bytes,
}

impl Template {
    pub(crate) fn new(before: String, after: impl Into<Bytes>) -> Self {
        Self {
            before: before.into(),
            after: after.into(),
        }
    }

    /// The event with `text` as a JSON string in its place.
    pub(crate) fn fill(&self, text: &str) -> Bytes {
        let mut event = BytesMut::with_capacity(self.before.len() + text.len() + self.after.len() + 2);
        event.extend_from_slice(&self.before);
        put_json(&mut event, text);
        event.extend_from_slice(&self.after);
        event.freeze()
    }
}

fn put_json(event: &mut BytesMut, text: &str) {
    if text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        event.extend_from_slice(json_string(text).as_bytes());
    } else {
        event.put_u8(b'"');
        event.extend_from_slice(text.as_bytes());
        event.put_u8(b'"');
    }
}

/// `text` as a JSON string with its quotes.
pub(crate) fn json_string(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_escape_the_text() {
        let template = Template::new("a:".to_owned(), ";");
        assert_eq!(template.fill("x"), "a:\"x\";");
        assert_eq!(template.fill("\"\n\\ü"), "a:\"\\\"\\n\\\\ü\";");
    }
}
