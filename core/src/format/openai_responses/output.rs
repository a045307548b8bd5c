//! Puts the items of an answer together, and tells of each piece as it comes. Messages and reasoning follow each other;
//! calls may interleave.

use std::collections::BTreeMap;

use super::frames::{Frame, Pen};
use super::item::{Item, Logprob, Part, Status, What};
use super::message::{OpenMessage, TextState};
use crate::chat::proof::{Origin, Proof};
use crate::event::Event;
use crate::format::answer::{MAX_ANSWER, TooLong};
use crate::format::openai_chat::fnv;
use crate::format::scan::JsonScan;

/// What ids of items begin with, behind a prefix for their kind: the gateway knows its own by it.
pub(crate) const MARK: &str = "wayleave_";

/// What an item, a citation or a token takes beside its text, about.
const OVERHEAD: usize = 256;

/// The items so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Of the response's id: what items' ids are made of.
    seed: u64,
    opened: usize,
    /// By their places.
    done: BTreeMap<usize, Item>,
    /// The message or the reasoning that goes on.
    open: Option<(usize, Item)>,
    /// The calls that go on, by their slots.
    calls: BTreeMap<u32, (usize, Item)>,
    text: TextState,
    refused: bool,
    bytes: usize,
}

impl Output {
    /// Takes the id of the response.
    pub(super) fn belongs_to(&mut self, id: &str) {
        self.seed = fnv(0, id.as_bytes());
    }

    /// Whether a refusal was written.
    pub(super) const fn refused(&self) -> bool {
        self.refused
    }

    /// Takes what an event says, and tells it.
    pub(super) fn take(&mut self, event: &Event<'_>, pen: &mut Pen<'_>) -> Result<(), TooLong> {
        self.charge(event.text().len())?;
        match event {
            Event::Text { text, .. } => {
                if let Some(message) = self.message(pen)? {
                    message.say(text, pen);
                }
            }
            Event::Refusal { text, .. } => {
                self.refused = true;
                if let Some(message) = self.message(pen)? {
                    message.refuse(text, pen);
                }
            }
            Event::Citation { citation, .. } => {
                self.charge(OVERHEAD)?;
                if let Some(message) = self.message(pen)? {
                    message.cite(citation, pen);
                }
            }
            Event::Logprobs { tokens, .. } => {
                for token in tokens {
                    self.charge(OVERHEAD * (1 + token.top.len()))?;
                    self.text.wait(Logprob::new(token));
                }
            }
            Event::Reasoning { text, .. } => self.think(text, pen)?,
            Event::ReasoningSignature { proof, .. } => self.prove(proof, pen)?,
            Event::RedactedReasoning { proof, .. } => {
                let what = What::Reasoning {
                    summary: Vec::new(),
                    encrypted_content: Some(proof.write(Origin::OpenAI).into_owned()),
                };
                self.start("rs", what, pen)?;
                self.close(Status::Completed, pen);
            }
            Event::ToolCall { slot, id, name, .. } => self.call(*slot, id, name, pen)?,
            Event::ToolArguments { slot, json, .. } => self.argue(*slot, json, pen),
            Event::Start(_)
            | Event::Opaque { .. }
            | Event::Usage(_)
            | Event::Finish { .. }
            | Event::Error(_)
            | Event::End => {}
        }
        Ok(())
    }

    /// The answer ended, and so do all items. `status`: how.
    pub(super) fn end(&mut self, status: Status, pen: &mut Pen<'_>) -> Vec<Item> {
        self.close(status, pen);
        for (_, (index, call)) in std::mem::take(&mut self.calls) {
            // Only what came last, or has begun, can have been cut off.
            let last = index + 1 == self.opened;
            let begun = matches!(&call.what, What::FunctionCall { scan, .. } if scan.begun());
            let end = if last || begun { status } else { Status::Completed };
            self.called(index, call, end, pen);
        }
        std::mem::take(&mut self.done).into_values().collect()
    }

    fn charge(&mut self, bytes: usize) -> Result<(), TooLong> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_ANSWER {
            return Err(TooLong);
        }
        Ok(())
    }

    /// Closes the item that is open and begins another.
    fn begin(&mut self, prefix: &str, what: What, pen: &mut Pen<'_>) -> Result<(usize, Item), TooLong> {
        self.charge(OVERHEAD)?;
        self.close(Status::Completed, pen);
        let index = self.opened;
        self.opened += 1;
        let id = format!("{prefix}_{MARK}{:016x}{index:08x}", self.seed);
        let item = Item { id, what };
        pen.write(Frame::of_item("response.output_item.added", index, &item));
        Ok((index, item))
    }

    fn start(&mut self, prefix: &str, what: What, pen: &mut Pen<'_>) -> Result<(), TooLong> {
        self.open = Some(self.begin(prefix, what, pen)?);
        Ok(())
    }

    /// The message that goes on, or a new one. There always is one then.
    fn message(&mut self, pen: &mut Pen<'_>) -> Result<Option<OpenMessage<'_>>, TooLong> {
        if !matches!(&self.open, Some((_, item)) if matches!(item.what, What::Message { .. })) {
            let what = What::Message {
                status: Status::InProgress,
                role: "assistant",
                content: Vec::new(),
            };
            self.start("msg", what, pen)?;
        }
        Ok(self.open_message())
    }

    fn open_message(&mut self) -> Option<OpenMessage<'_>> {
        match &mut self.open {
            Some((
                index,
                Item {
                    id,
                    what: What::Message { content, .. },
                },
            )) => Some(OpenMessage {
                index: *index,
                id,
                content,
                state: &mut self.text,
            }),
            Some(_) | None => None,
        }
    }

    /// Closes the message or the reasoning that is open.
    fn close(&mut self, end: Status, pen: &mut Pen<'_>) {
        if let Some(mut message) = self.open_message() {
            message.close(pen);
        }
        let Some((index, mut item)) = self.open.take() else {
            return;
        };
        match &mut item.what {
            What::Message { status, .. } => *status = end,
            What::Reasoning { summary, .. } => {
                if let Some(part @ Part::SummaryText { text }) = summary.first() {
                    pen.write(Frame {
                        text: Some(text),
                        ..Frame::of_summary("response.reasoning_summary_text.done", index, &item.id)
                    });
                    pen.write(Frame {
                        part: Some(part),
                        ..Frame::of_summary("response.reasoning_summary_part.done", index, &item.id)
                    });
                }
            }
            What::FunctionCall { .. } => {}
        }
        pen.write(Frame::of_item("response.output_item.done", index, &item));
        self.done.insert(index, item);
    }

    /// A proof ends a piece of reasoning: what follows is another.
    fn think(&mut self, piece: &str, pen: &mut Pen<'_>) -> Result<(), TooLong> {
        let goes_on = matches!(
            &self.open,
            Some((_, item)) if matches!(item.what, What::Reasoning { encrypted_content: None, .. })
        );
        if !goes_on {
            self.reason(pen)?;
        }
        if let Some((index, item)) = &mut self.open
            && let What::Reasoning { summary, .. } = &mut item.what
            && let Some(Part::SummaryText { text }) = summary.first_mut()
        {
            text.push_str(piece);
            pen.write(Frame {
                delta: Some(piece),
                ..Frame::of_summary("response.reasoning_summary_text.delta", *index, &item.id)
            });
        }
        Ok(())
    }

    /// Begins reasoning that is shown.
    fn reason(&mut self, pen: &mut Pen<'_>) -> Result<(), TooLong> {
        let what = What::Reasoning {
            summary: Vec::new(),
            encrypted_content: None,
        };
        self.start("rs", what, pen)?;
        if let Some((index, item)) = &mut self.open
            && let What::Reasoning { summary, .. } = &mut item.what
        {
            let part = Part::summary_text();
            pen.write(Frame {
                part: Some(&part),
                ..Frame::of_summary("response.reasoning_summary_part.added", *index, &item.id)
            });
            summary.push(part);
        }
        Ok(())
    }

    /// What proves the reasoning so far; it may come in pieces. Without any it proves something else, which a summary
    /// without text tells apart from reasoning that is encrypted.
    fn prove(&mut self, proof: &Proof<'_>, pen: &mut Pen<'_>) -> Result<(), TooLong> {
        if !matches!(&self.open, Some((_, item)) if matches!(item.what, What::Reasoning { .. })) {
            self.reason(pen)?;
        }
        if let Some((_, item)) = &mut self.open
            && let What::Reasoning {
                encrypted_content, ..
            } = &mut item.what
        {
            match encrypted_content {
                Some(known) => known.push_str(&proof.data),
                None => *encrypted_content = Some(proof.write(Origin::OpenAI).into_owned()),
            }
        }
        Ok(())
    }

    fn call(&mut self, slot: u32, id: &str, name: &str, pen: &mut Pen<'_>) -> Result<(), TooLong> {
        self.charge(id.len() + name.len())?;
        let what = What::FunctionCall {
            status: Status::InProgress,
            call_id: id.to_owned(),
            name: name.to_owned(),
            arguments: String::new(),
            scan: JsonScan::default(),
        };
        let begun = self.begin("fc", what, pen)?;
        if let Some((index, call)) = self.calls.insert(slot, begun) {
            self.called(index, call, Status::Completed, pen);
        }
        Ok(())
    }

    /// A call is done when its arguments are whole.
    fn argue(&mut self, slot: u32, json: &str, pen: &mut Pen<'_>) {
        let Some((index, item)) = self.calls.get_mut(&slot) else {
            return;
        };
        let What::FunctionCall { arguments, scan, .. } = &mut item.what else {
            return;
        };
        arguments.push_str(json);
        scan.push(json);
        let whole = scan.whole();
        pen.write(Frame {
            delta: Some(json),
            ..Frame::within("response.function_call_arguments.delta", *index, &item.id)
        });
        if whole && let Some((index, call)) = self.calls.remove(&slot) {
            self.called(index, call, Status::Completed, pen);
        }
    }

    /// A call is over. No arguments are an empty object, unless they may just not have come.
    fn called(&mut self, index: usize, mut call: Item, end: Status, pen: &mut Pen<'_>) {
        if let What::FunctionCall {
            status,
            name,
            arguments,
            ..
        } = &mut call.what
        {
            *status = end;
            if arguments.trim().is_empty() && end == Status::Completed {
                "{}".clone_into(arguments);
                pen.write(Frame {
                    delta: Some(arguments),
                    ..Frame::within("response.function_call_arguments.delta", index, &call.id)
                });
            }
            pen.write(Frame {
                name: Some(name),
                arguments: Some(arguments),
                ..Frame::within("response.function_call_arguments.done", index, &call.id)
            });
        }
        pen.write(Frame::of_item("response.output_item.done", index, &call));
        self.done.insert(index, call);
    }
}
