//! The chunked transfer coding, incrementally: the input may be cut at any byte.

use super::response::BadResponse;

/// Where in the coding the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the hexadecimal size; `digits` have been read.
    Size { size: u64, digits: u8 },
    /// In a chunk extension, which is skipped up to the end of its line.
    Extension { size: u64 },
    /// The line feed after the size.
    SizeEnd { size: u64 },
    /// In the data.
    Data { left: u64 },
    /// The carriage return after the data.
    DataReturn,
    /// The line feed after the data.
    DataEnd,
    /// At the start of a trailer line, or of the empty line that ends the body.
    Trailer,
    /// Inside a trailer line, which is skipped.
    TrailerLine,
    /// The line feed of the empty line.
    LastEnd,
    /// The body is complete.
    Done,
}

/// Decodes one body.
#[derive(Debug)]
pub struct Chunked(State);

const START: State = State::Size { size: 0, digits: 0 };
/// 16 hexadecimal digits hold every `u64`.
const MAX_DIGITS: u8 = 16;

impl Chunked {
    /// At the start of a body.
    pub const fn new() -> Self {
        Self(START)
    }

    /// Takes `input` and hands the decoded bytes to `body`. What follows the end of the body is returned; before the
    /// end everything is taken and `None` comes back.
    ///
    /// # Errors
    /// When the input is not in the chunked coding.
    pub fn feed<'a>(
        &mut self,
        mut input: &'a [u8],
        body: &mut impl FnMut(&[u8]),
    ) -> Result<Option<&'a [u8]>, BadResponse> {
        while self.0 != State::Done {
            if let State::Data { left } = self.0 {
                let (data, rest) = split(input, left);
                if data.is_empty() {
                    return Ok(None);
                }
                body(data);
                input = rest;
                let left = left - data.len() as u64;
                self.0 = if left == 0 {
                    State::DataReturn
                } else {
                    State::Data { left }
                };
            } else {
                let Some((&byte, rest)) = input.split_first() else {
                    return Ok(None);
                };
                self.0 = self.0.step(byte).ok_or(BadResponse::Chunk)?;
                input = rest;
            }
        }
        Ok(Some(input))
    }
}

impl Default for Chunked {
    fn default() -> Self {
        Self::new()
    }
}

/// The first `count` bytes, or all if there are fewer, and the rest.
pub(super) fn split(input: &[u8], count: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(count).map_or(input.len(), |count| count.min(input.len()));
    input.split_at(at)
}

impl State {
    /// The state after one byte that is not data; `None` when the byte has no place here.
    fn step(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Size { size, digits: 1.. } | Self::Extension { size }, b'\r') => {
                Some(Self::SizeEnd { size })
            }
            (Self::Size { size, digits: 1.. }, b';' | b' ' | b'\t') | (Self::Extension { size }, _) => {
                Some(Self::Extension { size })
            }
            (Self::Size { size, digits }, _) if digits < MAX_DIGITS => {
                let digit = char::from(byte).to_digit(16)?;
                Some(Self::Size {
                    size: size * 16 + u64::from(digit),
                    digits: digits + 1,
                })
            }
            (Self::SizeEnd { size: 0 } | Self::TrailerLine, b'\n') => Some(Self::Trailer),
            (Self::SizeEnd { size }, b'\n') => Some(Self::Data { left: size }),
            (Self::DataReturn, b'\r') => Some(Self::DataEnd),
            (Self::DataEnd, b'\n') => Some(START),
            (Self::Trailer, b'\r') => Some(Self::LastEnd),
            (Self::Trailer | Self::TrailerLine, _) => Some(Self::TrailerLine),
            (Self::LastEnd, b'\n') => Some(Self::Done),
            (
                Self::Size { .. }
                | Self::SizeEnd { .. }
                | Self::Data { .. }
                | Self::DataReturn
                | Self::DataEnd
                | Self::LastEnd
                | Self::Done,
                _,
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(parts: &[&[u8]]) -> Result<(Vec<u8>, Option<Vec<u8>>), BadResponse> {
        let mut decoder = Chunked::new();
        let mut data = Vec::new();
        let mut rest = None;
        for part in parts {
            rest = decoder
                .feed(part, &mut |bytes: &[u8]| data.extend_from_slice(bytes))?
                .map(<[u8]>::to_vec);
        }
        Ok((data, rest))
    }

    #[test]
    fn reads_sizes_extensions_and_trailers_cut_anywhere() {
        let text = b"5\r\nhello\r\nA;x=\"y\"\r\n, chunked!\r\n0\r\nx-trailer: 1\r\n\r\n";
        for cut in 0..=text.len() {
            let (data, rest) = decode(&[&text[..cut], &text[cut..]]).unwrap();
            assert_eq!(data, b"hello, chunked!", "cut at {cut}");
            assert_eq!(rest.as_deref(), Some(&b""[..]), "cut at {cut}");
        }
    }

    #[test]
    fn gives_back_what_follows_the_body() {
        let (data, rest) = decode(&[b"1\r\na\r\n0\r\n\r\nHTTP"]).unwrap();
        assert_eq!(
            (data.as_slice(), rest.as_deref()),
            (&b"a"[..], Some(&b"HTTP"[..]))
        );
    }

    #[test]
    fn refuses_what_is_not_chunked() {
        for text in [
            &b"\r\n"[..],
            b"x\r\n",
            b"1\na",
            b"1\r\nab\r\n",
            b"0\r\n\rx",
            b"11111111111111111\r\n",
        ] {
            assert_eq!(
                decode(&[text]),
                Err(BadResponse::Chunk),
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }
}
