//! Variables of the environment in a Secret.

use std::fmt;

/// Gives variables of the environment by name.
#[derive(Clone, Copy)]
pub struct Env<'a>(&'a dyn Fn(&str) -> Option<String>);

/// Why a text cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadText {
    #[error("the environment variable {0} is not set: set it, or write $$ for a plain $")]
    Unset(String),
    #[error("`${{` without a name and `}}` behind it: write ${{NAME}}, or $$ for a plain $")]
    Malformed,
}

impl<'a> Env<'a> {
    /// From a lookup.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    /// `text` with each `${NAME}` filled in and each `$$` as `$`. What is filled in is not looked at again.
    pub(super) fn fill(self, text: &str) -> Result<String, BadText> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            rest = if let Some(after) = after.strip_prefix('$') {
                filled.push('$');
                after
            } else if let Some(after) = after.strip_prefix('{') {
                let (name, after) = after.split_once('}').ok_or(BadText::Malformed)?;
                if !is_name(name) {
                    return Err(BadText::Malformed);
                }
                filled.push_str(&(self.0)(name).ok_or_else(|| BadText::Unset(name.to_owned()))?);
                after
            } else {
                filled.push('$');
                after
            };
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

impl fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_variables_and_leaves_other_dollars() {
        let lookup = |name: &str| (name == "KEY").then(|| "s$1${KEY}".to_owned());
        let env = Env::new(&lookup);
        for (text, filled) in [
            ("${KEY}", "s$1${KEY}"),
            ("a${KEY}b${KEY}", "as$1${KEY}bs$1${KEY}"),
            ("$$", "$"),
            ("$${KEY}", "${KEY}"),
            ("$KEY $ {x} a$", "$KEY $ {x} a$"),
            ("", ""),
        ] {
            assert_eq!(env.fill(text).as_deref(), Ok(filled), "{text}");
        }
        assert_eq!(env.fill("${OTHER}"), Err(BadText::Unset("OTHER".to_owned())));
        for text in ["${KEY", "${}", "${1}", "${A-B}", "${ KEY }"] {
            assert_eq!(env.fill(text), Err(BadText::Malformed), "{text}");
        }
    }
}
