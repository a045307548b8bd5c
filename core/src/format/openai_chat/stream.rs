//! Writes events as a stream of chat completion chunks.

use std::collections::BTreeMap;

use bytes::BytesMut;

use super::delta::{Choice, Chunk, Context, Delta};
use super::logprobs::LogprobsOut;
use super::sources::{AnnotationOut, Place};
use super::usage::{UsageOut, write_tier};
use crate::chat::proof::{Origin, Proof};
use crate::event::citation::Citation;
use crate::event::{Event, Finish, Start};
use crate::format::answer::TooLong;
use crate::format::writing::{Bill, Setting, Write, write_frame};
use crate::usage::ServiceTier;

/// Writes one stream. Each choice opens with its role and ends with one finish reason; usage comes last, if asked for.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    setting: Setting,
    id: String,
    model: String,
    created: i64,
    tier: Option<ServiceTier>,
    choices: BTreeMap<u32, ChoiceState>,
}

#[derive(Debug, Default)]
struct ChoiceState {
    /// Per call, whether arguments came.
    calls: Vec<bool>,
    details: usize,
    /// Google's signature of the call that may follow.
    signature: Option<String>,
    place: Place,
    annotations: usize,
    refused: bool,
    finish: Option<Finish>,
}

impl Write for StreamWriter {
    /// Usage waits for the end.
    fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) -> Result<(), TooLong> {
        match event {
            Event::Start(start) => {
                self.start(start);
                self.choice(0, out);
            }
            Event::Text { choice, text } => {
                let state = self.choice(*choice, out);
                state.place.text(text);
                state.signature = None;
                self.say(*choice, event, out);
            }
            Event::Reasoning { choice, .. } => self.say(*choice, event, out),
            Event::ReasoningSignature { choice, proof } => {
                self.say(*choice, event, out);
                self.choice(*choice, out).proved(proof);
            }
            Event::RedactedReasoning { choice, .. } => {
                self.say(*choice, event, out);
                self.choice(*choice, out).details += 1;
            }
            Event::Citation { choice, citation } => self.cite(*choice, citation, out),
            Event::Logprobs { choice, tokens } => {
                let refused = self.choice(*choice, out).refused;
                let logprobs = LogprobsOut::new(tokens, refused);
                self.choices_frame(*choice, Delta::default(), logprobs, None, out);
            }
            Event::Refusal { choice, .. } => {
                self.choice(*choice, out).refused = true;
                self.say(*choice, event, out);
            }
            Event::ToolCall { choice, .. } => {
                self.choice(*choice, out).calls.push(false);
                self.say(*choice, event, out);
                self.choice(*choice, out).signature = None;
            }
            Event::ToolArguments { choice, slot, .. } => {
                let calls = &mut self.choice(*choice, out).calls;
                if let Some(argued) = usize::try_from(*slot).ok().and_then(|slot| calls.get_mut(slot)) {
                    *argued = true;
                }
                self.say(*choice, event, out);
            }
            Event::Finish { choice, reason, .. } => {
                self.choice(*choice, out).finish.get_or_insert(*reason);
            }
            Event::Opaque { .. } | Event::Usage(_) | Event::Error(_) | Event::End => {}
        }
        Ok(())
    }

    fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        self.choice(0, out);
        self.tier = bill.report.and_then(|report| report.tier);
        for (choice, state) in std::mem::take(&mut self.choices) {
            for slot in (0..)
                .zip(&state.calls)
                .filter_map(|(slot, argued)| (!argued).then_some(slot))
            {
                self.chunk(choice, Delta::arguments(slot, "{}"), None, out);
            }
            self.chunk(choice, Delta::default(), Some(state.reason()), out);
        }
        if let Some(report) = bill.report.filter(|_| self.setting.include_usage) {
            self.frame(&[], Some(UsageOut::new(&report.usage, bill.cost)), out);
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
            tier: None,
            choices: BTreeMap::new(),
        };
        writer.start(&Start::default());
        writer
    }

    fn start(&mut self, start: &Start<'_>) {
        self.id = self.setting.id("chatcmpl-", &start.id);
        self.model = if start.model.is_empty() {
            self.setting.model.clone()
        } else {
            start.model.to_string()
        };
        self.created = start.created.unwrap_or(self.setting.created);
    }

    /// The state of a choice, which opens with its role.
    fn choice(&mut self, choice: u32, out: &mut BytesMut) -> &mut ChoiceState {
        if !self.choices.contains_key(&choice) {
            self.chunk(choice, Delta::opening(), None, out);
        }
        self.choices.entry(choice).or_default()
    }

    fn say(&mut self, choice: u32, event: &Event<'_>, out: &mut BytesMut) {
        self.choice(choice, out);
        let context = self.choices.get(&choice).map(|state| Context {
            details: state.details,
            signature: state.signature.as_deref(),
        });
        self.chunk(choice, Delta::of(event, context.unwrap_or_default()), None, out);
    }

    fn cite(&mut self, choice: u32, citation: &Citation, out: &mut BytesMut) {
        let state = self.choice(choice, out);
        state.place.cited();
        if let Some(annotation) = AnnotationOut::new(citation, &state.place, Some(state.annotations)) {
            state.annotations += 1;
            self.chunk(choice, Delta::cites(annotation), None, out);
        }
    }

    fn chunk(&self, index: u32, delta: Delta<'_>, finish: Option<&'static str>, out: &mut BytesMut) {
        self.choices_frame(index, delta, None, finish, out);
    }

    fn choices_frame(
        &self,
        index: u32,
        delta: Delta<'_>,
        logprobs: Option<LogprobsOut<'_>>,
        finish: Option<&'static str>,
        out: &mut BytesMut,
    ) {
        self.frame(
            &[Choice {
                index,
                delta,
                logprobs,
                finish_reason: finish,
            }],
            None,
            out,
        );
    }

    fn frame(&self, choices: &[Choice<'_>], usage: Option<UsageOut>, out: &mut BytesMut) {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices,
            service_tier: write_tier(self.tier),
            usage,
        };
        write_frame(out, "", &chunk);
    }
}

impl ChoiceState {
    fn proved(&mut self, proof: &Proof<'_>) {
        self.details += 1;
        self.signature = (proof.origin == Origin::Google).then(|| proof.data.to_string());
    }

    fn reason(&self) -> &'static str {
        finish_reason(self.finish, !self.calls.is_empty(), self.refused)
    }
}

/// The `finish_reason`. `calls`: whether tools are called; `refused`: whether a refusal text was written.
pub(super) fn finish_reason(finish: Option<Finish>, calls: bool, refused: bool) -> &'static str {
    match finish {
        Some(Finish::Length | Finish::ContextWindow) => "length",
        Some(Finish::ToolCalls) => "tool_calls",
        Some(Finish::ContentFilter) => "content_filter",
        // OpenAI ends a refusal of its own with "stop"; a refusal without its text would look like an answer.
        Some(Finish::Refusal) if !refused => "content_filter",
        None if calls => "tool_calls",
        Some(Finish::Stop | Finish::Refusal | Finish::Pause) | None => "stop",
    }
}
