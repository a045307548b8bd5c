//! The events of a stream, as they are written.

use bytes::BytesMut;
use serde::Serialize;

use super::item::{Annotation, Item, Logprob, Part};
use super::response::Response;
use crate::format::writing::write_frame;

/// One event. Each has the members that its type has.
#[derive(Default, Serialize)]
#[serde(default)]
pub(super) struct Frame<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Set when it is written.
    pub(super) sequence_number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<&'a Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) annotation_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<&'a Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<&'a Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) annotation: Option<&'a Annotation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<&'a [Logprob]>,
}

/// Numbers the events of a stream.
#[derive(Debug, Default)]
pub(super) struct Sequence(u64);

/// Writes events, or none for a client that gets the answer whole.
#[derive(Debug)]
pub(super) struct Pen<'p> {
    pub(super) sequence: Option<&'p mut Sequence>,
    pub(super) out: &'p mut BytesMut,
}

impl Pen<'_> {
    pub(super) fn write(&mut self, mut frame: Frame<'_>) {
        if let Some(sequence) = &mut self.sequence {
            frame.sequence_number = sequence.0;
            sequence.0 += 1;
            write_frame(self.out, frame.kind, &frame);
        }
    }
}

impl<'a> Frame<'a> {
    /// About an item.
    pub(super) fn of_item(kind: &'static str, output_index: usize, item: &'a Item) -> Self {
        Self {
            kind,
            output_index: Some(output_index),
            item: Some(item),
            ..Self::default()
        }
    }

    /// About what is in an item.
    pub(super) fn within(kind: &'static str, output_index: usize, item_id: &'a str) -> Self {
        Self {
            kind,
            output_index: Some(output_index),
            item_id: Some(item_id),
            ..Self::default()
        }
    }

    /// About a part of a message.
    pub(super) fn of_part(kind: &'static str, place: Place<'a>) -> Self {
        Self {
            content_index: Some(place.part),
            ..Self::within(kind, place.output_index, place.item_id)
        }
    }

    /// About a part of a summary.
    pub(super) fn of_summary(kind: &'static str, output_index: usize, item_id: &'a str) -> Self {
        Self {
            summary_index: Some(0),
            ..Self::within(kind, output_index, item_id)
        }
    }
}

/// Where a part is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) output_index: usize,
    pub(super) item_id: &'a str,
    pub(super) part: usize,
}
