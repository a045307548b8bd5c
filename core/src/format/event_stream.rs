//! Messages of an AWS event stream (docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html), as Bedrock
//! streams: each says its length first.

use aws_smithy_eventstream::frame::read_message_from;
use bytes::{Buf, Bytes, BytesMut};

use super::sse::{MAX_FRAME, Piece, TooLong};

/// Length, length of the headers and a check sum; behind headers and payload another one.
const SMALLEST: usize = 16;

/// Splits a stream into messages.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    carry: BytesMut,
}

/// What a message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// `:event-type`, or `:exception-type`.
    pub(crate) name: String,
    /// The payload, JSON; of an error without one, `{"error": ":error-message"}`.
    pub(crate) data: Bytes,
}

/// The bytes are no message, or their check sum is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message of an AWS event stream")]
pub(crate) struct NotAMessage;

impl Splitter {
    /// The next message that ends in `chunk` at or after `at`, which moves on. `None`: the rest is kept.
    pub(crate) fn next(&mut self, chunk: &Bytes, at: &mut usize) -> Result<Option<Piece>, TooLong> {
        self.carry.extend_from_slice(chunk.get(*at..).unwrap_or_default());
        *at = chunk.len();
        let mut head = &self.carry[..];
        if head.len() < SMALLEST {
            return Ok(None);
        }
        let length = usize::try_from(head.get_u32()).unwrap_or(usize::MAX);
        if !(SMALLEST..=MAX_FRAME).contains(&length) {
            return Err(TooLong);
        }
        if self.carry.len() < length {
            return Ok(None);
        }
        Ok(Some(Piece::Joined(self.carry.split_to(length).freeze())))
    }

    /// What is left when the stream ends: a piece of a message.
    pub(crate) fn finish(&mut self) -> Option<Bytes> {
        (!self.carry.is_empty()).then(|| self.carry.split().freeze())
    }
}

impl Message {
    /// Reads a whole message.
    pub(crate) fn read(frame: &[u8]) -> Result<Self, NotAMessage> {
        let message = read_message_from(&mut &*frame).map_err(|_| NotAMessage)?;
        let header = |names: &[&str]| {
            let mut headers = message.headers().iter();
            let header = headers.find(|header| names.contains(&header.name().as_str()))?;
            let text = header.value().as_string().ok()?;
            Some(text.as_str().to_owned())
        };
        // An error that is no exception has no payload: its headers say it all.
        let data = match header(&[":error-message"]) {
            Some(said) if message.payload().is_empty() => {
                Bytes::from(serde_json::json!({"error": said}).to_string())
            }
            Some(_) | None => message.payload().clone(),
        };
        Ok(Self {
            name: header(&[":event-type", ":exception-type", ":error-code"]).unwrap_or_default(),
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message as Frame};

    use super::*;

    fn frame(headers: &[(&'static str, &'static str)], payload: &'static str) -> Vec<u8> {
        let mut frame = Frame::new(payload.as_bytes());
        for (name, value) in headers {
            frame = frame.add_header(Header::new(*name, HeaderValue::String((*value).into())));
        }
        let mut bytes = Vec::new();
        write_message_to(&frame, &mut bytes).expect("a frame");
        bytes
    }

    fn read(headers: &[(&'static str, &'static str)], payload: &'static str) -> (String, String) {
        let message = Message::read(&frame(headers, payload)).expect("a message");
        (
            message.name,
            String::from_utf8(message.data.to_vec()).expect("UTF-8"),
        )
    }

    #[test]
    fn a_message_is_named_by_its_type() {
        let kind = (":message-type", "event");
        let named = read(&[(":event-type", "metadata"), kind], "{}");
        assert_eq!(named, ("metadata".to_owned(), "{}".to_owned()));
        let exception = read(&[(":message-type", "exception"), (":exception-type", "x")], "{}");
        assert_eq!(exception, ("x".to_owned(), "{}".to_owned()));
        let error = [
            (":error-code", "InternalFailure"),
            (":error-message", "so \"bad\""),
        ];
        let expected = (
            "InternalFailure".to_owned(),
            r#"{"error":"so \"bad\""}"#.to_owned(),
        );
        assert_eq!(read(&error, ""), expected);
    }

    #[test]
    fn a_cut_at_any_byte_changes_nothing() {
        let frames = [
            frame(&[(":event-type", "a")], "{}"),
            frame(&[], ""),
            frame(&[(":event-type", "b")], "[1]"),
        ];
        let stream = Bytes::from(frames.concat());
        for at in 0..=stream.len() {
            let (mut splitter, mut seen) = (Splitter::default(), Vec::new());
            for chunk in [stream.slice(..at), stream.slice(at..)] {
                let mut from = 0;
                while let Some(piece) = splitter.next(&chunk, &mut from).expect("short") {
                    let Piece::Joined(bytes) = piece else {
                        panic!("copied")
                    };
                    seen.push(bytes.to_vec());
                }
            }
            assert_eq!(seen, frames, "cut at {at}");
            assert_eq!(splitter.finish(), None);
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let mut bad = frame(&[(":event-type", "a")], "{}");
        bad[20] ^= 1;
        assert_eq!(Message::read(&bad), Err(NotAMessage));
        for length in [[0, 0, 0, 15], [0xff; 4]] {
            let chunk = Bytes::from([&length[..], &[0; 12]].concat());
            assert!(Splitter::default().next(&chunk, &mut 0).is_err());
        }
    }
}
