//! Writes events as a stream of completions.

use std::collections::BTreeMap;

use bytes::BytesMut;

use super::answer::{Choice, Completion, ID, UsageMember, UsageOut, finish_reason};
use crate::event::{Event, Finish, Start};
use crate::format::answer::TooLong;
use crate::format::writing::{Bill, Setting, Write, write_frame};

/// Writes one stream: the text and the refusals of each choice, and its finish reason. Usage comes last, if asked for.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    setting: Setting,
    id: String,
    model: String,
    created: i64,
    /// The choices that came, with their reasons.
    choices: BTreeMap<u32, Option<Finish>>,
}

impl Write for StreamWriter {
    fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        if let Some(choice) = event.choice() {
            self.choices.entry(choice).or_default();
        }
        match event {
            Event::Start(start) => self.start(start),
            Event::Text { choice, text } | Event::Refusal { choice, text } => {
                self.piece(*choice, text, None, out);
            }
            Event::Finish { choice, reason, .. } => {
                self.choices.entry(*choice).or_default().get_or_insert(*reason);
            }
            Event::Reasoning { .. }
            | Event::ReasoningSignature { .. }
            | Event::RedactedReasoning { .. }
            | Event::ToolCall { .. }
            | Event::ToolArguments { .. }
            | Event::Opaque { .. }
            | Event::Citation { .. }
            | Event::Logprobs { .. }
            | Event::Usage(_)
            | Event::Error(_)
            | Event::End => {}
        }
        Ok(())
    }

    fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        self.choices.entry(0).or_default();
        for (choice, finish) in std::mem::take(&mut self.choices) {
            self.piece(choice, "", Some(finish_reason(finish)), out);
        }
        if let Some(usage) = UsageOut::of(bill).filter(|_| self.setting.include_usage) {
            self.frame(&[], UsageMember::Told(usage), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl StreamWriter {
    pub(crate) fn new(setting: Setting) -> Self {
        let mut writer = Self {
            setting,
            id: String::new(),
            model: String::new(),
            created: 0,
            choices: BTreeMap::new(),
        };
        writer.start(&Start::default());
        writer
    }

    fn start(&mut self, start: &Start<'_>) {
        self.id = self.setting.id(ID, &start.id);
        self.model = if start.model.is_empty() {
            self.setting.model.clone()
        } else {
            start.model.to_string()
        };
        self.created = start.created.unwrap_or(self.setting.created);
    }

    fn piece(&self, index: u32, text: &str, finish_reason: Option<&'static str>, out: &mut BytesMut) {
        let choice = Choice {
            text,
            index: usize::try_from(index).unwrap_or(usize::MAX),
            logprobs: None,
            finish_reason,
        };
        // Where usage is asked for, it is null before the last chunk.
        let usage = if self.setting.include_usage {
            UsageMember::Null
        } else {
            UsageMember::LeftOut
        };
        self.frame(&[choice], usage, out);
    }

    fn frame(&self, choices: &[Choice<'_>], usage: UsageMember, out: &mut BytesMut) {
        let completion = Completion {
            id: &self.id,
            object: "text_completion",
            created: self.created,
            model: &self.model,
            choices,
            usage,
        };
        write_frame(out, "", &completion);
    }
}
