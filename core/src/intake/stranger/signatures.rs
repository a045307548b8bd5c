//! In Gemini's format: a signature that is another vendor's stands as the one that Google tells to send where there is
//! none, so that the part that it is on stays.

use memchr::memmem;

use super::PROOFS;
use crate::chat::Dropped;
use crate::format::gemini;
use crate::intake::splice::Edit;

const NAMES: [&[u8]; 2] = [b"\"thoughtSignature\"", b"\"thought_signature\""];

pub(super) fn edit(body: &[u8], edits: &mut Vec<Edit>, dropped: &mut Dropped) {
    for at in memmem::find_iter(body, gemini::MARK.as_bytes()) {
        // In valid JSON a quote behind a name and a colon opens a text, which ends at the next quote: base64 has none.
        let Some(before) = body.get(..at).and_then(|before| before.strip_suffix(b"\"")) else {
            continue;
        };
        let length = body.get(at..).and_then(|rest| memchr::memchr(b'"', rest));
        if let Some(length) = length.filter(|_| is_signature(before)) {
            edits.push(Edit {
                at: before.len()..at + length + 1,
                text: format!("\"{}\"", gemini::STAND_IN).into(),
            });
            dropped.note(PROOFS);
        }
    }
}

/// Whether these bytes end in the name of a signature and a colon. A name inside of a text has its quotes escaped.
fn is_signature(before: &[u8]) -> bool {
    let name = before
        .trim_ascii_end()
        .strip_suffix(b":")
        .map(<[u8]>::trim_ascii_end);
    let named = |name: &[u8], wanted: &[u8]| {
        name.strip_suffix(wanted)
            .is_some_and(|before| !before.ends_with(b"\\"))
    };
    name.is_some_and(|name| NAMES.iter().any(|wanted| named(name, wanted)))
}
