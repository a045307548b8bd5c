//! Turns for the formats that Claude is spoken to in: the two sides take turns, the user begins, results of tools come
//! first, and no text is blank. It answers 400 to anything else, wherever it runs.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::{Dropped, Part, Role, ToolCall, Turn};
use crate::intake::BadRequest;

/// What the user says where a conversation begins with the assistant, or has instructions only.
const OPENING: &str = "Begin.";

/// A piece of content in one of the formats.
pub(crate) trait Block<'a> {
    /// A block of text.
    fn of_text(text: &'a str) -> Self;

    /// The text, where it is one.
    fn text(&mut self) -> Option<&mut &'a str>;

    /// Whether it may stand among the instructions.
    fn instructs(&self) -> bool;

    /// Whether it is the result of a tool.
    fn is_result(&self) -> bool;
}

/// One side's message.
#[derive(Serialize)]
pub(crate) struct Message<B> {
    role: Side,
    content: Vec<B>,
}

/// Whose message it is.
#[derive(Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Side {
    User,
    Assistant,
}

/// Instructions and messages. `write` gives the blocks of a part: none where there is nothing to say, or not here.
pub(crate) fn write<'a, 't, B: Block<'a>, I: IntoIterator<Item = B>>(
    turns: &'a [Turn<'t>],
    dropped: &mut Dropped,
    mut write: impl FnMut(&'a Part<'t>, &mut Dropped) -> Result<I, BadRequest>,
) -> Result<(Vec<B>, Vec<Message<B>>), BadRequest> {
    let mut system = Vec::new();
    let mut messages: Vec<Message<B>> = Vec::new();
    for turn in turns {
        let mut content = Vec::with_capacity(turn.parts.len());
        for part in &turn.parts {
            content.extend(write(part, dropped)?);
        }
        let role = match turn.role {
            Role::System | Role::Developer => {
                if !messages.is_empty() {
                    dropped.note("messages[]: the place of later system messages");
                }
                system.extend(content.into_iter().filter(|block| instructs(block, dropped)));
                continue;
            }
            Role::User => Side::User,
            Role::Assistant => Side::Assistant,
        };
        if content.is_empty() {
            continue;
        }
        match messages.last_mut() {
            Some(last) if last.role == role => last.content.append(&mut content),
            Some(_) | None => messages.push(Message { role, content }),
        }
    }
    for message in &mut messages {
        message.content.sort_by_key(|block| !block.is_result());
    }
    open(&mut messages, dropped);
    trim_prefill(&mut messages, dropped);
    Ok((system, messages))
}

fn instructs<'a>(block: &impl Block<'a>, dropped: &mut Dropped) -> bool {
    let instructs = block.instructs();
    if !instructs {
        dropped.note("system: other than text");
    }
    instructs
}

fn open<'a, B: Block<'a>>(messages: &mut Vec<Message<B>>, dropped: &mut Dropped) {
    if messages.first().is_none_or(|first| first.role == Side::Assistant) {
        dropped.note("messages[]: an opening was added");
        let opening = Message {
            role: Side::User,
            content: vec![B::of_text(OPENING)],
        };
        messages.insert(0, opening);
    }
}

/// The start of an answer that the model is to go on with must not end in white space.
fn trim_prefill<'a, B: Block<'a>>(messages: &mut [Message<B>], dropped: &mut Dropped) {
    if let Some(Message {
        role: Side::Assistant,
        content,
    }) = messages.last_mut()
        && let Some(text) = content.last_mut().and_then(Block::text)
    {
        let trimmed = text.trim_end();
        if trimmed != *text {
            dropped.note("messages[]: white space at the end");
        }
        *text = trimmed;
    }
}

/// The arguments of an earlier call, as JSON.
pub(crate) fn input<'a>(call: &'a ToolCall<'_>) -> Result<&'a RawValue, BadRequest> {
    serde_json::from_str(&call.arguments).map_err(|error| BadRequest {
        message: format!(
            "the arguments of the call `{}` are not JSON: {error}; send a JSON object",
            call.id
        ),
        param: Some("messages".to_owned()),
    })
}
