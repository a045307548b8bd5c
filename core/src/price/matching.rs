//! Which model of the price book a name means.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Deserialize;

/// A rule about a model's name. Names and rules are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Clause {
    /// The name is this text.
    Equals(Box<str>),
    /// The name begins with it.
    StartsWith(Box<str>),
    /// The name ends with it.
    EndsWith(Box<str>),
    /// The name has it somewhere.
    Contains(Box<str>),
    /// The name is this text, in which `#` is one digit and a final `*` any rest.
    Shape(Box<str>),
    /// At least one holds.
    Any(Vec<Clause>),
    /// Each holds.
    All(Vec<Clause>),
    /// Not one holds.
    None(Vec<Clause>),
}

impl Clause {
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == &**text,
            Self::StartsWith(text) => name.starts_with(&**text),
            Self::EndsWith(text) => name.ends_with(&**text),
            Self::Contains(text) => name.contains(&**text),
            Self::Shape(shape) => fits(name, shape),
            Self::Any(clauses) => clauses.iter().any(|clause| clause.matches(name)),
            Self::All(clauses) => clauses.iter().all(|clause| clause.matches(name)),
            Self::None(clauses) => !clauses.iter().any(|clause| clause.matches(name)),
        }
    }
}

fn fits(name: &str, shape: &str) -> bool {
    let (shape, open) = shape
        .strip_suffix('*')
        .map_or((shape, false), |shape| (shape, true));
    let same = |(have, want): (u8, u8)| {
        if want == b'#' {
            have.is_ascii_digit()
        } else {
            have == want
        }
    };
    let length_fits = if open {
        name.len() >= shape.len()
    } else {
        name.len() == shape.len()
    };
    length_fits && name.bytes().zip(shape.bytes()).all(same)
}

/// The name in the form in which the book has it: lower case, without Gemini's `models/`.
pub(super) fn normalise(name: &str) -> Cow<'_, str> {
    let name = name.strip_prefix("models/").unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The name with each compact date (`-20251211`) written with dashes (`-2025-12-11`); `None` if it has none.
///
/// Resellers write dates so, while the book has most in the other form.
pub(super) fn with_dashed_dates(name: &str) -> Option<String> {
    let mut dated = false;
    let mut parts = Vec::new();
    for (index, part) in name.split('-').enumerate() {
        let (digits, rest) = part
            .split_once(':')
            .map_or((part, None), |(digits, rest)| (digits, Some(rest)));
        let Some(date) = (index > 0).then(|| compact_date(digits)).flatten() else {
            parts.push(Cow::Borrowed(part));
            continue;
        };
        dated = true;
        parts.push(Cow::Owned(
            rest.map_or_else(|| date.to_string(), |rest| format!("{date}:{rest}")),
        ));
    }
    dated.then(|| parts.join("-"))
}

fn compact_date(digits: &str) -> Option<Date> {
    if digits.len() != 8 || !digits.starts_with("20") || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    let year = i16::try_from(number / 10_000).ok()?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    let day = i8::try_from(number % 100).ok()?;
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_counts_digits() {
        assert!(fits("claude-opus-5-20260901", "claude-opus-5-########"));
        for name in [
            "claude-opus-5-2026090",
            "claude-opus-5-202609010",
            "claude-opus-5-2026o901",
            "claude-opus-5-",
        ] {
            assert!(!fits(name, "claude-opus-5-########"), "{name}");
        }
        assert!(fits("gemini-3.5-flash-001", "gemini-3.5-flash-#*"));
        assert!(!fits("gemini-3.5-flash-lite", "gemini-3.5-flash-#*"));
        assert!(!fits("gemini-3.5-flash-", "gemini-3.5-flash-#*"));
    }

    #[test]
    fn rules_nest() {
        let text = r#"{"all":[{"starts_with":"a"},{"none":[{"ends_with":"-tts"},{"contains":"-tts-"}]}]}"#;
        let clause: Clause = serde_json::from_str(text).expect("reads");
        assert!(clause.matches("a-b") && clause.matches("attsb"));
        assert!(!clause.matches("a-tts") && !clause.matches("a-tts-1") && !clause.matches("b"));
        let clause: Clause =
            serde_json::from_str(r#"{"any":[{"equals":"x"},{"equals":"y"}]}"#).expect("reads");
        assert!(clause.matches("y") && !clause.matches("z"));
    }

    #[test]
    fn writes_dates_with_dashes() {
        let dashed = |name| with_dashed_dates(name);
        assert_eq!(dashed("gpt-5.2-20251211").as_deref(), Some("gpt-5.2-2025-12-11"));
        assert_eq!(dashed("a-20251211:free").as_deref(), Some("a-2025-12-11:free"));
        assert_eq!(dashed("a-20251211-b").as_deref(), Some("a-2025-12-11-b"));
        for name in [
            "gpt-4o",
            "a-20251311",
            "a-20250230",
            "20251211",
            "a-202512110",
            "a-19991211",
        ] {
            assert_eq!(dashed(name), None, "{name}");
        }
    }

    #[test]
    fn normalises_case_and_prefix() {
        assert_eq!(normalise("models/Gemini-2.5-Pro"), "gemini-2.5-pro");
        assert!(matches!(normalise("gpt-4o"), Cow::Borrowed("gpt-4o")));
    }
}
