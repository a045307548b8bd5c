//! The bytes for the client that one chunk of the provider leads to.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// Neighbouring frames of the chunk leave as one slice of it; only what is edited makes a copy.
#[derive(Debug)]
pub(super) struct Outgoing {
    chunk: Bytes,
    /// What of the chunk follows on `written` and is not copied yet.
    run: Range<usize>,
    written: BytesMut,
}

impl Outgoing {
    pub(super) fn new(chunk: Bytes) -> Self {
        Self {
            chunk,
            run: 0..0,
            written: BytesMut::new(),
        }
    }

    /// Passes a part of the chunk.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        if self.run.is_empty() {
            self.run = range;
        } else if self.run.end == range.start {
            self.run.end = range.end;
        } else {
            self.flush();
            self.run = range;
        }
    }

    /// Writes other bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.buffer().extend_from_slice(bytes);
    }

    /// Where to write other bytes.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        self.flush();
        &mut self.written
    }

    /// All of it, in order.
    pub(super) fn finish(mut self) -> Bytes {
        if self.written.is_empty() {
            return self.chunk.slice(self.run);
        }
        self.flush();
        self.written.freeze()
    }

    fn flush(&mut self) {
        let run = std::mem::take(&mut self.run);
        self.written
            .extend_from_slice(self.chunk.get(run).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_leave_as_one_slice() {
        let chunk = Bytes::from_static(b"abcdef");
        let mut out = Outgoing::new(chunk.clone());
        out.keep(0..2);
        out.keep(2..4);
        let sent = out.finish();
        assert_eq!(sent, "abcd");
        assert_eq!(sent.as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn edits_and_gaps_keep_the_order() {
        let mut out = Outgoing::new(Bytes::from_static(b"abcdef"));
        out.write(b"1");
        out.keep(0..2);
        out.keep(3..4);
        out.write(b"2");
        out.keep(5..6);
        assert_eq!(out.finish(), "1abd2f");
        assert!(Outgoing::new(Bytes::from_static(b"x")).finish().is_empty());
    }
}
