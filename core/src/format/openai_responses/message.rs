//! Writes the parts of a message, one after the other.

use super::frames::{Frame, Pen, Place};
use super::item::{Annotation, Logprob, Part};
use crate::event::citation::{Citation, Source};

/// Where the text is, in characters of the answer's text.
#[derive(Debug, Default)]
pub(super) struct TextState {
    /// So far.
    at: u32,
    /// The part's beginning.
    part: u32,
    /// The beginning of the piece that the next citation is about, where it does not say so itself.
    piece: u32,
    /// The piece was cited: what follows is another.
    cited: bool,
    /// How many of the part's probabilities were told.
    told: usize,
    /// Probabilities that wait for their text.
    waiting: Vec<Logprob>,
}

/// The message that is open.
pub(super) struct OpenMessage<'m> {
    pub(super) index: usize,
    pub(super) id: &'m str,
    pub(super) content: &'m mut Vec<Part>,
    pub(super) state: &'m mut TextState,
}

impl TextState {
    /// Takes the probability of a token.
    pub(super) fn wait(&mut self, logprob: Logprob) {
        self.waiting.push(logprob);
    }
}

impl<'m> OpenMessage<'m> {
    /// A piece of text.
    pub(super) fn say(mut self, piece: &str, pen: &mut Pen<'_>) {
        self.text_part(pen);
        let place = self.place();
        let state = self.state;
        if std::mem::take(&mut state.cited) {
            state.piece = state.at;
        }
        let length = piece.chars().count();
        state.at = state.at.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        if let Some(Part::OutputText { text, logprobs, .. }) = self.content.last_mut() {
            text.push_str(piece);
            logprobs.append(&mut state.waiting);
            pen.write(Frame {
                delta: Some(piece),
                logprobs: Some(logprobs.get(state.told..).unwrap_or_default()),
                ..Frame::of_part("response.output_text.delta", place)
            });
            state.told = logprobs.len();
        }
    }

    /// A piece of a refusal.
    pub(super) fn refuse(mut self, piece: &str, pen: &mut Pen<'_>) {
        if !matches!(self.content.last(), Some(Part::Refusal { .. })) {
            self.add(Part::refusal(), pen);
        }
        let place = self.place();
        if let Some(Part::Refusal { refusal }) = self.content.last_mut() {
            refusal.push_str(piece);
            pen.write(Frame {
                delta: Some(piece),
                ..Frame::of_part("response.refusal.delta", place)
            });
        }
    }

    /// What the text leans on. A file of another provider means nothing to the client.
    pub(super) fn cite(mut self, citation: &Citation, pen: &mut Pen<'_>) {
        let Source::Web { url, title } = &citation.source else {
            return;
        };
        self.text_part(pen);
        let place = self.place();
        let state = self.state;
        state.cited = true;
        let span = citation.span.clone().unwrap_or(state.piece..state.at);
        if let Some(Part::OutputText { annotations, .. }) = self.content.last_mut() {
            let annotation = Annotation {
                kind: "url_citation",
                start_index: span.start.saturating_sub(state.part),
                end_index: span.end.saturating_sub(state.part),
                url: url.clone(),
                title: title.clone().unwrap_or_default(),
            };
            pen.write(Frame {
                annotation_index: Some(annotations.len()),
                annotation: Some(&annotation),
                ..Frame::of_part("response.output_text.annotation.added", place)
            });
            annotations.push(annotation);
        }
    }

    /// Closes the last part.
    pub(super) fn close(&mut self, pen: &mut Pen<'_>) {
        let place = self.place();
        let Some(part) = self.content.last_mut() else {
            return;
        };
        match part {
            Part::OutputText { text, logprobs, .. } => {
                logprobs.append(&mut self.state.waiting);
                pen.write(Frame {
                    text: Some(text),
                    logprobs: Some(logprobs),
                    ..Frame::of_part("response.output_text.done", place)
                });
            }
            Part::Refusal { refusal } => {
                // There is no member for them.
                self.state.waiting.clear();
                pen.write(Frame {
                    refusal: Some(refusal),
                    ..Frame::of_part("response.refusal.done", place)
                });
            }
            Part::SummaryText { .. } => {}
        }
        pen.write(Frame {
            part: Some(part),
            ..Frame::of_part("response.content_part.done", place)
        });
    }

    fn text_part(&mut self, pen: &mut Pen<'_>) {
        if matches!(self.content.last(), Some(Part::OutputText { .. })) {
            return;
        }
        self.add(Part::output_text(), pen);
        let at = self.state.at;
        (self.state.part, self.state.piece) = (at, at);
        (self.state.cited, self.state.told) = (false, 0);
    }

    /// Closes the last part and opens another.
    fn add(&mut self, part: Part, pen: &mut Pen<'_>) {
        self.close(pen);
        let place = Place {
            part: self.content.len(),
            ..self.place()
        };
        pen.write(Frame {
            part: Some(&part),
            ..Frame::of_part("response.content_part.added", place)
        });
        self.content.push(part);
    }

    /// Where the last part is.
    fn place(&self) -> Place<'m> {
        Place {
            output_index: self.index,
            item_id: self.id,
            part: self.content.len().saturating_sub(1),
        }
    }
}
