//! Ids of tool calls for providers that take only some. A call and its result get the same id, in this turn and all
//! later ones, so the id depends on the old one alone.

use std::borrow::Cow;

use crate::vendor::ToolIds;

const LETTERS_AND_DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The id for a provider of the OpenAI format.
pub fn openai(id: &str, rule: ToolIds) -> Cow<'_, str> {
    match rule {
        ToolIds::Opaque => Cow::Borrowed(id),
        ToolIds::NineAlphanumerics => {
            let fits = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if fits {
                Cow::Borrowed(id)
            } else {
                Cow::Owned(digest(id, 9))
            }
        }
    }
}

/// The id for Anthropic, which takes letters, digits, `_` and `-`. (Other providers make ids like
/// `functions.weather:0`.)
pub fn anthropic(id: &str) -> Cow<'_, str> {
    plain(id, usize::MAX)
}

/// The id for Bedrock, which takes the same, and 64 of them.
pub fn bedrock(id: &str) -> Cow<'_, str> {
    plain(id, 64)
}

fn plain(id: &str, longest: usize) -> Cow<'_, str> {
    let fits = (1..=longest).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if fits {
        Cow::Borrowed(id)
    } else {
        Cow::Owned(format!("toolu_{}", digest(id, 10)))
    }
}

/// An id for a call of a provider that gives none: of what tells the call apart from all others.
pub fn made_up(marks: &[&str]) -> String {
    let hash = marks
        .iter()
        .flat_map(|mark| mark.bytes().chain([0xFF]))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("call_{hash:016x}")
}

/// FNV-1a, 64 bits: any good spread does, and this one is the same in every build. Ten digits hold nearly all of it.
fn digest(id: &str, digits: usize) -> String {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let values = std::iter::successors(Some(hash), |hash| Some(hash / 62));
    let digit = |value: u64| {
        usize::try_from(value % 62)
            .ok()
            .and_then(|index| LETTERS_AND_DIGITS.get(index))
    };
    values
        .map_while(digit)
        .take(digits)
        .map(|byte| char::from(*byte))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nine_alphanumerics_stay_and_all_others_get_nine() {
        assert_eq!(openai("a1B2c3D4e", ToolIds::NineAlphanumerics), "a1B2c3D4e");
        let ids: BTreeSet<_> = (0..10_000)
            .map(|n| openai(&format!("toolu_{n}"), ToolIds::NineAlphanumerics).into_owned())
            .collect();
        assert!(
            ids.iter()
                .all(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        );
        assert_eq!(ids.len(), 10_000);
        assert_eq!(openai("toolu_1", ToolIds::Opaque), "toolu_1");
    }

    #[test]
    fn anthropic_gets_only_what_it_takes() {
        assert_eq!(anthropic("call_A-1"), "call_A-1");
        let made = anthropic("functions.weather:0");
        assert_ne!(made, anthropic("functions.weather:1"));
        assert_eq!(anthropic(&made), made);
        assert!(anthropic("").starts_with("toolu_"));
        let long = "x".repeat(65);
        assert_eq!(anthropic(&long), long);
        assert!(bedrock(&long).starts_with("toolu_"));
        assert_eq!(bedrock(&"x".repeat(64)), "x".repeat(64));
    }
}
