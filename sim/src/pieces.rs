//! Cuts a text into the pieces that a stream sends.

/// Size of a piece, unless something else is asked for: about one token.
const PIECE_BYTES: usize = 4;
/// Longer texts are cut into larger pieces, so that 20 MiB are not five million events.
const LONG_TEXT: usize = 64 << 10;
const LONG_PIECE_BYTES: usize = 4 << 10;

/// How a text is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cutting {
    /// So many pieces of nearly the same size, but none empty.
    pub(crate) count: Option<usize>,
    /// Pieces of so many bytes, if there is no count.
    pub(crate) bytes: Option<usize>,
}

impl Cutting {
    /// Size of a piece where no text is given: bytes.
    pub(crate) fn piece_bytes(self) -> usize {
        self.bytes.unwrap_or(PIECE_BYTES)
    }

    /// How many pieces a text of `len` bytes makes. Pieces end between characters, so there may be fewer.
    pub(crate) fn pieces(self, len: usize) -> usize {
        let default = if len > LONG_TEXT {
            LONG_PIECE_BYTES
        } else {
            PIECE_BYTES
        };
        match self.count {
            Some(count) => count.min(len),
            None => len.div_ceil(self.bytes.unwrap_or(default)),
        }
    }
}

/// A text and how far it has been handed out.
pub(crate) struct Pieces {
    text: String,
    count: usize,
    next: usize,
    at: usize,
}

impl Pieces {
    pub(crate) fn new(text: String, cutting: Cutting) -> Self {
        let count = cutting.pieces(text.len());
        Self {
            text,
            count,
            next: 0,
            at: 0,
        }
    }

    /// The next piece, never empty.
    pub(crate) fn next_piece(&mut self) -> Option<&str> {
        while self.next < self.count {
            self.next += 1;
            let mut end = self.text.len() * self.next / self.count;
            while !self.text.is_char_boundary(end) {
                end += 1;
            }
            let start = self.at;
            self.at = end.max(start);
            if start < end {
                return self.text.get(start..end);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, count: Option<usize>, bytes: Option<usize>) -> Vec<String> {
        let mut pieces = Pieces::new(text.to_owned(), Cutting { count, bytes });
        std::iter::from_fn(|| pieces.next_piece().map(str::to_owned)).collect()
    }

    #[test]
    fn pieces_have_about_four_characters() {
        assert_eq!(cut("abcdefghij", None, None), ["abc", "def", "ghij"]);
        assert_eq!(cut("", None, None), Vec::<String>::new());
    }

    #[test]
    fn the_count_or_the_size_can_be_chosen() {
        assert_eq!(cut("abcdef", Some(2), None), ["abc", "def"]);
        assert_eq!(cut("ab", Some(5), None), ["a", "b"]);
        assert_eq!(cut("abcdef", None, Some(2)), ["ab", "cd", "ef"]);
    }

    #[test]
    fn characters_stay_whole() {
        let text = "äöü€🙂äöü€🙂";
        for count in 1..40 {
            let pieces = cut(text, Some(count), None);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }
    }
}
