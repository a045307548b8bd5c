//! What a candidate says as parts of its content.
//!
//! Google's proofs ride on the call that follows, or on the text before. All others are on thoughts, from which
//! Google's SDKs keep them: on one with an empty text (a signature of the thought before) or without (encrypted
//! reasoning).

use std::borrow::Cow;

use super::proof;
use super::wire::{Args, FunctionCall, Part};
use crate::chat::proof::{Origin, Proof};
use crate::format::answer::Block;

/// Parts one after the other.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// A proof of Google's that looks for what it is of.
    pending: Option<Proof<'static>>,
}

impl Parts {
    /// Adds what a block says.
    pub(super) fn add<'a>(&mut self, block: &'a Block, parts: &mut Vec<Part<'a>>) {
        match block {
            Block::Text { text, .. } | Block::Refusal(text) => {
                self.flush(parts);
                if !text.is_empty() {
                    parts.push(said(text, false));
                }
            }
            Block::Reasoning { text, proof } => {
                self.flush(parts);
                if !text.is_empty() {
                    parts.push(said(text, true));
                }
                if let Some(proof) = proof {
                    self.prove(proof, !text.is_empty(), parts);
                }
            }
            Block::Redacted(proof) => {
                self.flush(parts);
                if proof.origin == Origin::Google {
                    self.pending = Some(proof.clone());
                } else {
                    parts.push(Part {
                        thought: true,
                        thought_signature: Some(proof::write(proof)),
                        ..Part::default()
                    });
                }
            }
            Block::ToolCall {
                id, name, arguments, ..
            } => parts.push(Part {
                function_call: Some(FunctionCall {
                    id,
                    name,
                    args: Args::new(arguments),
                }),
                thought_signature: self.pending.take().map(|proof| Cow::Owned(bare(proof))),
                ..Part::default()
            }),
        }
    }

    /// Writes a proof that no call came for: with the text that it follows on.
    pub(super) fn flush(&mut self, parts: &mut Vec<Part<'_>>) {
        let Some(proof) = self.pending.take() else { return };
        let signature = Some(Cow::Owned(bare(proof)));
        match parts.last_mut() {
            Some(last) if last.text.is_some() && !last.thought && last.thought_signature.is_none() => {
                last.thought_signature = signature;
            }
            Some(_) | None => parts.push(Part {
                text: Some(Cow::Borrowed("")),
                thought_signature: signature,
                ..Part::default()
            }),
        }
    }

    /// `thought`: whether the last part is what it proves.
    fn prove<'a>(&mut self, proof: &'a Proof<'static>, thought: bool, parts: &mut Vec<Part<'a>>) {
        if proof.origin == Origin::Google {
            self.pending = Some(proof.clone());
            return;
        }
        if !thought {
            parts.push(said("", true));
        }
        if let Some(last) = parts.last_mut() {
            last.thought_signature = Some(proof::write(proof));
        }
    }
}

fn said(text: &str, thought: bool) -> Part<'_> {
    Part {
        text: Some(Cow::Borrowed(text)),
        thought,
        ..Part::default()
    }
}

fn bare(proof: Proof<'static>) -> String {
    proof.data.into_owned()
}
