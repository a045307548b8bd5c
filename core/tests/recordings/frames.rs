//! Takes the JSON documents out of a body.

use serde_json::Value;

use crate::recordings::api::Frames;
use crate::recordings::event_stream::{self, Message};

/// Every document of a body, in order. Of an AWS event stream each is an object with one member, as AWS' unions are
/// written: the event's type, and in it the payload; `error` for an exception.
pub(crate) fn documents(frames: Frames, body: &[u8]) -> Vec<Value> {
    match frames {
        Frames::EventStream => event_stream::messages(body)
            .into_iter()
            .map(Message::document)
            .collect(),
        Frames::Sse => data(utf8(body))
            .filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).expect(data))
            .collect(),
        Frames::Whole => vec![json(body)],
        Frames::JsonArray => serde_json::from_value(json(body)).expect("an array"),
    }
}

/// Whether the stream says by OpenAI's sentinel that it is over.
pub(crate) fn says_done(frames: Frames, body: &[u8]) -> bool {
    frames == Frames::Sse && data(utf8(body)).any(|data| data == "[DONE]")
}

/// The data of every event. None of the recorded has more than one line of it.
fn data(body: &str) -> impl Iterator<Item = &str> {
    body.lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(str::trim)
}

fn utf8(body: &[u8]) -> &str {
    std::str::from_utf8(body).expect("UTF-8")
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {:?}", utf8(body)))
}
