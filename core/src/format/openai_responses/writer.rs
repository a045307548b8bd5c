//! Writes events as a stream of the Responses format, or as one response: the last event of a stream is the same
//! response, so both are written by the same code.

use bytes::BytesMut;

use super::frames::{Frame, Pen, Sequence};
use super::item::Status;
use super::output::Output;
use super::response::{Incomplete, Response};
use super::usage::UsageOut;
use crate::event::{Event, Finish, Start};
use crate::format::answer::TooLong;
use crate::format::writing::{Bill, Setting, Write, write_json};

/// Writes one answer. Only the first of several choices can be said in this format.
#[derive(Debug)]
pub(crate) struct Writer {
    setting: Setting,
    /// `None`: it is not streamed.
    sequence: Option<Sequence>,
    id: String,
    model: String,
    created: i64,
    begun: bool,
    output: Output,
    finish: Option<Finish>,
}

impl Write for Writer {
    fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        match event {
            Event::Start(start) => {
                if !self.begun {
                    self.start(start);
                    self.begin(out);
                }
            }
            Event::Finish {
                choice: 0, reason, ..
            } => {
                self.finish.get_or_insert(*reason);
            }
            Event::Text { choice: 0, .. }
            | Event::Reasoning { choice: 0, .. }
            | Event::ReasoningSignature { choice: 0, .. }
            | Event::RedactedReasoning { choice: 0, .. }
            | Event::Citation { choice: 0, .. }
            | Event::Logprobs { choice: 0, .. }
            | Event::ToolCall { choice: 0, .. }
            | Event::ToolArguments { choice: 0, .. }
            | Event::Refusal { choice: 0, .. } => {
                self.begin(out);
                let mut pen = Pen {
                    sequence: self.sequence.as_mut(),
                    out,
                };
                self.output.take(event, &mut pen)?;
            }
            // Other choices, what cannot be said in this format, and what is said elsewhere.
            Event::Text { .. }
            | Event::Reasoning { .. }
            | Event::ReasoningSignature { .. }
            | Event::RedactedReasoning { .. }
            | Event::Citation { .. }
            | Event::Logprobs { .. }
            | Event::ToolCall { .. }
            | Event::ToolArguments { .. }
            | Event::Refusal { .. }
            | Event::Finish { .. }
            | Event::Opaque { .. }
            | Event::Usage(_)
            | Event::Error(_)
            | Event::End => {}
        }
        Ok(())
    }

    fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        self.begin(out);
        let incomplete = incomplete(self.finish, self.output.refused());
        let status = match incomplete {
            Some(_) => Status::Incomplete,
            None => Status::Completed,
        };
        let mut pen = Pen {
            sequence: self.sequence.as_mut(),
            out,
        };
        let items = self.output.end(status, &mut pen);
        let usage = bill.report.map(|report| UsageOut::new(&report.usage, bill.cost));
        let response = Response {
            status,
            incomplete_details: incomplete.map(|reason| Incomplete { reason }),
            usage,
            ..Response::new(&self.id, &self.model, self.created, &items)
        };
        let kind = match incomplete {
            Some(_) => "response.incomplete",
            None => "response.completed",
        };
        match &mut pen.sequence {
            Some(_) => pen.write(of_response(kind, &response)),
            None => write_json(pen.out, &response),
        }
    }
}

impl Writer {
    /// Writes a stream.
    pub(crate) fn streaming(setting: Setting) -> Self {
        Self::new(setting, Some(Sequence::default()))
    }

    /// Writes one response at the end.
    pub(crate) fn whole(setting: Setting) -> Self {
        Self::new(setting, None)
    }

    fn new(setting: Setting, sequence: Option<Sequence>) -> Self {
        let mut writer = Self {
            setting,
            sequence,
            id: String::new(),
            model: String::new(),
            created: 0,
            begun: false,
            output: Output::default(),
            finish: None,
        };
        writer.start(&Start::default());
        writer
    }

    fn start(&mut self, start: &Start<'_>) {
        self.id = self.setting.id("resp_", &start.id);
        self.model = if start.model.is_empty() {
            self.setting.model.clone()
        } else {
            start.model.to_string()
        };
        self.created = start.created.unwrap_or(self.setting.created);
    }

    /// Opens the response.
    fn begin(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.output.belongs_to(&self.id);
        let response = Response::new(&self.id, &self.model, self.created, &[]);
        let mut pen = Pen {
            sequence: self.sequence.as_mut(),
            out,
        };
        for kind in ["response.created", "response.in_progress"] {
            pen.write(of_response(kind, &response));
        }
    }
}

fn of_response<'a>(kind: &'static str, response: &'a Response<'a>) -> Frame<'a> {
    Frame {
        kind,
        response: Some(response),
        ..Frame::default()
    }
}

/// Why the answer is not complete. A refusal in words is a complete answer; one without any would look like silence.
fn incomplete(finish: Option<Finish>, refused: bool) -> Option<&'static str> {
    match finish {
        Some(Finish::Length | Finish::ContextWindow) => Some("max_output_tokens"),
        Some(Finish::ContentFilter) => Some("content_filter"),
        Some(Finish::Refusal) if !refused => Some("content_filter"),
        Some(Finish::Stop | Finish::ToolCalls | Finish::Refusal | Finish::Pause) | None => None,
    }
}
