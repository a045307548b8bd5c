//! An incremental HTTP/1.1 response parser: the bytes may be cut anywhere.

use super::chunked::{Chunked, split};

/// A head longer than this is refused. Bytes; Envoy's own limit is 60 KiB.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;
/// The header in which Wayleave says how many upstream attempts a call took.
const ATTEMPTS: &str = "x-wayleave-attempts";
/// The header in which Wayleave says what its cache had to do with a call.
const CACHE: &str = "x-wayleave-cache";

/// Why an answer cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadResponse {
    /// Not an HTTP/1.1 head.
    #[error("the answer is not HTTP/1.1: {0}")]
    Head(httparse::Error),
    /// The head never ends.
    #[error("the head of the answer is longer than 64 KiB")]
    HeadTooLong,
    /// The head does not say where the body ends.
    #[error("the answer has no usable content-length and is not chunked")]
    Framing,
    /// The body breaks the chunked coding.
    #[error("the body is not in the chunked coding")]
    Chunk,
    /// Bytes after the end of the answer.
    #[error("there are bytes after the end of the answer")]
    Surplus,
}

/// What the head of an answer says, as far as the bench needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Whether the server closes the connection after this answer.
    pub close: bool,
    /// The upstream attempts that the gateway reports.
    pub attempts: Option<u32>,
    /// What the gateway says of its cache.
    pub cache: Option<Cache>,
}

/// What a cache had to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// It had the answer.
    Hit,
    /// It was asked, and had none.
    Miss,
    /// Anything else.
    Other,
}

#[derive(Debug)]
enum State {
    Head,
    Length(u64),
    Chunked(Chunked),
    Done,
}

/// Reads answers from a connection, one after the other.
#[derive(Debug)]
pub struct Response {
    state: State,
    head_bytes: Vec<u8>,
    head: Head,
}

impl Response {
    /// Before the first byte of an answer.
    pub fn new() -> Self {
        Self {
            state: State::Head,
            head_bytes: Vec::with_capacity(1024),
            head: Head::default(),
        }
    }

    /// Makes ready for the next answer.
    pub fn reset(&mut self) {
        self.state = State::Head;
        self.head_bytes.clear();
        self.head = Head::default();
    }

    /// What the head said; all zero before it is complete.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Takes the next bytes of the answer, hands body bytes to `body`, and returns whether the answer is complete.
    ///
    /// # Errors
    /// When the bytes are not an HTTP/1.1 answer whose end can be told, or go on after its end.
    pub fn feed(&mut self, mut input: &[u8], body: &mut impl FnMut(&[u8])) -> Result<bool, BadResponse> {
        while !input.is_empty() {
            match &mut self.state {
                State::Head => input = self.read_head(input)?,
                State::Length(left) => {
                    let (data, rest) = split(input, *left);
                    body(data);
                    *left -= data.len() as u64;
                    input = rest;
                    if *left == 0 {
                        self.state = State::Done;
                    }
                }
                State::Chunked(decoder) => match decoder.feed(input, body)? {
                    Some(rest) => {
                        input = rest;
                        self.state = State::Done;
                    }
                    None => return Ok(false),
                },
                State::Done => return Err(BadResponse::Surplus),
            }
        }
        Ok(matches!(self.state, State::Done))
    }

    /// Collects the head; returns what follows it, or nothing when it is not complete yet.
    fn read_head<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], BadResponse> {
        let before = self.head_bytes.len();
        self.head_bytes.extend_from_slice(input);
        let Some((length, head, state)) = parse(&self.head_bytes)? else {
            return if self.head_bytes.len() > MAX_HEAD {
                Err(BadResponse::HeadTooLong)
            } else {
                Ok(&[])
            };
        };
        // 100 Continue and its like: the real head follows.
        if (100..200).contains(&head.status) {
            self.reset();
        } else {
            self.head = head;
            self.state = state;
        }
        Ok(input.get(length.saturating_sub(before)..).unwrap_or_default())
    }
}

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

/// The length of the head in bytes, what it says, and how to read the body; `None` if it is not complete.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Head, State)>, BadResponse> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(bytes).map_err(BadResponse::Head)? else {
        return Ok(None);
    };
    let mut head = Head {
        status: parsed.code.unwrap_or_default(),
        ..Head::default()
    };
    let mut body = None;
    for header in parsed.headers.iter() {
        let value = || std::str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("content-length") {
            body = Some(State::Length(value().parse().map_err(|_| BadResponse::Framing)?));
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            if !value().eq_ignore_ascii_case("chunked") {
                return Err(BadResponse::Framing);
            }
            body = Some(State::Chunked(Chunked::new()));
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.close = value().eq_ignore_ascii_case("close");
        } else if header.name.eq_ignore_ascii_case(ATTEMPTS) {
            head.attempts = value().parse().ok();
        } else if header.name.eq_ignore_ascii_case(CACHE) {
            head.cache = Some(match value() {
                "hit" => Cache::Hit,
                "miss" => Cache::Miss,
                _ => Cache::Other,
            });
        }
    }
    let empty = matches!(head.status, 100..200 | 204 | 304) || matches!(body, Some(State::Length(0)));
    let state = if empty {
        State::Done
    } else {
        body.ok_or(BadResponse::Framing)?
    };
    Ok(Some((length, head, state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-Wayleave-Attempts: 2\r\nX-Wayleave-Cache: hit\r\n\r\nhello world";
    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n";

    fn read(response: &mut Response, parts: &[&[u8]]) -> Result<(bool, Vec<u8>), BadResponse> {
        let mut body = Vec::new();
        let mut done = false;
        for part in parts {
            done = response.feed(part, &mut |bytes: &[u8]| body.extend_from_slice(bytes))?;
        }
        Ok((done, body))
    }

    #[test]
    fn reads_an_answer_cut_at_every_byte() {
        for text in [PLAIN, CHUNKED] {
            let mut response = Response::new();
            for cut in 0..=text.len() {
                response.reset();
                let (done, body) = read(&mut response, &[&text[..cut], &text[cut..]]).unwrap();
                // An empty second part tells no news: the answer was complete before it.
                assert!(done, "cut at {cut}");
                assert_eq!(body, b"hello world", "cut at {cut}");
                assert_eq!(response.head().status, 200);
            }
        }
    }

    #[test]
    fn reads_an_answer_byte_by_byte_and_is_not_done_early() {
        for text in [PLAIN, CHUNKED] {
            let mut response = Response::new();
            let mut body = Vec::new();
            for (at, byte) in text.iter().enumerate() {
                let done = response
                    .feed(&[*byte], &mut |bytes: &[u8]| body.extend_from_slice(bytes))
                    .unwrap();
                assert_eq!(done, at + 1 == text.len(), "at {at}");
            }
            assert_eq!(body, b"hello world");
        }
    }

    #[test]
    fn keeps_what_the_head_says() {
        let mut response = Response::new();
        read(&mut response, &[PLAIN]).unwrap();
        assert_eq!(
            *response.head(),
            Head {
                status: 200,
                close: false,
                attempts: Some(2),
                cache: Some(Cache::Hit)
            }
        );
        response.reset();
        let close = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(read(&mut response, &[close]), Ok((true, Vec::new())));
        assert_eq!(
            *response.head(),
            Head {
                status: 503,
                close: true,
                attempts: None,
                cache: None
            }
        );
    }

    #[test]
    fn skips_an_interim_answer_cut_anywhere() {
        let text = [b"HTTP/1.1 100 Continue\r\n\r\n", PLAIN].concat();
        for cut in 0..=text.len() {
            let mut response = Response::new();
            let (done, body) = read(&mut response, &[&text[..cut], &text[cut..]]).unwrap();
            assert!(done && body == b"hello world", "cut at {cut}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
        let long = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_HEAD));
        let surplus = head("content-length: 1\r\n") + "ab";
        for (text, error) in [
            (
                "SSH-2.0\r\n".to_owned(),
                BadResponse::Head(httparse::Error::Version),
            ),
            (head(""), BadResponse::Framing),
            (head("content-length: x\r\n"), BadResponse::Framing),
            (head("transfer-encoding: gzip\r\n"), BadResponse::Framing),
            (
                head("transfer-encoding: chunked\r\n") + "zz\r\n",
                BadResponse::Chunk,
            ),
            (surplus, BadResponse::Surplus),
            (long, BadResponse::HeadTooLong),
        ] {
            assert_eq!(read(&mut Response::new(), &[text.as_bytes()]), Err(error));
        }
    }
}
