//! One kind of call: the request's bytes, and what a good answer is.

use std::io;
use std::time::Duration;

use super::response::{BadResponse, Cache, Head};
use super::sse::Events;

/// What makes an answer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Status 200 and a JSON body.
    Answer {
        /// Size of the body at least.
        min_bytes: u64,
        /// Where it comes from.
        source: Source,
    },
    /// Status 200 and a whole stream.
    Stream {
        /// Events with real content, exactly.
        chunks: u32,
        /// Where it comes from.
        source: Source,
    },
    /// This status; the body does not matter.
    Status(u16),
}

/// Where an answer has to come from, as the gateway reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From anywhere.
    Any,
    /// From the last of so many upstream attempts.
    Attempts(u32),
    /// From upstream or from the cache: this is what the cache says of it.
    Cache(Cache),
}

/// A request, sent again and again.
#[derive(Clone, Debug)]
pub struct Call {
    /// Head and body, as they go on the wire.
    pub request: Vec<u8>,
    /// What a good answer is.
    pub expect: Expect,
}

/// What went wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// The server closed the connection before the end of the answer.
    #[error("the answer was cut")]
    Cut,
    /// The answer is not HTTP/1.1.
    #[error(transparent)]
    Bad(#[from] BadResponse),
    /// Another status than expected.
    #[error("status {got} instead of {want}")]
    Status {
        /// The status that came.
        got: u16,
        /// The status of a good answer.
        want: u16,
    },
    /// The body is too small to be the answer.
    #[error("{got} body bytes instead of at least {want}")]
    Short {
        /// Bytes that came.
        got: u64,
        /// Bytes at least.
        want: u64,
    },
    /// The body does not end like a JSON object.
    #[error("the body is not a JSON object")]
    NotJson,
    /// The stream has lost or doubled content.
    #[error("{got} chunks with content instead of {want}")]
    Chunks {
        /// Events with content that came.
        got: u32,
        /// Events with content of a whole stream.
        want: u32,
    },
    /// The stream ended without `[DONE]`.
    #[error("the stream ended without [DONE]")]
    Unfinished,
    /// The gateway did not do the expected number of attempts.
    #[error("{got:?} upstream attempts reported instead of {want}")]
    Attempts {
        /// As the gateway says, if it does.
        got: Option<u32>,
        /// As the scenario needs it.
        want: u32,
    },
    /// The answer should have come from the cache, or should not have.
    #[error("the gateway says {got:?} of its cache instead of {want:?}")]
    Cache {
        /// As the gateway says, if it does.
        got: Option<Cache>,
        /// As the scenario needs it.
        want: Cache,
    },
    /// No complete answer when the time was up.
    #[error("no answer before the time was up")]
    TimedOut,
    /// The open loop had no free connection: the server is further behind than the bench can hold.
    #[error("too many calls in flight")]
    Overrun,
}

/// How long a good call took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Until the first bytes with real content were read; streams only.
    pub first: Option<Duration>,
    /// Until the answer was complete.
    pub total: Duration,
}

/// Judges one answer while it comes in.
#[derive(Debug, Default)]
pub struct Judge {
    bytes: u64,
    last: Option<u8>,
    events: Events,
}

impl Judge {
    /// Makes ready for the next answer.
    pub fn reset(&mut self) {
        self.bytes = 0;
        self.last = None;
        self.events.reset();
    }

    /// Takes the next bytes of the body.
    pub fn body(&mut self, part: &[u8], expect: Expect) {
        self.bytes += part.len() as u64;
        self.last = part.trim_ascii_end().last().copied().or(self.last);
        match expect {
            Expect::Stream { .. } => self.events.feed(part),
            Expect::Answer { .. } | Expect::Status(_) => {}
        }
    }

    /// Whether real content of a stream has come.
    pub const fn has_content(&self) -> bool {
        self.events.chunks() > 0
    }

    /// The verdict on a complete answer.
    ///
    /// # Errors
    /// What is not as expected.
    pub fn verdict(&self, head: Head, expect: Expect) -> Result<(), Fault> {
        let want = match expect {
            Expect::Status(status) => status,
            Expect::Answer { .. } | Expect::Stream { .. } => 200,
        };
        if head.status != want {
            return Err(Fault::Status {
                got: head.status,
                want,
            });
        }
        match expect {
            Expect::Answer { min_bytes, .. } if self.bytes < min_bytes => Err(Fault::Short {
                got: self.bytes,
                want: min_bytes,
            }),
            Expect::Answer { .. } if self.last != Some(b'}') => Err(Fault::NotJson),
            Expect::Stream { chunks, .. } if self.events.chunks() != chunks => Err(Fault::Chunks {
                got: self.events.chunks(),
                want: chunks,
            }),
            Expect::Stream { .. } if !self.events.done() => Err(Fault::Unfinished),
            Expect::Answer { source, .. } | Expect::Stream { source, .. } => source.verdict(head),
            Expect::Status(_) => Ok(()),
        }
    }
}

impl Source {
    fn verdict(self, head: Head) -> Result<(), Fault> {
        match self {
            Self::Attempts(want) if head.attempts != Some(want) => Err(Fault::Attempts {
                got: head.attempts,
                want,
            }),
            Self::Cache(want) if head.cache != Some(want) => Err(Fault::Cache {
                got: head.cache,
                want,
            }),
            Self::Any | Self::Attempts(_) | Self::Cache(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(expect: Expect, head: Head, parts: &[&str]) -> Result<(), Fault> {
        let mut judge = Judge::default();
        for part in parts {
            judge.body(part.as_bytes(), expect);
        }
        judge.verdict(head, expect)
    }

    const OK: Head = Head {
        status: 200,
        close: false,
        attempts: Some(2),
        cache: Some(Cache::Hit),
    };
    const EVENT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";

    #[test]
    fn good_answers_pass() {
        let answer = Expect::Answer {
            min_bytes: 4,
            source: Source::Attempts(2),
        };
        assert_eq!(judge(answer, OK, &["{\"a\"", ":1}", "\n"]), Ok(()));
        assert_eq!(
            judge(
                Expect::Stream {
                    chunks: 2,
                    source: Source::Cache(Cache::Hit)
                },
                OK,
                &[EVENT, EVENT, "data: [DONE]\n\n"]
            ),
            Ok(())
        );
        assert_eq!(
            judge(Expect::Status(429), Head { status: 429, ..OK }, &[""]),
            Ok(())
        );
    }

    #[test]
    fn each_fault_is_told() {
        let answer = Expect::Answer {
            min_bytes: 4,
            source: Source::Attempts(3),
        };
        let stream = Expect::Stream {
            chunks: 1,
            source: Source::Cache(Cache::Miss),
        };
        for (expect, head, body, fault) in [
            (
                answer,
                Head { status: 503, ..OK },
                "{}",
                Fault::Status { got: 503, want: 200 },
            ),
            (answer, OK, "{}", Fault::Short { got: 2, want: 4 }),
            (answer, OK, "<html>", Fault::NotJson),
            (
                answer,
                OK,
                "{1234}",
                Fault::Attempts {
                    got: Some(2),
                    want: 3,
                },
            ),
            (stream, OK, "data: [DONE]\n\n", Fault::Chunks { got: 0, want: 1 }),
            (stream, OK, EVENT, Fault::Unfinished),
            (
                stream,
                OK,
                &format!("{EVENT}data: [DONE]\n\n"),
                Fault::Cache {
                    got: Some(Cache::Hit),
                    want: Cache::Miss,
                },
            ),
            (Expect::Status(429), OK, "", Fault::Status { got: 200, want: 429 }),
        ] {
            assert_eq!(judge(expect, head, &[body]), Err(fault), "{body}");
        }
    }
}
