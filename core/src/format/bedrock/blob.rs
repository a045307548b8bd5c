//! `redactedContent`: bytes, which JSON carries in base64. Claude's bytes are the text that Anthropic's own format has
//! as `data`, so they are unwrapped, and the proof holds at Anthropic too.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chat::proof::{Origin, Proof};

/// Reads a blob of this origin. What is no text was not made by Claude: it stays as it came.
pub(super) fn read(blob: Cow<'_, str>, origin: Origin) -> Proof<'_> {
    let text = STANDARD
        .decode(blob.as_bytes())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| is_plain(text));
    match text {
        Some(text) => Proof::new(origin, text),
        None => Proof::new(Origin::Amazon, blob),
    }
}

/// Writes a proof of reasoning as a blob.
pub(super) fn write<'p>(proof: &'p Proof<'_>) -> Cow<'p, str> {
    match proof.origin {
        Origin::Amazon => Cow::Borrowed(&proof.data),
        Origin::Anthropic | Origin::Google | Origin::OpenAI | Origin::XAI | Origin::Unknown => {
            Cow::Owned(STANDARD.encode(proof.data.as_bytes()))
        }
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
        for (blob, origin, data) in [
            ("RXRrRQ==", Origin::Anthropic, "EtkE"),
            ("//79", Origin::Amazon, "//79"),
            ("no base64", Origin::Amazon, "no base64"),
            ("", Origin::Amazon, ""),
        ] {
            let proof = read(blob.into(), Origin::Anthropic);
            assert_eq!(proof, Proof::new(origin, data));
            assert_eq!(write(&proof), blob);
        }
    }
}
