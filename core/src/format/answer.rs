//! A whole answer, put together from its events.

use std::collections::VecDeque;

use crate::chat::proof::Proof;
use crate::event::citation::Citation;
use crate::event::logprobs::{Candidate, TokenLogprob};
use crate::event::{Event, Finish};

/// The most bytes of one answer that is put together. More than any model can say.
pub(crate) const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// One whole answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) created: Option<i64>,
    /// By index; those that never spoke are empty.
    pub(crate) choices: Vec<Choice>,
    bytes: usize,
}

/// One of `n` answers.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) blocks: VecDeque<Block>,
    pub(crate) finish: Option<Finish>,
    pub(crate) stop_sequence: Option<String>,
    /// Of the text's tokens, in order.
    pub(crate) logprobs: Vec<TokenLogprob>,
}

/// One thing that a choice says. Neighbouring pieces of one kind are one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Text {
        text: String,
        citations: Vec<Citation>,
    },
    Reasoning {
        text: String,
        proof: Option<Proof<'static>>,
    },
    Redacted(Proof<'static>),
    ToolCall {
        slot: u32,
        id: String,
        name: String,
        arguments: String,
    },
    Refusal(String),
}

/// The answer passes [`MAX_ANSWER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is longer than {MAX_ANSWER} bytes")]
pub(crate) struct TooLong;

impl Answer {
    /// Takes the next event.
    pub(crate) fn take(&mut self, event: &Event<'_>) -> Result<(), TooLong> {
        self.bytes += event.text().len() + beside(event);
        if self.bytes > MAX_ANSWER {
            return Err(TooLong);
        }
        if let Event::Start(start) = event {
            self.id = start.id.to_string();
            self.model = start.model.to_string();
            self.created = start.created;
        }
        let Some(choice) = event.choice().map(|choice| self.choice(choice)) else {
            return Ok(());
        };
        if let Event::Finish {
            reason,
            stop_sequence,
            ..
        } = event
        {
            if choice.finish.is_none() {
                choice.finish = Some(*reason);
                choice.stop_sequence = stop_sequence.as_ref().map(ToString::to_string);
            }
        } else if let Event::Logprobs { tokens, .. } = event {
            choice.logprobs.extend_from_slice(tokens);
        } else {
            Block::add(&mut choice.blocks, event);
        }
        Ok(())
    }

    /// The readers bound the number of choices.
    fn choice(&mut self, choice: u32) -> &mut Choice {
        let at = usize::try_from(choice).unwrap_or(usize::MAX).min(255);
        if self.choices.len() <= at {
            self.choices.resize_with(at + 1, Choice::default);
        }
        // The list was just made long enough.
        #[expect(clippy::indexing_slicing, reason = "resized above")]
        &mut self.choices[at]
    }
}

/// About the bytes of what is kept beside text.
pub(crate) fn beside(event: &Event<'_>) -> usize {
    if let Event::Logprobs { tokens, .. } = event {
        let candidates = tokens.iter().map(|token| 1 + token.top.len()).sum::<usize>();
        candidates * size_of::<Candidate>()
    } else if let Event::Citation { citation, .. } = event {
        size_of::<Citation>() + citation.source.text().len()
    } else {
        0
    }
}

impl Choice {
    /// Whether it calls tools.
    pub(crate) fn calls(&self) -> bool {
        self.blocks
            .iter()
            .any(|block| matches!(block, Block::ToolCall { .. }))
    }
}

impl Block {
    /// Adds what an event says to the blocks so far.
    pub(crate) fn add(blocks: &mut VecDeque<Self>, event: &Event<'_>) {
        match event {
            Event::Text { text, .. } => match blocks.back_mut() {
                // What is cited ends a piece of text (Anthropic): what follows is another.
                Some(Self::Text {
                    text: said,
                    citations,
                }) if citations.is_empty() => said.push_str(text),
                _ => blocks.push_back(Self::Text {
                    text: text.to_string(),
                    citations: Vec::new(),
                }),
            },
            Event::Citation { citation, .. } => Self::cite(blocks, citation),
            Event::Refusal { text, .. } => match blocks.back_mut() {
                Some(Self::Refusal(said)) => said.push_str(text),
                _ => blocks.push_back(Self::Refusal(text.to_string())),
            },
            Event::Reasoning { text: piece, .. } => match blocks.back_mut() {
                // A signature ends a piece of reasoning: what follows is another.
                Some(Self::Reasoning { text, proof: None }) => text.push_str(piece),
                _ => blocks.push_back(Self::Reasoning {
                    text: piece.to_string(),
                    proof: None,
                }),
            },
            Event::ReasoningSignature { proof: piece, .. } => match blocks.back_mut() {
                Some(Self::Reasoning { proof, .. }) => Self::prove(proof, piece),
                _ => blocks.push_back(Self::Reasoning {
                    text: String::new(),
                    proof: Some(piece.clone().into_owned()),
                }),
            },
            Event::RedactedReasoning { proof, .. } => {
                blocks.push_back(Self::Redacted(proof.clone().into_owned()));
            }
            Event::ToolCall { slot, id, name, .. } => blocks.push_back(Self::ToolCall {
                slot: *slot,
                id: id.to_string(),
                name: name.to_string(),
                arguments: String::new(),
            }),
            Event::ToolArguments { slot, json, .. } => Self::argue(blocks, *slot, json),
            Event::Start(_)
            | Event::Opaque { .. }
            | Event::Logprobs { .. }
            | Event::Finish { .. }
            | Event::Usage(_)
            | Event::Error(_)
            | Event::End => {}
        }
    }

    /// What is told behind other things is of the last text.
    fn cite(blocks: &mut VecDeque<Self>, citation: &Citation) {
        for block in blocks.iter_mut().rev() {
            if let Self::Text { citations, .. } = block {
                return citations.push(citation.clone());
            }
        }
        blocks.push_back(Self::Text {
            text: String::new(),
            citations: vec![citation.clone()],
        });
    }

    /// A signature may come in pieces.
    fn prove(known: &mut Option<Proof<'static>>, piece: &Proof<'_>) {
        match known {
            Some(known) => known.data.to_mut().push_str(&piece.data),
            None => *known = Some(piece.clone().into_owned()),
        }
    }

    fn argue(blocks: &mut VecDeque<Self>, wanted: u32, json: &str) {
        for block in blocks.iter_mut().rev() {
            if let Self::ToolCall { slot, arguments, .. } = block
                && *slot == wanted
            {
                return arguments.push_str(json);
            }
        }
    }
}
