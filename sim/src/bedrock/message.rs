//! The binary frames of an AWS event stream: lengths, headers, payload and two checksums.

use bytes::{BufMut, Bytes, BytesMut};

/// Lengths and the checksum over them.
const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;
/// Header values of this type are text.
const TEXT: u8 = 7;

/// An event of this type.
pub(super) fn event(kind: &str, payload: &str) -> Bytes {
    let headers = [
        (":event-type", kind),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    encode(&headers, payload)
}

/// An exception of this type: the last message of its stream.
pub(super) fn exception(kind: &str, payload: &str) -> Bytes {
    let headers = [
        (":exception-type", kind),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    encode(&headers, payload)
}

/// Names and values are constants of a few bytes, and payloads are far below 4 GiB: no length is cut off.
fn encode(headers: &[(&str, &str)], payload: &str) -> Bytes {
    let header_bytes: usize = headers
        .iter()
        .map(|(name, value)| 4 + name.len() + value.len())
        .sum();
    let total = PRELUDE_BYTES + header_bytes + payload.len() + CHECKSUM_BYTES;
    let mut message = BytesMut::with_capacity(total);
    message.put_u32(length(total));
    message.put_u32(length(header_bytes));
    message.put_u32(crc32fast::hash(&message));
    for (name, value) in headers {
        message.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        message.put_slice(name.as_bytes());
        message.put_u8(TEXT);
        message.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        message.put_slice(value.as_bytes());
    }
    message.put_slice(payload.as_bytes());
    message.put_u32(crc32fast::hash(&message));
    message.freeze()
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as AWS's own documents describe it, by hand; the checksums are zlib's.
    #[test]
    fn a_frame_is_laid_out_as_described() {
        let frame = encode(&[("a", "bc")], "{}");
        let head = [0, 0, 0, 25, 0, 0, 0, 7];
        assert_eq!(frame[..8], head);
        assert_eq!(frame[8..12], crc32fast::hash(&head).to_be_bytes());
        assert_eq!(frame[12..21], *b"\x01a\x07\x00\x02bc{}");
        assert_eq!(frame[21..], crc32fast::hash(&frame[..21]).to_be_bytes());
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }
}
