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
