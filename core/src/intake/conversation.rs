//! What a conversation begins with: by this a provider's prompt cache knows it again.

use std::borrow::Cow;

use super::object::{Object, Path, items};
use crate::digest::Digest;

/// Members that stand before the first turn.
const BEFORE: [&str; 5] = [
    "tools",
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
];
/// Lists of turns.
const TURNS: [&str; 3] = ["messages", "contents", "input"];
/// Instructions that stand among the turns.
const INSTRUCTING: [&str; 2] = ["system", "developer"];

/// Names a conversation by its instructions, tools and first turn. `None`: it has no turns.
pub(super) fn of(body: &str) -> Option<Digest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root).ok()?;
    let mut parts: Vec<&[u8]> = Vec::new();
    for name in BEFORE {
        parts.push(
            members
                .raw(name)
                .map_or(b"".as_slice(), |raw| raw.get().as_bytes()),
        );
    }
    let turns = TURNS.into_iter().find_map(|name| members.raw(name))?;
    let Ok(turns) = items(turns, &root) else {
        // One text.
        parts.push(turns.get().as_bytes());
        return Some(Digest::of(parts));
    };
    for turn in turns {
        parts.push(turn.get().as_bytes());
        let mut turn = Object::read(turn, &root).ok()?;
        let role = turn.text("role").ok().flatten().unwrap_or(Cow::Borrowed("user"));
        if !INSTRUCTING.contains(&&*role) {
            break;
        }
    }
    Some(Digest::of(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(turns: &[(&str, &str)]) -> String {
        let turns: Vec<_> = turns
            .iter()
            .map(|(role, text)| serde_json::json!({"role": role, "content": text}))
            .collect();
        serde_json::json!({"model": "m", "messages": turns}).to_string()
    }

    #[test]
    fn goes_on_under_the_same_name() {
        let first = chat(&[("system", "Be brief."), ("user", "Hi")]);
        let later = chat(&[
            ("system", "Be brief."),
            ("user", "Hi"),
            ("assistant", "Hello"),
            ("user", "More"),
        ]);
        assert_eq!(of(&first), of(&later));
        for other in [
            chat(&[("system", "Be long."), ("user", "Hi")]),
            chat(&[("system", "Be brief."), ("user", "Ho")]),
            chat(&[("user", "Hi")]),
        ] {
            assert_ne!(of(&first), of(&other), "{other}");
        }
    }

    #[test]
    fn reads_every_format() {
        for body in [
            r#"{"system": "s", "messages": [{"role": "user", "content": "Hi"}]}"#,
            r#"{"instructions": "s", "input": "Hi"}"#,
            r#"{"systemInstruction": {"parts": []}, "contents": [{"parts": [{"text": "Hi"}]}]}"#,
        ] {
            assert!(of(body).is_some(), "{body}");
        }
        assert_eq!(of(r#"{"model": "m"}"#), None);
        assert_eq!(of("[]"), None);
    }
}
