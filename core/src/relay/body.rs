//! A whole body in the making.

use bytes::{Bytes, BytesMut};

use crate::format::answer::{MAX_ANSWER, TooLong};

/// The bytes of a whole body so far. One that comes in one chunk is not copied.
#[derive(Debug, Default)]
pub(super) struct WholeBody {
    first: Bytes,
    joined: BytesMut,
}

impl WholeBody {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, chunk: Bytes) -> Result<(), TooLong> {
        if self.first.len() + self.joined.len() + chunk.len() > MAX_ANSWER {
            return Err(TooLong);
        }
        if self.first.is_empty() && self.joined.is_empty() {
            self.first = chunk;
        } else {
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
            self.joined.extend_from_slice(&chunk);
        }
        Ok(())
    }

    /// All of it.
    pub(super) fn take(&mut self) -> Bytes {
        if self.joined.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            self.joined.split().freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_chunks_and_copies_no_single_one() {
        let mut body = WholeBody::default();
        let only = Bytes::from_static(b"only");
        body.push(only.clone()).expect("short");
        assert_eq!(body.take().as_ptr(), only.as_ptr());
        for piece in ["a", "", "b", "c"] {
            body.push(Bytes::from(piece)).expect("short");
        }
        assert_eq!(body.take(), "abc");
        assert_eq!(body.push(Bytes::from(vec![0; MAX_ANSWER + 1])), Err(TooLong));
    }
}
