//! Writes events as a stream of chat completion chunks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use serde::Serialize;

use super::usage::UsageOut;
use crate::event::{Event, Finish, Start};
use crate::format::writing::{Bill, Setting, write_frame};

/// Writes one stream. Each choice opens with its role and ends with one finish reason; usage comes last, if asked for.
#[derive(Debug)]
pub(crate) struct StreamWriter {
    setting: Setting,
    id: String,
    model: String,
    created: i64,
    choices: BTreeMap<u32, ChoiceState>,
}

#[derive(Debug, Default)]
struct ChoiceState {
    /// Per call, whether arguments came.
    calls: Vec<bool>,
    refused: bool,
    finish: Option<Finish>,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: &'a [Choice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageOut>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_details: Option<[ReasoningDetail<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[ToolCall<'a>; 1]>,
}

/// What proves or replaces reasoning, in the form that OpenRouter gave it.
#[derive(Serialize)]
#[serde(tag = "type")]
pub(super) enum ReasoningDetail<'a> {
    #[serde(rename = "reasoning.text")]
    Text {
        #[serde(skip_serializing_if = "str::is_empty")]
        text: Cow<'a, str>,
        signature: Cow<'a, str>,
    },
    #[serde(rename = "reasoning.encrypted")]
    Encrypted { data: Cow<'a, str> },
}

#[derive(Serialize)]
struct ToolCall<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
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

    /// Writes one event. What cannot be said in this format is left out, and usage waits for the end.
    pub(crate) fn write(&mut self, event: &Event<'_>, out: &mut BytesMut) {
        match event {
            Event::Start(start) => {
                self.start(start);
                self.choice(0, out);
            }
            Event::Text { choice, .. }
            | Event::Reasoning { choice, .. }
            | Event::ReasoningSignature { choice, .. }
            | Event::RedactedReasoning { choice, .. } => self.delta(*choice, Delta::of(event), out),
            Event::Refusal { choice, .. } => {
                self.choice(*choice, out).refused = true;
                self.delta(*choice, Delta::of(event), out);
            }
            Event::ToolCall { choice, .. } => {
                self.choice(*choice, out).calls.push(false);
                self.delta(*choice, Delta::of(event), out);
            }
            Event::ToolArguments { choice, slot, .. } => {
                let calls = &mut self.choice(*choice, out).calls;
                if let Some(argued) = usize::try_from(*slot).ok().and_then(|slot| calls.get_mut(slot)) {
                    *argued = true;
                }
                self.delta(*choice, Delta::of(event), out);
            }
            Event::Finish { choice, reason, .. } => {
                self.choice(*choice, out).finish.get_or_insert(*reason);
            }
            Event::Opaque { .. } | Event::Usage(_) | Event::Error(_) | Event::End => {}
        }
    }

    /// Writes the end of an answer that ended properly.
    pub(crate) fn end(&mut self, bill: Bill, out: &mut BytesMut) {
        self.choice(0, out);
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
            let role = Delta {
                role: Some("assistant"),
                content: Some(""),
                ..Delta::default()
            };
            self.chunk(choice, role, None, out);
        }
        self.choices.entry(choice).or_default()
    }

    fn delta(&mut self, choice: u32, delta: Delta<'_>, out: &mut BytesMut) {
        self.choice(choice, out);
        self.chunk(choice, delta, None, out);
    }

    fn chunk(&self, index: u32, delta: Delta<'_>, finish: Option<&'static str>, out: &mut BytesMut) {
        self.frame(
            &[Choice {
                index,
                delta,
                logprobs: None,
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
            usage,
        };
        write_frame(out, "", &chunk);
    }
}

impl<'a> Delta<'a> {
    /// What an event adds to its choice.
    fn of(event: &'a Event<'_>) -> Self {
        let mut delta = Self::default();
        match event {
            Event::Text { text, .. } => delta.content = Some(text),
            Event::Reasoning { text, .. } => delta.reasoning_content = Some(text),
            Event::Refusal { text, .. } => delta.refusal = Some(text),
            Event::ReasoningSignature { signature, .. } => {
                let (text, signature) = (Cow::Borrowed(""), Cow::Borrowed(signature.as_ref()));
                delta.reasoning_details = Some([ReasoningDetail::Text { text, signature }]);
            }
            Event::RedactedReasoning { data, .. } => {
                let data = Cow::Borrowed(data.as_ref());
                delta.reasoning_details = Some([ReasoningDetail::Encrypted { data }]);
            }
            Event::ToolCall { slot, id, name, .. } => {
                let function = Function {
                    name: Some(name),
                    arguments: "",
                };
                let call = ToolCall {
                    index: *slot,
                    id: Some(id),
                    kind: Some("function"),
                    function,
                };
                delta.tool_calls = Some([call]);
            }
            Event::ToolArguments { slot, json, .. } => return Self::arguments(*slot, json),
            Event::Start(_)
            | Event::Opaque { .. }
            | Event::Finish { .. }
            | Event::Usage(_)
            | Event::Error(_)
            | Event::End => {}
        }
        delta
    }

    fn arguments(slot: u32, json: &'a str) -> Self {
        let function = Function {
            name: None,
            arguments: json,
        };
        let call = ToolCall {
            index: slot,
            id: None,
            kind: None,
            function,
        };
        Self {
            tool_calls: Some([call]),
            ..Self::default()
        }
    }
}

impl ChoiceState {
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
