//! Server-sent events: splits a byte stream into frames without copying where a frame lies in one chunk.
//!
//! Ends of lines are LF, CRLF or CR. A frame is everything up to and including its blank line. A CR that is the last
//! byte so far waits for the next byte, which may be its LF.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};

/// The longest frame, in bytes. What is longer is no answer.
pub(crate) const MAX_FRAME: usize = 16 * 1024 * 1024;

/// The frame in the making passes [`MAX_FRAME`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the stream is longer than {MAX_FRAME} bytes")]
pub(crate) struct TooLong;

/// Splits a stream into frames.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// The beginning of a frame whose end is not in the chunks so far.
    carry: BytesMut,
    ends: FrameEnds,
}

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This part of the chunk.
    InChunk(Range<usize>),
    /// It began in an earlier chunk.
    Joined(Bytes),
}

impl Splitter {
    /// The next frame that ends in `chunk` at or after `at`, which moves on. `None`: the rest is kept for the next
    /// chunk.
    pub(crate) fn next(&mut self, chunk: &Bytes, at: &mut usize) -> Result<Option<Piece>, TooLong> {
        let rest = chunk.get(*at..).unwrap_or_default();
        let end = self.ends.find(rest);
        let length = end.unwrap_or(rest.len());
        if self.carry.len() + length > MAX_FRAME {
            return Err(TooLong);
        }
        let start = *at;
        *at += length;
        let whole = end.is_some();
        if whole && self.carry.is_empty() {
            return Ok(Some(Piece::InChunk(start..*at)));
        }
        self.carry
            .extend_from_slice(rest.get(..length).unwrap_or_default());
        Ok(whole.then(|| Piece::Joined(self.carry.split().freeze())))
    }

    /// What is left when the stream ends: a frame without its blank line, or a piece of one.
    pub(crate) fn finish(&mut self) -> Option<Bytes> {
        self.ends = FrameEnds::default();
        (!self.carry.is_empty()).then(|| self.carry.split().freeze())
    }
}

/// Finds the blank lines that end frames.
#[derive(Debug)]
struct FrameEnds {
    /// No byte of the present line yet.
    at_line_start: bool,
    /// The last byte was a CR: the line is over, an LF may still belong to its end.
    after_cr: bool,
    /// That line was blank.
    after_blank: bool,
}

impl Default for FrameEnds {
    fn default() -> Self {
        Self {
            at_line_start: true,
            after_cr: false,
            after_blank: false,
        }
    }
}

impl FrameEnds {
    /// Where the present frame ends in `bytes`, which follow those of the last call.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        if self.after_cr {
            let next = bytes.first()?;
            self.after_cr = false;
            at = usize::from(*next == b'\n');
            if std::mem::take(&mut self.after_blank) {
                return Some(at);
            }
        }
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(length) = memchr2(b'\n', b'\r', rest) else {
                self.at_line_start &= rest.is_empty();
                return None;
            };
            let blank = self.at_line_start && length == 0;
            self.at_line_start = true;
            at += length + 1;
            if rest.get(length) == Some(&b'\r') {
                let Some(next) = bytes.get(at) else {
                    self.after_cr = true;
                    self.after_blank = blank;
                    return None;
                };
                at += usize::from(*next == b'\n');
            }
            if blank {
                return Some(at);
            }
        }
    }
}

/// The fields of one frame.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// The event's name; empty where the frame has none.
    pub(crate) event: &'a [u8],
    /// The data, lines joined by LF. Borrowed where it is one line. `None`: no data line (a comment, a blank line).
    pub(crate) data: Option<Cow<'a, [u8]>>,
    /// Whether a line is of no kind that event streams have, as in a page of HTML.
    pub(crate) foreign: bool,
}

impl<'a> Message<'a> {
    /// Reads a frame. `first`: it opens the stream and may begin with a byte order mark.
    pub(crate) fn read(frame: &'a [u8], first: bool) -> Self {
        let mut rest = if first {
            frame.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(frame)
        } else {
            frame
        };
        let mut message = Self::default();
        while !rest.is_empty() {
            let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            message.line(rest.get(..length).unwrap_or_default());
            rest = rest.get(length + 1..).unwrap_or_default();
        }
        message
    }

    fn line(&mut self, line: &'a [u8]) {
        let colon = memchr(b':', line);
        let name = line.get(..colon.unwrap_or(line.len())).unwrap_or_default();
        let value = colon.and_then(|colon| line.get(colon + 1..)).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut self.data {
                None => self.data = Some(Cow::Borrowed(value)),
                Some(data) => {
                    data.to_mut().push(b'\n');
                    data.to_mut().extend_from_slice(value);
                }
            },
            b"event" => self.event = value,
            b"" | b"id" | b"retry" => {}
            _ => self.foreign = true,
        }
    }
}

#[cfg(test)]
mod tests;
