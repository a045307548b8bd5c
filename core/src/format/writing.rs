//! What the writers of all formats share.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

use super::answer::{Answer, TooLong};
use crate::event::Event;
use crate::money::Ticks;
use crate::usage::Report;

/// Writes one answer in a client's format.
pub(crate) trait Write: std::fmt::Debug + Send {
    /// Writes one event, or keeps it for the end. What cannot be said in the format is left out.
    fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong>;

    /// Writes the end of an answer that ended properly.
    fn end(&mut self, bill: Bill, out: &mut BytesMut);
}

/// Puts an answer together and writes it at its end.
#[derive(Debug)]
pub(crate) struct Whole {
    answer: Answer,
    setting: Setting,
    write: WriteWhole,
}

/// Writes a whole answer.
pub(crate) type WriteWhole = fn(&Answer, &Setting, Bill, &mut BytesMut);

impl Whole {
    pub(crate) fn new(setting: Setting, write: WriteWhole) -> Self {
        Self {
            answer: Answer::default(),
            setting,
            write,
        }
    }
}

impl Write for Whole {
    fn write(&mut self, event: &Event<'_>, _: &mut BytesMut) -> Result<(), TooLong> {
        self.answer.take(event)
    }

    fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        (self.write)(&self.answer, &self.setting, bill, out);
    }
}

/// What a writer is told of the call it writes for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The model to name where the provider names none.
    pub(crate) model: String,
    /// Unix seconds to name where the provider tells no time.
    pub(crate) created: i64,
    /// Whether the client wants usage in an OpenAI stream.
    pub(crate) include_usage: bool,
}

/// What an answer is told of its bill when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bill {
    /// The last usage of the provider.
    pub(crate) report: Option<Report>,
    /// The call's total cost.
    pub(crate) cost: Option<Ticks>,
}

/// Writes one server-sent event. `name` may be empty.
pub(crate) fn write_frame(out: &mut BytesMut, name: &str, data: &impl Serialize) {
    write_name(out, name);
    write_json(out, data);
    out.extend_from_slice(b"\n\n");
}

/// Writes one server-sent event with data that are written already, on one line.
pub(crate) fn write_raw_frame(out: &mut BytesMut, name: &str, data: &[u8]) {
    write_name(out, name);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

fn write_name(out: &mut BytesMut, name: &str) {
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\n");
    }
    out.extend_from_slice(b"data: ");
}

/// Writes a JSON document.
pub(crate) fn write_json(out: &mut BytesMut, data: &impl Serialize) {
    let written = serde_json::to_writer(out.writer(), data);
    debug_assert!(
        written.is_ok(),
        "no map with keys that are not text, no writer that fails"
    );
}

impl Setting {
    /// `prefix` and the provider's id, without doubling the prefix; the time where the provider gives no id.
    pub(crate) fn id(&self, prefix: &str, id: &str) -> String {
        match id {
            "" => format!("{prefix}{}", self.created),
            _ if id.starts_with(prefix) => id.to_owned(),
            _ => format!("{prefix}{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_a_name_where_they_want_one() {
        let mut out = BytesMut::new();
        write_frame(&mut out, "", &1);
        write_frame(&mut out, "x", &"a\nb");
        assert_eq!(&out[..], b"data: 1\n\nevent: x\ndata: \"a\\nb\"\n\n");
    }
}
