//! In the Responses format: reasoning whose proof is another vendor's, and reasoning that the gateway wrote without any:
//! OpenAI would look for it among the responses that it keeps.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::value::RawValue;

use super::{PROOFS, list, places, take_out};
use crate::chat::Dropped;
use crate::chat::proof::{MARK, Origin, Proof};
use crate::format::openai_responses;
use crate::intake::BadRequest;
use crate::intake::object::{Object, Path, text};
use crate::intake::splice::{Edit, span};

/// Whether there may be any. Plain bodies are not parsed once more.
pub(super) fn marked(body: &[u8]) -> bool {
    [MARK, openai_responses::MARK]
        .iter()
        .any(|mark| memmem::find(body, mark.as_bytes()).is_some())
}

pub(super) fn edit(
    body: &str,
    origin: Origin,
    edits: &mut Vec<Edit>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let items = list(Object::root(body, &Path::Root)?.raw("input"));
    let gone: Vec<_> = items
        .iter()
        .map(|item| goes(body, item, origin, edits).unwrap_or(false))
        .collect();
    if gone.contains(&true) {
        dropped.note(PROOFS);
    }
    take_out(&places(body, &items), &gone, edits);
    Ok(())
}

/// Whether the item goes. One of the target's own loses its tag.
fn goes(body: &str, item: &RawValue, origin: Origin, edits: &mut Vec<Edit>) -> Result<bool, BadRequest> {
    let mut item = Object::read(item, &Path::Root)?;
    if item.text("type")?.as_deref() != Some("reasoning") {
        return Ok(false);
    }
    let raw = item.raw("encrypted_content");
    let told = raw.map(|raw| text(raw, &Path::Root)).transpose()?;
    let Some((raw, told)) = raw.zip(told.filter(|told| !told.is_empty())) else {
        let id = item.text("id")?;
        let id = id.as_deref().and_then(|id| id.strip_prefix("rs_"));
        return Ok(id.is_some_and(|id| id.starts_with(openai_responses::MARK)));
    };
    let length = told.len();
    let proof = Proof::read(told, Origin::OpenAI);
    if proof.data.len() == length {
        // Not tagged: the client's own.
        return Ok(false);
    }
    if proof.origin == origin {
        edits.push(Edit {
            at: span(body, raw),
            text: Cow::Owned(serde_json::Value::from(proof.data.as_ref()).to_string()),
        });
    }
    Ok(proof.origin != origin)
}
