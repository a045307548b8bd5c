//! Writes events as a stream of Anthropic Messages.

use bytes::BytesMut;
use serde::Serialize;

use super::blocks::Blocks;
use super::stop;
use super::usage::UsageOut;
use crate::event::{Event, Finish};
use crate::format::answer::TooLong;
use crate::format::writing::{Bill, Setting, Write, write_frame};
use crate::usage::Report;

/// Writes one stream. Only the first of several choices can be said in this format. The reason for the end and the
/// usage are told together when all is said, as usage may come after the reason.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    setting: Setting,
    id: String,
    model: String,
    report: Option<Report>,
    begun: bool,
    blocks: Blocks,
    finish: Option<(Finish, Option<String>)>,
}

#[derive(Serialize)]
struct MessageStart<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: Head<'a>,
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: [(); 0],
    stop_reason: Option<()>,
    stop_sequence: Option<()>,
    usage: UsageOut,
}

#[derive(Serialize)]
struct MessageDelta {
    #[serde(rename = "type")]
    kind: &'static str,
    delta: Ending,
    usage: UsageOut,
}

#[derive(Serialize)]
struct Ending {
    stop_reason: &'static str,
    stop_sequence: Option<String>,
}

#[derive(Serialize)]
struct MessageStop {
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Write for StreamWriter {
    fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        match event {
            Event::Start(start) => {
                self.id = self.setting.id("msg_", &start.id);
                if !start.model.is_empty() {
                    self.model = start.model.to_string();
                }
            }
            Event::Usage(report) => self.report = Some(*report),
            Event::Finish {
                choice: 0,
                reason,
                stop_sequence,
            } => {
                let sequence = stop_sequence.as_ref().map(ToString::to_string);
                self.finish.get_or_insert((*reason, sequence));
            }
            Event::Text { choice: 0, .. }
            | Event::Reasoning { choice: 0, .. }
            | Event::ReasoningSignature { choice: 0, .. }
            | Event::RedactedReasoning { choice: 0, .. }
            | Event::Citation { choice: 0, .. }
            | Event::ToolCall { choice: 0, .. }
            | Event::ToolArguments { choice: 0, .. }
            | Event::Refusal { choice: 0, .. } => {
                self.begin(out);
                self.blocks.take(event, out)?;
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
            | Event::Error(_)
            | Event::End => {}
        }
        Ok(())
    }

    fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        self.begin(out);
        self.blocks.end(out);
        let (finish, stop_sequence) = self.finish.take().unzip();
        let stop_sequence = stop_sequence.flatten();
        let stop_reason = stop::write(finish, self.blocks.calls(), stop_sequence.is_some());
        let usage = UsageOut::new(bill.report.or(self.report).as_ref(), bill.cost);
        let delta = MessageDelta {
            kind: "message_delta",
            delta: Ending {
                stop_reason,
                stop_sequence,
            },
            usage,
        };
        write_frame(out, delta.kind, &delta);
        let stop = MessageStop { kind: "message_stop" };
        write_frame(out, stop.kind, &stop);
    }
}

impl StreamWriter {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            id: setting.id("msg_", ""),
            model: setting.model.clone(),
            setting,
            report: None,
            begun: false,
            blocks: Blocks::default(),
            finish: None,
        }
    }

    /// Opens the message with the usage that is known by then.
    fn begin(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let message = Head {
            id: &self.id,
            kind: "message",
            role: "assistant",
            model: &self.model,
            content: [],
            stop_reason: None,
            stop_sequence: None,
            usage: UsageOut::new(self.report.as_ref(), None),
        };
        let start = MessageStart {
            kind: "message_start",
            message,
        };
        write_frame(out, start.kind, &start);
    }
}
