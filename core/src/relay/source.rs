//! How the provider's bytes come: split into pieces, and what a piece says.

use std::borrow::Cow;

use bytes::Bytes;

use super::body::WholeBody;
use crate::format::{Framing, event_stream, json_array, sse};

/// How the provider's bytes come.
#[derive(Debug)]
pub(super) enum Source {
    Sse {
        splitter: sse::Splitter,
        first: bool,
        /// A line is of no kind that event streams have.
        foreign: bool,
    },
    JsonArray(json_array::Splitter),
    EventStream(event_stream::Splitter),
    Whole(WholeBody),
}

/// What a piece says.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    /// Its name, where the framing has one.
    pub(super) name: Cow<'a, [u8]>,
    /// Its data; empty for a comment.
    pub(super) data: Cow<'a, [u8]>,
    /// It is not of the framing: a check sum is wrong.
    pub(super) broken: bool,
}

impl Source {
    pub(super) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Sse => Self::Sse {
                splitter: sse::Splitter::default(),
                first: true,
                foreign: false,
            },
            Framing::JsonArray => Self::JsonArray(json_array::Splitter::default()),
            Framing::EventStream => Self::EventStream(event_stream::Splitter::default()),
            Framing::Whole => Self::Whole(WholeBody::default()),
        }
    }

    /// The next piece that ends in `chunk` at or after `at`.
    pub(super) fn next(&mut self, chunk: &Bytes, at: &mut usize) -> Result<Option<sse::Piece>, sse::TooLong> {
        match self {
            Self::Sse { splitter, .. } => splitter.next(chunk, at),
            Self::JsonArray(splitter) => splitter.next(chunk, at),
            Self::EventStream(splitter) => splitter.next(chunk, at),
            Self::Whole(_) => Ok(None),
        }
    }

    /// What is left when the stream ends.
    pub(super) fn finish(&mut self) -> Option<Bytes> {
        match self {
            Self::Sse { splitter, .. } => splitter.finish(),
            Self::JsonArray(splitter) => splitter.finish(),
            Self::EventStream(splitter) => splitter.finish(),
            Self::Whole(_) => None,
        }
    }

    /// Reads a piece.
    pub(super) fn message<'a>(&mut self, frame: &'a [u8]) -> Message<'a> {
        match self {
            Self::Sse { first, foreign, .. } => {
                let message = sse::Message::read(frame, std::mem::take(first));
                *foreign |= message.foreign;
                Message {
                    name: Cow::Borrowed(message.event),
                    data: message.data.unwrap_or_default(),
                    broken: false,
                }
            }
            Self::JsonArray(_) => Message {
                data: Cow::Borrowed(json_array::item(frame)),
                ..Message::default()
            },
            Self::EventStream(_) => match event_stream::Message::read(frame) {
                Ok(message) => Message {
                    name: Cow::Owned(message.name.into_bytes()),
                    data: Cow::Owned(message.data.to_vec()),
                    broken: false,
                },
                Err(event_stream::NotAMessage) => Message {
                    broken: true,
                    ..Message::default()
                },
            },
            Self::Whole(_) => Message::default(),
        }
    }

    /// Whether the last piece of a stream, which lacks its end, has all of its data. The last bracket of a list has.
    pub(super) fn is_whole(&self, frame: &[u8]) -> bool {
        let json = |data: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok();
        match self {
            Self::Sse { .. } => {
                let data = sse::Message::read(frame, false).data.unwrap_or_default();
                data.trim_ascii() == b"[DONE]" || json(&data)
            }
            Self::JsonArray(_) => {
                // A comma alone would stand before an item that never comes.
                let item = json_array::item(frame);
                json(item) || item.is_empty() && frame.contains(&b']')
            }
            Self::EventStream(_) | Self::Whole(_) => false,
        }
    }

    /// Whether what came is no event stream at all, as a page of HTML.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self, Self::Sse { foreign: true, .. })
    }
}
