//! Proofs of reasoning in `thoughtSignature`, which has to be base64. Google's own stand bare in it. All others are
//! the base64 of their tagged text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::chat::proof::{Origin, Proof};

/// What Google documents for calls without a proof of its own, as those of another model
/// (ai.google.dev/gemini-api/docs/thought-signatures).
pub(crate) const STAND_IN: &str = "skip_thought_signature_validator";

/// `wayleave.` in base64: nine bytes, so what follows does not change it.
pub(crate) const MARK: &str = "d2F5bGVhdmUu";

/// SDKs read signatures into bytes, and write those as they like.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// As it is written.
pub(super) fn write<'a>(proof: &'a Proof<'_>) -> Cow<'a, str> {
    let written = proof.write(Origin::Google);
    if proof.origin == Origin::Google {
        written
    } else {
        Cow::Owned(STANDARD.encode(written.as_bytes()))
    }
}

/// Reads one.
pub(super) fn read(member: Cow<'_, str>) -> Proof<'_> {
    let tagged = member.starts_with(MARK).then(|| decoded(&member)).flatten();
    match tagged {
        Some(tagged) => Proof::read(Cow::Owned(tagged), Origin::Google),
        None => Proof::new(Origin::Google, member),
    }
}

fn decoded(member: &str) -> Option<String> {
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, LENIENT).decode(member).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_is_base64_and_comes_back() {
        for origin in Origin::ALL {
            for data in ["EqoB/+=", "??>>\u{1F600}", ""] {
                let proof = Proof::new(origin, data);
                let member = write(&proof);
                if origin != Origin::Google {
                    assert!(STANDARD.decode(member.as_bytes()).is_ok(), "{member}");
                }
                // As Python's SDK writes them again.
                let safe = member.replace('+', "-").replace('/', "_").replace('=', "");
                if origin != Origin::Google {
                    assert_eq!(read(safe.into()), proof);
                }
                assert_eq!(read(member), proof);
            }
        }
    }
}
