//! Counts the events of a stream in the `OpenAI` chat format, incrementally.

use memchr::{memchr, memmem};

/// A line longer than this counts for nothing. Bytes.
const MAX_LINE: usize = 64 * 1024;

/// What a stream has carried so far.
#[derive(Debug)]
pub struct Events {
    /// The start of a line that is not complete yet.
    line: Vec<u8>,
    content: memmem::Finder<'static>,
    chunks: u32,
    done: bool,
}

impl Events {
    /// Before the first byte.
    pub fn new() -> Self {
        let content = memmem::Finder::new(br#""content":"#);
        Self {
            line: Vec::with_capacity(1024),
            content,
            chunks: 0,
            done: false,
        }
    }

    /// Makes ready for the next stream.
    pub fn reset(&mut self) {
        self.line.clear();
        self.chunks = 0;
        self.done = false;
    }

    /// Events with real content: text that is not empty.
    pub const fn chunks(&self) -> u32 {
        self.chunks
    }

    /// Whether `[DONE]` has come, and nothing after it.
    pub const fn done(&self) -> bool {
        self.done
    }

    /// Takes the next bytes, cut anywhere.
    pub fn feed(&mut self, mut input: &[u8]) {
        while let Some(end) = memchr(b'\n', input) {
            let (line, rest) = input.split_at(end);
            input = rest.split_first().map_or(&[], |(_, rest)| rest);
            if self.line.is_empty() {
                self.line_complete(line);
            } else {
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                self.line_complete(&line);
                self.line = line;
                self.line.clear();
            }
        }
        if self.line.len() + input.len() <= MAX_LINE {
            self.line.extend_from_slice(input);
        }
    }

    fn line_complete(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data:") else {
            return;
        };
        self.done = data.trim_ascii() == b"[DONE]";
        if !self.done && self.has_content(data) {
            self.chunks += 1;
        }
    }

    /// Whether the event has a `content` that is a text and not empty.
    fn has_content(&self, data: &[u8]) -> bool {
        let Some(at) = self.content.find(data) else {
            return false;
        };
        let value = data
            .get(at + self.content.needle().len()..)
            .unwrap_or_default()
            .trim_ascii_start();
        matches!(value, [b'"', next, ..] if *next != b'"')
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        ": a comment\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\": \"two\"}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"content\":null},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\n",
        "data: [DONE]\n\n",
    );

    #[test]
    fn counts_real_content_only_cut_at_every_byte() {
        let bytes = STREAM.as_bytes();
        let mut events = Events::new();
        for cut in 0..=bytes.len() {
            events.reset();
            events.feed(&bytes[..cut]);
            events.feed(&bytes[cut..]);
            assert_eq!((events.chunks(), events.done()), (2, true), "cut at {cut}");
        }
    }

    #[test]
    fn the_first_content_is_seen_with_its_line() {
        let mut events = Events::new();
        let (before, after) = STREAM.split_at(STREAM.find("one").unwrap());
        events.feed(before.as_bytes());
        assert_eq!(events.chunks(), 0);
        events.feed(after.as_bytes());
        assert_eq!(events.chunks(), 2);
    }

    #[test]
    fn a_cut_stream_and_one_that_goes_on_are_not_done() {
        let mut events = Events::new();
        events.feed(b"data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n");
        assert!(!events.done());
        events.feed(b"data: [DONE]\n\ndata: {\"error\":{}}\n\n");
        assert!(!events.done());
    }
}
