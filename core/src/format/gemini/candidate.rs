//! Reads what a document says in one of its candidates.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::chunk::{Candidate, FunctionCall, Part};
use super::grounding::Grounded;
use super::logprobs;
use super::proof;
use super::reader::Shape;
use crate::chat::proof::{Origin, Proof};
use crate::chat::tool_id;
use crate::client_error::malformed;
use crate::event::{Event, Finish};
use crate::format::lenient::Text;
use crate::format::reading::Sink;

/// The most calls of one candidate.
const MAX_CALLS: u32 = 256;

/// What is known of a candidate.
#[derive(Debug, Default)]
pub(super) struct CandidateState {
    finish: Option<Finish>,
    calls: u32,
    /// The last piece was a proof.
    proven: bool,
    grounded: Grounded,
}

impl CandidateState {
    /// Takes how it ended. Older models say `STOP` on every chunk: the first that is more counts.
    pub(super) fn finished(&mut self, finish: Finish) {
        if self.finish.is_none_or(|known| known == Finish::Stop) {
            self.finish = Some(finish);
        }
    }

    /// How it ended: calls end with `STOP` as well.
    pub(super) fn finish(&self) -> Option<Finish> {
        let finish = self.finish?;
        let calls = finish == Finish::Stop && self.calls > 0;
        Some(if calls { Finish::ToolCalls } else { finish })
    }

    /// Tells what it leans on.
    pub(super) fn cite(&mut self, choice: u32, sink: Sink<'_>) {
        for citation in self.grounded.take() {
            sink(Event::Citation {
                choice,
                citation: Box::new(citation),
            });
        }
    }

    /// How many searches the provider ran for it.
    pub(super) fn searches(&self) -> u64 {
        self.grounded.searches()
    }
}

/// Reads what one document says in one candidate.
pub(super) struct CandidateReader<'r, 's> {
    pub(super) choice: u32,
    pub(super) shape: Shape,
    /// The answer's id.
    pub(super) answer: &'r str,
    /// Whose proofs of reasoning are bare.
    pub(super) origin: Origin,
    pub(super) state: &'r mut CandidateState,
    pub(super) sink: Sink<'s>,
}

impl CandidateReader<'_, '_> {
    pub(super) fn read(mut self, candidate: Candidate<'_>) {
        for part in candidate.content.unwrap_or_default().parts.0 {
            self.part(part);
        }
        if let Some(grounding) = &candidate.grounding_metadata {
            self.state.grounded.lean(grounding);
        }
        let tokens = candidate.logprobs_result.as_ref().map(logprobs::read);
        if let Some(tokens) = tokens.filter(|tokens| !tokens.is_empty()) {
            (self.sink)(Event::Logprobs {
                choice: self.choice,
                tokens,
            });
        }
    }

    fn part(&mut self, part: Part<'_>) {
        let choice = self.choice;
        let thought = part.thought.is_some_and(|thought| thought.get() == "true");
        if let Some(call) = part.function_call {
            // It is the call's: it comes before it.
            self.prove(part.thought_signature.0);
            self.state.proven = false;
            return self.call(&call);
        }
        self.state.proven &= part.text.as_ref().is_none_or(Text::is_empty);
        match part.text {
            Some(text) if text.is_empty() => {}
            Some(text) if thought => (self.sink)(Event::Reasoning { choice, text: text.0 }),
            Some(text) => {
                self.state.grounded.say(&text.0, self.shape);
                (self.sink)(Event::Text { choice, text: text.0 });
            }
            None if part.thought_signature.is_empty() || !thought => (self.sink)(Event::Opaque { choice }),
            None => {}
        }
        self.prove(part.thought_signature.0);
    }

    /// Nobody but another gateway of ours gives proofs that are not Google's own.
    fn prove(&mut self, signature: Cow<'_, str>) {
        if signature.is_empty() {
            return;
        }
        let choice = self.choice;
        if std::mem::replace(&mut self.state.proven, true) {
            // Proofs come in pieces at others: a piece of reasoning parts the two.
            let text = Cow::Borrowed("");
            (self.sink)(Event::Reasoning { choice, text });
        }
        let read = proof::read(signature);
        let proof = if read.origin == Origin::Google {
            Proof::new(self.origin, read.data)
        } else {
            read
        };
        (self.sink)(Event::ReasoningSignature { choice, proof });
    }

    fn call(&mut self, call: &FunctionCall<'_>) {
        let (choice, slot) = (self.choice, self.state.calls);
        // A piece of a call that another provider's client never asks for.
        if call.name.is_empty() {
            return (self.sink)(Event::Opaque { choice });
        }
        if slot >= MAX_CALLS {
            return (self.sink)(Event::Error(malformed(
                "the provider calls too many tools at once",
            )));
        }
        self.state.calls += 1;
        let name = call.name.as_str();
        let json = call.args.map(compact).unwrap_or_default();
        let id = if call.id.is_empty() {
            let place = format!("{choice} {slot} {name} {json}");
            Cow::Owned(tool_id::made_up(&[self.answer, &place]))
        } else {
            Cow::Borrowed(call.id.as_str())
        };
        (self.sink)(Event::ToolCall {
            choice,
            slot,
            id,
            name: Cow::Borrowed(name),
        });
        if !json.is_empty() {
            (self.sink)(Event::ToolArguments { choice, slot, json });
        }
    }
}

/// JSON without the white space between its parts: Google indents, and clients of other formats show arguments.
fn compact(raw: &RawValue) -> Cow<'_, str> {
    let raw = raw.get();
    if raw == "null" {
        return Cow::Borrowed("");
    }
    let mut kept = String::with_capacity(raw.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in raw.chars() {
        if !in_string && character.is_ascii_whitespace() {
            continue;
        }
        if character == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && character == '\\' && !escaped;
        kept.push(character);
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_between_parts_goes() {
        let raw = serde_json::from_str(r#"{ "a b" : "c \" \\" , "d": [ 1.50 , "\\\" " ] }"#);
        assert_eq!(
            compact(raw.expect("JSON")),
            r#"{"a b":"c \" \\","d":[1.50,"\\\" "]}"#
        );
    }
}
