//! `redactedContent`: bytes, which JSON carries in base64. Claude's bytes are the text that Anthropic's own format has
//! as `data`, so they are unwrapped, and the proof holds at Anthropic too.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chat::proof::{Origin, Proof};

/// Reads a blob of this origin. What is no text was not made by Claude: it stays as it came.
pub(super) fn read(blob: Cow<'_, str>, origin: Origin) -> Proof<'_> {
    if origin != Origin::Anthropic {
        return Proof::new(origin, blob);
    }
    let bytes = STANDARD.decode(blob.as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    match text.filter(|text| is_plain(text)) {
        Some(text) => Proof::new(Origin::Anthropic, text),
        None => Proof::new(Origin::Amazon, blob),
    }
}

/// Writes a proof of reasoning as a blob.
pub(super) fn write<'p>(proof: &'p Proof<'_>) -> Cow<'p, str> {
    if proof.origin == Origin::Anthropic {
        Cow::Owned(STANDARD.encode(proof.data.as_bytes()))
    } else {
        Cow::Borrowed(&proof.data)
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_comes_back_as_it_was() {
        for (blob, whose, origin, data) in [
            ("RXRrRQ==", Origin::Anthropic, Origin::Anthropic, "EtkE"),
            ("RXRrRQ==", Origin::Amazon, Origin::Amazon, "RXRrRQ=="),
            ("//79", Origin::Anthropic, Origin::Amazon, "//79"),
            ("no base64", Origin::Anthropic, Origin::Amazon, "no base64"),
            ("", Origin::Anthropic, Origin::Amazon, ""),
        ] {
            let proof = read(blob.into(), whose);
            assert_eq!(proof, Proof::new(origin, data));
            assert_eq!(write(&proof), blob);
        }
    }
}
