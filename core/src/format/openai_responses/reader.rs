//! Reads answers of the Responses format into events.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::frame::{Frame, Response};
use super::items::Items;
use super::usage::read_usage;
use crate::chat::proof::Origin;
use crate::client_error::in_band;
use crate::event::{Event, Finish, Start};
use crate::format::lenient::parse;
use crate::format::openai_chat::{fnv, read_tier};
use crate::format::reading::{CostPlace, NotAnAnswer, Notes, Read, Sink};
use crate::vendor::Quirks;

/// Reads one answer. The type of an event is taken from its data: not all servers name it beside them.
#[derive(Debug)]
pub(crate) struct Reader {
    items: Items,
    started: bool,
    finish: Option<Finish>,
    ended: bool,
}

/// What a response says of itself at its end.
enum Ending {
    Finished(Finish),
    Failed,
    /// It is still at work.
    Open,
}

impl Read for Reader {
    fn read(&mut self, _: &[u8], data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        let mut repaired = Vec::new();
        let (frame, base): (Frame<'_>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
        let index = frame.output_index.or_zero();
        let part = frame.content_index.or_zero();
        match (frame.kind.as_str(), frame.item) {
            ("response.output_item.added", Some(item)) => self.items.open(index, item, sink)?,
            ("response.output_item.done", Some(item)) => self.items.close(index, item, sink)?,
            ("response.output_text.delta", _) => {
                self.items
                    .text((index, part), frame.delta.0, &frame.logprobs.0, sink);
            }
            ("response.refusal.delta", _) => self.items.refuse(index, frame.delta.0, sink),
            ("response.reasoning_summary_text.delta" | "response.reasoning_text.delta", _) => {
                self.items.think(index, frame.delta.0, sink);
            }
            ("response.output_text.annotation.added", _) => {
                self.items
                    .cite(index, &frame.annotation.unwrap_or_default(), sink);
            }
            ("response.function_call_arguments.delta", _) => self.items.argue(index, frame.delta.0, sink),
            ("response.function_call_arguments.done", _) => self.items.argued(index, frame.arguments, sink),
            ("error", _) => return Ok(error(base, sink)),
            ("", _) if frame.error.is_some() => return Ok(error(base, sink)),
            // A whole answer where a stream was asked for.
            ("", _) => return self.response(base, sink),
            // The states of the answer, from `created` to its end.
            (_, _) => {
                if let Some(response) = frame.response {
                    return self.state(base, response, sink);
                }
            }
        }
        Ok(Notes::default())
    }

    fn read_whole(&mut self, body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        let mut repaired = Vec::new();
        let (_, base): (&RawValue, _) = parse(body, &mut repaired).map_err(|_| NotAnAnswer)?;
        self.response(base, sink).map(|_| ())
    }

    fn complete(&self) -> bool {
        self.finish.is_some()
    }

    fn end(&mut self, sink: Sink<'_>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some(reason) = self.finish {
            sink(Event::Finish {
                choice: 0,
                reason,
                stop_sequence: None,
            });
        }
        sink(Event::End);
    }
}

impl Reader {
    pub(crate) fn new(quirks: Quirks) -> Self {
        Self {
            items: Items::new(quirks.proofs.unwrap_or(Origin::OpenAI)),
            started: false,
            finish: None,
            ended: false,
        }
    }

    /// A response, or an error in its place.
    fn response(&mut self, data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        let response: Response<'_> = serde_json::from_slice(data).map_err(|_| NotAnAnswer)?;
        if response.output.is_none() && response.object.as_str() != "response" {
            response.error.ok_or(NotAnAnswer)?;
            return Ok(error(data, sink));
        }
        self.take(data, data, &response, sink)
    }

    /// A response in an event. Events that are newer than this may have something else there.
    fn state(&mut self, base: &[u8], raw: &RawValue, sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        match serde_json::from_str::<Response<'_>>(raw.get()) {
            Ok(response) => self.take(base, raw.get().as_bytes(), &response, sink),
            Err(_) => Ok(Notes::default()),
        }
    }

    /// Takes what a response says. `base` is what it was read from, `data` are its own bytes.
    fn take(
        &mut self,
        base: &[u8],
        data: &[u8],
        response: &Response<'_>,
        sink: Sink<'_>,
    ) -> Result<Notes, NotAnAnswer> {
        self.start(response, sink);
        let ending = self.ending(response);
        if !matches!(ending, Ending::Open) && !self.items.any() {
            for (index, item) in (0..).zip(response.output.iter().flat_map(|output| &output.0)) {
                self.items.close(index, item, sink)?;
            }
        }
        let cost = self.usage(base, response, sink);
        // Calls and refusals may have come with the items just now.
        match self.ending(response) {
            Ending::Open => Ok(Notes::default()),
            Ending::Failed => Ok(error(data, sink)),
            Ending::Finished(reason) => {
                self.finish = Some(reason);
                self.end(sink);
                Ok(Notes {
                    cost,
                    ..Notes::default()
                })
            }
        }
    }

    fn start(&mut self, response: &Response<'_>, sink: Sink<'_>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.items.seed = fnv(0, response.id.as_str().as_bytes());
        let created = response.created_at.0;
        sink(Event::Start(Start {
            id: Cow::Borrowed(response.id.as_str()),
            model: Cow::Borrowed(response.model.as_str()),
            created: created
                .and_then(|created| i64::try_from(created).ok())
                .filter(|at| *at > 0),
        }));
    }

    fn usage(&self, base: &[u8], response: &Response<'_>, sink: Sink<'_>) -> Option<CostPlace> {
        let usage = response.usage?;
        let mut report = read_usage(usage, read_tier(response.service_tier.as_str()))?;
        report.usage.web_searches = self.items.searches();
        sink(Event::Usage(report));
        CostPlace::find(base, usage)
    }

    fn ending(&self, response: &Response<'_>) -> Ending {
        let reason = response.incomplete_details.as_ref();
        let reason = reason.map_or("", |details| details.reason.as_str());
        Ending::Finished(match (response.status.as_str(), reason) {
            ("queued" | "in_progress", _) => return Ending::Open,
            ("failed" | "cancelled", _) => return Ending::Failed,
            ("incomplete", "content_filter") => Finish::ContentFilter,
            ("incomplete", _) => Finish::Length,
            // `completed`, or `complete` as some write it.
            (_, _) if self.items.calls() => Finish::ToolCalls,
            (_, _) if self.items.refused() => Finish::Refusal,
            (_, _) => Finish::Stop,
        })
    }
}

fn error(document: &[u8], sink: Sink<'_>) -> Notes {
    sink(Event::Error(in_band(document)));
    Notes {
        error: true,
        ..Notes::default()
    }
}
