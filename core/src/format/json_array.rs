//! A JSON list whose items come one by one, as Gemini streams without `alt=sse`: split without copying where an item
//! lies in one chunk.

use bytes::{Bytes, BytesMut};

use super::sse::{MAX_FRAME, Piece, TooLong};

/// Splits a list into pieces: each ends with an item's last bracket, and begins with what stands before the item
/// (`[`, `,` and white space).
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    carry: BytesMut,
    scan: Scan,
}

/// Follows the brackets of a list.
#[derive(Debug, Default)]
struct Scan {
    place: Place,
    /// Brackets open inside of the list.
    depth: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    InString,
    /// In a string, behind a backslash.
    Escaped,
}

impl Splitter {
    /// The next piece that ends in `chunk` at or after `at`, which moves on. `None`: the rest is kept.
    pub(crate) fn next(&mut self, chunk: &Bytes, at: &mut usize) -> Result<Option<Piece>, TooLong> {
        let rest = chunk.get(*at..).unwrap_or_default();
        let end = self.scan.find(rest);
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

    /// What is left when the stream ends: the list's last bracket, or a piece of an item.
    pub(crate) fn finish(&mut self) -> Option<Bytes> {
        (!self.carry.is_empty()).then(|| self.carry.split().freeze())
    }
}

impl Scan {
    /// Where the present item ends in `bytes`.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            self.place = match (self.place, byte) {
                (Place::Outside, b'"') | (Place::Escaped, _) => Place::InString,
                (Place::InString, b'\\') => Place::Escaped,
                (Place::InString, b'"') | (Place::Outside, _) => Place::Outside,
                (Place::InString, _) => Place::InString,
            };
            if self.place != Place::Outside {
                continue;
            }
            match byte {
                b'{' => self.depth += 1,
                // The list's own bracket stands outside of all items.
                b'[' if self.depth > 0 => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(index + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// The item of a piece; empty for the list's last bracket.
pub(crate) fn item(piece: &[u8]) -> &[u8] {
    let start = piece
        .iter()
        .position(|byte| !matches!(byte, b'[' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n'));
    start.and_then(|start| piece.get(start..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(pieces: &[&str]) -> (Vec<String>, String) {
        let mut splitter = Splitter::default();
        let (mut items, mut all) = (Vec::new(), String::new());
        let mut take = |bytes: &[u8]| {
            all.push_str(std::str::from_utf8(bytes).expect("text"));
            items.push(String::from_utf8(item(bytes).to_vec()).expect("text"));
        };
        for piece in pieces {
            let chunk = Bytes::copy_from_slice(piece.as_bytes());
            let mut at = 0;
            while let Some(piece) = splitter.next(&chunk, &mut at).expect("short") {
                match piece {
                    Piece::InChunk(range) => take(&chunk[range]),
                    Piece::Joined(bytes) => take(&bytes),
                }
            }
        }
        if let Some(rest) = splitter.finish() {
            take(&rest);
        }
        (items, all)
    }

    #[test]
    fn items_come_whole_at_any_cut_and_nothing_is_lost() {
        let list = "[{\"a\": [1, {\"b\": \"]}\\\"\"}]}\r\n,\n{}\n, {\"c\": 2}]\n";
        let whole = items(&[list]);
        assert_eq!(
            whole.0,
            ["{\"a\": [1, {\"b\": \"]}\\\"\"}]}", "{}", "{\"c\": 2}", ""]
        );
        assert_eq!(whole.1, list);
        for cut in 1..list.len() {
            let (left, right) = list.split_at(cut);
            assert_eq!(items(&[left, right]), whole, "at {cut}");
        }
    }
}
