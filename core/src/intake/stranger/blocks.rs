//! In Anthropic's format: thinking blocks whose signature is another vendor's or empty, encrypted ones of others, and
//! citations that the gateway made.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::value::RawValue;

use super::{PROOFS, has_empty, list, messages, places, take_out};
use crate::chat::Dropped;
use crate::chat::proof::{MARK, Origin, Proof};
use crate::intake::object::{Object, Path};
use crate::intake::splice::{Edit, span};
use crate::intake::{BadRequest, text};

const SIGNATURE: &str = "\"signature\"";
const INDEX: &str = "\"encrypted_index\"";

/// Whether there may be any. Plain bodies are not parsed once more.
pub(super) fn marked(body: &[u8]) -> bool {
    memmem::find(body, MARK.as_bytes()).is_some() || has_empty(body, SIGNATURE) || has_empty(body, INDEX)
}

/// What becomes of a block.
enum Fate {
    Stays,
    Goes,
    /// It is the target's own: without the tag.
    Bare(Edit),
}

/// What the last answer of the conversation is.
#[derive(Clone, Copy, Default)]
struct Answer {
    calls: bool,
    thinks: bool,
    lost: bool,
}

pub(super) fn edit(
    body: &str,
    origin: Origin,
    edits: &mut Vec<Edit>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let messages = messages(body)?;
    let mut gone = Vec::with_capacity(messages.len());
    let mut last = Answer::default();
    for message in &messages {
        let Ok(mut message) = Object::read(message, &Path::Root) else {
            gone.push(false);
            continue;
        };
        let assistant = message
            .raw("role")
            .is_some_and(|role| role.get() == "\"assistant\"");
        let blocks = list(message.raw("content"));
        let mut answer = Answer::default();
        let gone_blocks: Vec<_> = blocks
            .iter()
            .map(|block| take(body, block, origin, &mut answer, edits))
            .collect();
        if answer.lost {
            dropped.note(PROOFS);
        }
        // The API joins neighbours of one role, so a message may go, but none may be empty.
        let empty = answer.lost && gone_blocks.iter().all(|gone| *gone);
        if !empty {
            take_out(&places(body, &blocks), &gone_blocks, edits);
        }
        gone.push(empty);
        if assistant && !empty {
            last = answer;
        }
    }
    take_out(&places(body, &messages), &gone, edits);
    // With a budget to think, calls have to come with the thinking that led to them.
    if last.lost && last.calls && !last.thinks {
        edits.extend(without_thinking(body, dropped)?);
    }
    Ok(())
}

/// Whether the block goes.
fn take(body: &str, block: &RawValue, origin: Origin, answer: &mut Answer, edits: &mut Vec<Edit>) -> bool {
    let Ok(mut members) = Object::read(block, &Path::Root) else {
        return false;
    };
    let kind = members.text("type").ok().flatten();
    let fate = match kind.as_deref() {
        Some("thinking") => fate(body, members.raw("signature"), origin),
        Some("redacted_thinking") => fate(body, members.raw("data"), origin),
        Some("text") => {
            let citations = list(members.raw("citations"));
            let gone: Vec<_> = citations.iter().map(|citation| is_ours(citation)).collect();
            take_out(&places(body, &citations), &gone, edits);
            return false;
        }
        Some("tool_use") => {
            answer.calls = true;
            return false;
        }
        _ => return false,
    };
    match fate {
        Fate::Goes => answer.lost = true,
        Fate::Stays => answer.thinks = true,
        Fate::Bare(edit) => {
            answer.thinks = true;
            edits.push(edit);
            return false;
        }
    }
    matches!(fate, Fate::Goes)
}

fn fate(body: &str, member: Option<&RawValue>, origin: Origin) -> Fate {
    let Some((raw, told)) = member.and_then(|raw| Some((raw, text(raw, &Path::Root).ok()?))) else {
        return Fate::Stays;
    };
    if told.is_empty() {
        return Fate::Goes;
    }
    let length = told.len();
    let proof = Proof::read(told, Origin::Anthropic);
    match (proof.data.len() == length, proof.origin == origin) {
        // Not tagged: the client's own.
        (true, _) => Fate::Stays,
        (false, false) => Fate::Goes,
        (false, true) => Fate::Bare(Edit {
            at: span(body, raw),
            text: Cow::Owned(serde_json::Value::from(proof.data.as_ref()).to_string()),
        }),
    }
}

fn is_ours(citation: &RawValue) -> bool {
    let index = Object::read(citation, &Path::Root)
        .ok()
        .and_then(|mut citation| citation.raw("encrypted_index"));
    index.is_some_and(|index| index.get() == "\"\"")
}

fn without_thinking(body: &str, dropped: &mut Dropped) -> Result<Option<Edit>, BadRequest> {
    let Some(raw) = Object::root(body, &Path::Root)?.raw("thinking") else {
        return Ok(None);
    };
    let kind = Object::read(raw, &Path::Root)?.text("type")?;
    Ok((kind.as_deref() == Some("enabled")).then(|| {
        dropped.note("thinking");
        Edit {
            at: span(body, raw),
            text: r#"{"type":"disabled"}"#.into(),
        }
    }))
}
