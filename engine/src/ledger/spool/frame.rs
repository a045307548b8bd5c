//! One record in a segment:
//!
//! ```text
//! length of the text, u32 │ CRC-32 of the rest, u32 │ sequence number, u64 │ text
//! ```
//! Numbers are little-endian. The number is under the checksum, so that a piece of another segment is not taken for one
//! of this.

/// The bytes before the text.
const HEAD: usize = 16;

/// A record that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    pub(super) text: &'a [u8],
}

impl Frame<'_> {
    /// Its bytes in the segment.
    pub(super) fn len(&self) -> usize {
        HEAD + self.text.len()
    }
}

/// Appends a record. `false`: it is too long for any segment.
pub(super) fn write(into: &mut Vec<u8>, sequence: u64, text: &[u8]) -> bool {
    let Ok(length) = u32::try_from(text.len()) else {
        return false;
    };
    let sequence = sequence.to_le_bytes();
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(&checksum(sequence, text).to_le_bytes());
    into.extend_from_slice(&sequence);
    into.extend_from_slice(text);
    true
}

/// Reads the first record. `None`: there is none that is whole and sound.
pub(super) fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let (sequence, rest) = rest.split_first_chunk()?;
    let text = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    (checksum(*sequence, text) == u32::from_le_bytes(*sum)).then_some(Frame {
        sequence: u64::from_le_bytes(*sequence),
        text,
    })
}

fn checksum(sequence: [u8; 8], text: &[u8]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&sequence);
    hash.update(text);
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let mut bytes = Vec::new();
        assert!(write(&mut bytes, 7, b"{\"kind\":\"call\"}"));
        assert!(write(&mut bytes, 8, b""));
        let first = read(&bytes).unwrap();
        assert_eq!(
            (first.sequence, first.text),
            (7, b"{\"kind\":\"call\"}".as_slice())
        );
        let second = read(&bytes[first.len()..]).unwrap();
        assert_eq!((second.sequence, second.text), (8, b"".as_slice()));
        let whole = first.len();
        for cut in 0..whole {
            assert_eq!(read(&bytes[..cut]), None, "cut at {cut}");
        }
        for place in 0..whole {
            let mut other = bytes[..whole].to_vec();
            other[place] ^= 1;
            assert_eq!(read(&other), None, "changed at {place}");
        }
        assert_eq!(
            read(&[0; 64]),
            None,
            "zeros, as a file system leaves after a crash"
        );
    }
}
