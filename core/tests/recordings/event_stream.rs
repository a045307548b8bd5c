//! AWS event streams, decoded without the code under test.
//!
//! ```text
//! total length  u32 │ headers length  u32 │ CRC of these 8 bytes  u32 │ headers │ payload │ CRC of all before  u32
//! a header: length of name u8 │ name │ type u8 (7: text) │ length u16 │ text
//! ```

use std::collections::BTreeMap;

use serde_json::{Value, json};

#[derive(Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) payload: Value,
}

impl Message {
    pub(crate) fn document(self) -> Value {
        match self.headers[":message-type"].as_str() {
            "event" => {
                let mut document = json!({});
                document[&self.headers[":event-type"]] = self.payload;
                document
            }
            // An exception names its type beside its payload; an error has no payload.
            _ => json!({"error": {"headers": self.headers, "payload": self.payload}}),
        }
    }
}

/// All messages of a body. Fails where a length or a checksum is wrong.
pub(crate) fn messages(mut body: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while !body.is_empty() {
        let total = number(&body[0..4]);
        let (message, rest) = body.split_at(total);
        body = rest;
        assert_eq!(crc(&message[..8]), number(&message[8..12]), "the prelude");
        assert_eq!(
            crc(&message[..total - 4]),
            number(&message[total - 4..]),
            "the message"
        );
        let payload_at = 12 + number(&message[4..8]);
        let payload = &message[payload_at..total - 4];
        messages.push(Message {
            headers: headers(&message[12..payload_at]),
            payload: if payload.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(payload).expect("a payload is JSON")
            },
        });
    }
    messages
}

fn headers(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    while !bytes.is_empty() {
        let (name, rest) = bytes[1..].split_at(usize::from(bytes[0]));
        assert_eq!(rest[0], 7, "a header is text");
        let (value, rest) = rest[3..].split_at(usize::from(rest[1]) << 8 | usize::from(rest[2]));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        headers.insert(text(name), text(value));
        bytes = rest;
    }
    headers
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// CRC-32 as in Ethernet and zip, bit by bit.
fn crc(bytes: &[u8]) -> usize {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    usize::try_from(!crc).expect("32 bits")
}

#[test]
fn the_checksum_is_the_one_of_zip() {
    assert_eq!(crc(b"123456789"), 0xCBF4_3926);
}
