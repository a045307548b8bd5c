//! Patterns of model names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A pattern of model names, in which `*` is any text, also none. Upper and lower case are the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ModelGlob(String);

impl ModelGlob {
    /// The pattern as written, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern matches the whole of `model`.
    pub fn matches(&self, model: &str) -> bool {
        let model = model.to_ascii_lowercase();
        let Some((prefix, rest)) = self.0.split_once('*') else {
            return self.0 == model;
        };
        let Some(mut left) = model.strip_prefix(prefix) else {
            return false;
        };
        let (middle, suffix) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            let Some((_, after)) = left.split_once(part) else {
                return false;
            };
            left = after;
        }
        left.ends_with(suffix)
    }
}

impl From<String> for ModelGlob {
    fn from(pattern: String) -> Self {
        Self(pattern.to_ascii_lowercase())
    }
}

impl From<&str> for ModelGlob {
    fn from(pattern: &str) -> Self {
        Self::from(pattern.to_owned())
    }
}

impl From<ModelGlob> for String {
    fn from(glob: ModelGlob) -> Self {
        glob.0
    }
}

impl fmt::Debug for ModelGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        let cases = [
            ("llama-*", "llama-3.3-70b", true),
            ("llama-*", "meta-llama-3", false),
            ("llama-*", "llama-", true),
            ("*", "", true),
            ("*-mini", "gpt-4.1-mini", true),
            ("*-mini", "gpt-4.1-mini-2025", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*llama*8b*", "meta/Llama-3-8B-Instruct", true),
            ("GPT-4.1", "gpt-4.1", true),
            ("gpt-4.1", "gpt-4.1-mini", false),
        ];
        for (pattern, model, matches) in cases {
            assert_eq!(
                ModelGlob::from(pattern).matches(model),
                matches,
                "{pattern} {model}"
            );
        }
    }
}
