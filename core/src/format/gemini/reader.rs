//! Reads answers of the Gemini format into events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::candidate::{CandidateReader, CandidateState};
use super::chunk::{Candidate, Chunk};
use super::finish::{self, Numbers};
use super::usage;
use crate::chat::proof::Origin;
use crate::client_error::{in_band, malformed};
use crate::event::{Event, Finish, Start};
use crate::format::lenient::parse;
use crate::format::reading::{CostPlace, NotAnAnswer, Notes, Read, Sink};
use crate::vendor::Quirks;

/// The most candidates of one answer. More is no answer.
const MAX_CHOICES: usize = 128;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A chunk of a stream.
    Chunk,
    /// A whole answer.
    Whole,
}

/// Reads one answer. A stream has no mark of its own at its end.
#[derive(Debug)]
pub(crate) struct Reader {
    origin: Origin,
    started: bool,
    ended: bool,
    numbers: Numbers,
    /// The answer's id, which made-up ids of calls are made of.
    id: String,
    model: String,
    candidates: BTreeMap<u32, CandidateState>,
}

impl Read for Reader {
    fn read(&mut self, _: &[u8], data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        self.documents(data, Shape::Chunk, sink)
    }

    fn read_whole(&mut self, body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        self.documents(body, Shape::Whole, sink).map(|_| ())
    }

    fn complete(&self) -> bool {
        let mut all = self.candidates.values();
        !self.candidates.is_empty() && all.all(|candidate| candidate.finish().is_some())
    }

    fn end(&mut self, sink: Sink<'_>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        for (&choice, candidate) in &mut self.candidates {
            candidate.cite(choice, sink);
            if let Some(reason) = candidate.finish() {
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
            origin: quirks.proofs.unwrap_or(Origin::Google),
            started: false,
            ended: false,
            numbers: Numbers::Studio,
            id: String::new(),
            model: String::new(),
            candidates: BTreeMap::new(),
        }
    }

    /// Some errors come in a list of one.
    fn documents(&mut self, data: &[u8], shape: Shape, sink: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        let mut repaired = Vec::new();
        if data.trim_ascii_start().starts_with(b"[") {
            let (list, base): (Vec<Chunk<'_>>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
            let errs = list.iter().any(|chunk| chunk.error.is_some());
            for chunk in list {
                self.document(chunk, base, Shape::Chunk, sink);
            }
            if shape == Shape::Whole && !errs {
                self.end(sink);
            }
            return Ok(Notes {
                error: errs,
                ..Notes::default()
            });
        }
        let (chunk, base): (Chunk<'_>, _) = parse(data, &mut repaired).map_err(|_| NotAnAnswer)?;
        let speaks = !chunk.candidates.0.is_empty()
            || chunk.prompt_feedback.is_some()
            || chunk.usage_metadata.is_some()
            || chunk.error.is_some();
        if shape == Shape::Whole && !speaks {
            return Err(NotAnAnswer);
        }
        Ok(self.document(chunk, base, shape, sink))
    }

    fn document(&mut self, chunk: Chunk<'_>, base: &[u8], shape: Shape, sink: Sink<'_>) -> Notes {
        self.start(&chunk, sink);
        let blocked = chunk
            .prompt_feedback
            .is_some_and(|feedback| !matches!(feedback.block_reason.as_str(), "" | "0"));
        let ends = chunk
            .candidates
            .0
            .iter()
            .any(|candidate| !candidate.finish_reason.is_empty());
        for candidate in chunk.candidates.0 {
            self.candidate(candidate, shape, sink);
        }
        if blocked {
            let state = self.candidates.entry(0).or_default();
            state.finished(Finish::ContentFilter);
        }
        let searches = self.searches();
        let report = chunk.usage_metadata.and_then(|raw| usage::read(raw, searches));
        if let Some(report) = report {
            sink(Event::Usage(report));
        }
        let is_error = chunk.error.is_some();
        if is_error {
            sink(Event::Error(in_band(base)));
        } else if shape == Shape::Whole {
            self.end(sink);
        }
        Notes {
            usage_only: false,
            error: is_error,
            // Every chunk counts: the cost is told in the one that ends the answer.
            cost: chunk
                .usage_metadata
                .filter(|_| report.is_some() && (ends || blocked))
                .and_then(|usage| CostPlace::find(base, usage)),
        }
    }

    fn start(&mut self, chunk: &Chunk<'_>, sink: Sink<'_>) {
        if !chunk.create_time.is_empty() {
            self.numbers = Numbers::Vertex;
        }
        let (id, model) = (chunk.response_id.as_str(), chunk.model_version.as_str());
        let speaks = !chunk.candidates.0.is_empty() || chunk.prompt_feedback.is_some();
        if self.started || !speaks && id.is_empty() && model.is_empty() {
            return;
        }
        self.started = true;
        id.clone_into(&mut self.id);
        model.clone_into(&mut self.model);
        let created: Option<jiff::Timestamp> = chunk.create_time.as_str().parse().ok();
        sink(Event::Start(Start {
            id: Cow::Borrowed(id),
            model: Cow::Borrowed(model),
            created: created.map(jiff::Timestamp::as_second).filter(|at| *at > 0),
        }));
    }

    fn candidate(&mut self, candidate: Candidate<'_>, shape: Shape, sink: Sink<'_>) {
        let index = u32::try_from(candidate.index.or_zero()).unwrap_or(u32::MAX);
        if self.candidates.len() >= MAX_CHOICES && !self.candidates.contains_key(&index) {
            return sink(Event::Error(malformed(
                "the provider sent more candidates than any request may ask for",
            )));
        }
        let state = self.candidates.entry(index).or_default();
        if let Some(finish) = finish::read(candidate.finish_reason.as_str(), self.numbers) {
            state.finished(finish);
        }
        CandidateReader {
            choice: index,
            shape,
            answer: &self.id,
            origin: self.origin,
            state,
            sink,
        }
        .read(candidate);
    }

    /// How many searches are on the bill: since Gemini 3 each of them, before that one for an answer.
    fn searches(&self) -> u64 {
        let searches: u64 = self.candidates.values().map(CandidateState::searches).sum();
        let older = ["gemini-1", "gemini-2"]
            .iter()
            .any(|family| self.model.contains(family));
        if older { searches.min(1) } else { searches }
    }
}
