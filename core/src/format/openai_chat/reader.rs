//! Reads answers of the OpenAI chat format into events, and those of the older completions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::choice::{ChoiceReader, ChoiceState, fnv};
use super::chunk::{Choice, Chunk};
use super::usage::{read_tier, read_usage};
use super::{logprobs, sources};
use crate::chat::proof::Origin;
use crate::client_error::{in_band, malformed};
use crate::event::{Event, Start};
use crate::format::lenient::parse;
use crate::format::reading::{CostPlace, NotAnAnswer, Notes, Read, Sink};
use crate::usage::ServiceTier;
use crate::vendor::{Quirks, ReasoningCount};

/// The most choices of one answer. More is no answer.
const MAX_CHOICES: usize = 128;
/// Of completions, which may have many prompts.
const MAX_COMPLETIONS: usize = 4096;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A chunk of a stream.
    Chunk,
    /// A whole answer.
    Whole,
}

/// Reads one answer.
#[derive(Debug)]
pub(crate) struct Reader {
    reasoning: ReasoningCount,
    origin: Origin,
    started: bool,
    ended: bool,
    tier: Option<ServiceTier>,
    /// Of the answer's id: what made-up ids of tool calls are made of.
    seed: u64,
    /// The list of sources that stood beside the choices last, as it came: each chunk tells all of them (Perplexity).
    sources: String,
    most_choices: usize,
    choices: BTreeMap<u32, ChoiceState>,
}

impl Read for Reader {
    fn read(&mut self, _: &[u8], data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        self.document(data, Shape::Chunk, sink)
    }

    fn read_whole(&mut self, body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        self.document(body, Shape::Whole, sink).map(|_| ())
    }

    fn complete(&self) -> bool {
        !self.choices.is_empty() && self.choices.values().all(|choice| choice.finish().is_some())
    }

    fn end(&mut self, sink: Sink<'_>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        for citation in sources::beside(&self.sources) {
            sink(Event::Citation {
                choice: 0,
                citation: Box::new(citation),
            });
        }
        for (&choice, state) in &self.choices {
            if let Some(reason) = state.finish() {
                sink(Event::Finish {
                    choice,
                    reason,
                    stop_sequence: None,
                });
            }
        }
        sink(Event::End);
    }
}

impl Reader {
    pub(crate) fn new(quirks: Quirks) -> Self {
        Self {
            reasoning: quirks.reasoning,
            origin: quirks.proofs.unwrap_or(Origin::Unknown),
            started: false,
            ended: false,
            tier: None,
            seed: fnv(0, b""),
            sources: String::new(),
            most_choices: MAX_CHOICES,
            choices: BTreeMap::new(),
        }
    }

    /// Of the older completions, whose choices have a text instead of a message, and all else alike.
    pub(crate) fn of_completions(quirks: Quirks) -> Self {
        Self {
            most_choices: MAX_COMPLETIONS,
            ..Self::new(quirks)
        }
    }

    /// Reads a document.
    fn document(&mut self, data: &[u8], shape: Shape, sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        let mut repaired = Vec::new();
        let (chunk, base): (Chunk<'_>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
        self.start(&chunk, sink);
        let usage = chunk
            .usage
            .or_else(|| chunk.x_groq.as_ref().and_then(|groq| groq.usage));
        let report = usage.and_then(|usage| read_usage(usage, self.reasoning, self.tier));
        if let Some(report) = report {
            sink(Event::Usage(report));
        }
        let usage_only =
            report.is_some() && chunk.choices.as_ref().is_some_and(|choices| choices.0.is_empty());
        let cost = chunk
            .usage
            .filter(|_| report.is_some())
            .and_then(|usage| CostPlace::find(base, usage));
        let is_error = chunk.error.is_some()
            || chunk.choices.is_none() && (chunk.detail.is_some() || chunk.object.as_str() == "error");
        if shape == Shape::Whole && chunk.choices.is_none() && !is_error {
            return Err(NotAnAnswer);
        }
        if let Some(list) = sources::list(chunk.search_results, chunk.citations)
            && list != self.sources
        {
            list.clone_into(&mut self.sources);
        }
        for choice in chunk.choices.unwrap_or_default().0 {
            self.choice(choice, shape, sink);
        }
        if is_error {
            sink(Event::Error(in_band(base)));
        } else if shape == Shape::Whole {
            self.end(sink);
        }
        Ok(Notes {
            usage_only: usage_only && !is_error,
            error: is_error,
            cost,
        })
    }

    fn start(&mut self, chunk: &Chunk<'_>, sink: Sink<'_>) {
        self.tier = read_tier(chunk.service_tier.as_str()).or(self.tier);
        let speaks = chunk
            .choices
            .as_ref()
            .is_some_and(|choices| !choices.0.is_empty());
        // Azure's first chunk is about the prompt and names neither id nor model.
        if self.started || !speaks && chunk.id.is_empty() && chunk.model.is_empty() {
            return;
        }
        self.started = true;
        self.seed = fnv(0, chunk.id.as_str().as_bytes());
        let created = chunk
            .created
            .0
            .and_then(|created| i64::try_from(created).ok())
            .filter(|at| *at > 0);
        sink(Event::Start(Start {
            id: Cow::Borrowed(chunk.id.as_str()),
            model: Cow::Borrowed(chunk.model.as_str()),
            created,
        }));
    }

    fn choice(&mut self, choice: Choice<'_>, shape: Shape, sink: Sink<'_>) {
        let index = u32::try_from(choice.index.or_zero()).unwrap_or(u32::MAX);
        if self.choices.len() >= self.most_choices && !self.choices.contains_key(&index) {
            return sink(Event::Error(malformed(
                "the provider sent more choices than any request may ask for",
            )));
        }
        let state = self.choices.entry(index).or_default();
        let reason = choice.finish_reason.as_str();
        let failure = (!reason.is_empty()).then(|| state.finished(reason)).flatten();
        let (text_tokens, refusal_tokens) = choice.logprobs.map(logprobs::read).unwrap_or_default();
        if !text_tokens.is_empty() {
            sink(Event::Logprobs {
                choice: index,
                tokens: text_tokens,
            });
        }
        let content = match shape {
            Shape::Chunk => choice.delta.or(choice.message),
            Shape::Whole => choice.message.or(choice.delta),
        };
        if let Some(content) = content {
            ChoiceReader {
                choice: index,
                shape,
                seed: self.seed,
                origin: self.origin,
                state,
                sink,
            }
            .read(content);
        } else if !choice.text.is_empty() {
            sink(Event::Text {
                choice: index,
                text: choice.text.0,
            });
        }
        if !refusal_tokens.is_empty() {
            sink(Event::Logprobs {
                choice: index,
                tokens: refusal_tokens,
            });
        }
        if let Some(failure) = failure {
            sink(Event::Error(in_band(failure.as_bytes())));
        }
    }
}
