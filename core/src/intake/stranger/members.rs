//! In the chat format: `reasoning_details` of others, and Google's `extra_content`, which most servers refuse as members
//! that they do not know.

use memchr::memmem;
use serde_json::value::RawValue;

use super::{PROOFS, list, messages, take_out, written};
use crate::chat::Dropped;
use crate::chat::proof::Origin;
use crate::intake::BadRequest;
use crate::intake::object::{Object, Path};
use crate::intake::splice::Edit;

const DETAILS: &str = "reasoning_details";
const EXTRA: &str = "extra_content";

/// Whether there may be any. Plain bodies are not parsed once more.
pub(super) fn marked(body: &[u8]) -> bool {
    [DETAILS, EXTRA]
        .iter()
        .any(|name| memmem::find(body, name.as_bytes()).is_some())
}

pub(super) fn edit(
    body: &str,
    origin: Origin,
    edits: &mut Vec<Edit>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let before = edits.len();
    for message in messages(body)? {
        let Ok(mut members) = Object::read(message, &Path::Root) else {
            continue;
        };
        let details = members.raw(DETAILS).filter(|details| foreign(details, origin));
        let extra = members.raw(EXTRA).filter(|extra| is_googles(extra, origin));
        strip(body, message, details.is_some(), extra.is_some(), edits);
        for call in list(members.raw("tool_calls")) {
            let Ok(mut members) = Object::read(call, &Path::Root) else {
                continue;
            };
            let extra = members.raw(EXTRA).filter(|extra| is_googles(extra, origin));
            strip(body, call, false, extra.is_some(), edits);
        }
    }
    if edits.len() > before {
        dropped.note(PROOFS);
    }
    Ok(())
}

fn strip(body: &str, object: &RawValue, details: bool, extra: bool, edits: &mut Vec<Edit>) {
    if !details && !extra {
        return;
    }
    let (names, places): (Vec<_>, Vec<_>) = written(body, object).into_iter().unzip();
    let goes =
        |name: &&[u8]| (details && *name == DETAILS.as_bytes()) || (extra && *name == EXTRA.as_bytes());
    let gone: Vec<_> = names.iter().map(goes).collect();
    take_out(&places, &gone, edits);
}

/// Whether a detail says that it is another's.
fn foreign(details: &RawValue, origin: Origin) -> bool {
    list(Some(details)).into_iter().any(|detail| {
        let format = Object::read(detail, &Path::Root)
            .ok()
            .and_then(|mut detail| detail.text("format").ok().flatten());
        format.is_some_and(|format| Origin::of_detail(&format) != Some(origin))
    })
}

fn is_googles(extra: &RawValue, origin: Origin) -> bool {
    let google = Object::read(extra, &Path::Root)
        .ok()
        .and_then(|mut extra| extra.raw("google"));
    origin != Origin::Google && google.is_some()
}
