//! Gathers a body up to a limit.

use bytes::Bytes;
use wayleave_core::refusal::Refusal;

/// A body on its way in. One chunk is kept as it is; more are copied once each into a buffer that doubles.
#[derive(Debug)]
pub(crate) struct Gathering {
    limit: usize,
    only: Bytes,
    buffer: Vec<u8>,
}

impl Gathering {
    /// Nothing yet, and the most bytes that it may become.
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            limit,
            only: Bytes::new(),
            buffer: Vec::new(),
        }
    }

    /// The most bytes that it may become.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Appends the next bytes.
    pub(crate) fn push(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.len() > self.limit - self.len() {
            return Err(Refusal::BodyTooLarge { limit: self.limit });
        }
        if self.len() == 0 {
            self.only = bytes;
            return Ok(());
        }
        if self.buffer.is_empty() {
            let first = std::mem::take(&mut self.only);
            self.buffer.extend_from_slice(&first);
        }
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }

    /// All of it.
    pub(crate) fn finish(self) -> Bytes {
        if self.buffer.is_empty() {
            self.only
        } else {
            Bytes::from(self.buffer)
        }
    }

    fn len(&self) -> usize {
        self.only.len() + self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(limit: usize, chunks: &[&'static str]) -> Result<Bytes, Refusal> {
        let mut body = Gathering::new(limit);
        for chunk in chunks {
            body.push(Bytes::from_static(chunk.as_bytes()))?;
        }
        Ok(body.finish())
    }

    #[test]
    fn joins_chunks_in_order() {
        assert_eq!(gather(100, &[]).unwrap(), "");
        assert_eq!(gather(100, &["", "abc", ""]).unwrap(), "abc");
        assert_eq!(gather(100, &["a", "", "bc", "d"]).unwrap(), "abcd");
    }

    #[test]
    fn keeps_a_single_chunk_without_a_copy() {
        let chunk = Bytes::from(vec![7; 10]);
        let mut body = Gathering::new(10);
        body.push(chunk.clone()).unwrap();
        body.push(Bytes::new()).unwrap();
        assert_eq!(body.finish().as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn takes_exactly_the_limit() {
        assert!(gather(4, &["ab", "cd"]).is_ok());
        assert_eq!(
            gather(4, &["ab", "cd", "e"]),
            Err(Refusal::BodyTooLarge { limit: 4 })
        );
        assert_eq!(gather(4, &["abcde"]), Err(Refusal::BodyTooLarge { limit: 4 }));
    }
}
