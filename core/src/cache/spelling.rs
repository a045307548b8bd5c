//! What is known of a request's body once it is spelled out: all that keys are made from.
//!
//! Spelling takes longer than anything else about a hit, and equal bodies have equal spellings: whoever sees a body again
//! may hold on to what it came to, under [`Spelling::source`].

use super::canonical::{Ambiguous, Canonical, LastWords};
use crate::digest::Digest;
use crate::intake::Intake;
use crate::snapshot::cache::{CacheRules, KeyPart};

/// A request's body, spelled out.
#[derive(Clone, Debug, PartialEq)]
pub struct Spelling {
    /// Of all of it.
    pub whole: Digest,
    /// The temperature that it states.
    pub temperature: Option<f64>,
    /// The last words of the user, where the policy looks by meaning, and these are all that the last turn says.
    pub last_words: Option<LastWords>,
}

impl Spelling {
    /// Of a request, for such a policy.
    ///
    /// # Errors
    /// When the body can be read in two ways.
    pub fn of(intake: &Intake, rules: &CacheRules) -> Result<Self, Ambiguous> {
        let canonical = Canonical::of(intake, &rules.key)?;
        Ok(Self {
            whole: Digest::of([canonical.bytes().as_slice()]),
            temperature: canonical.temperature(),
            last_words: rules.semantic.as_ref().and_then(|_| canonical.last_words()),
        })
    }

    /// Names all that a spelling is made from: two requests of one source have one spelling.
    pub fn source(intake: &Intake, rules: &CacheRules) -> Digest {
        let format = format!("{:?} {}", intake.format, rules.semantic.is_some());
        let included = rules.key.include.iter().filter_map(|part| match part {
            KeyPart::Member(name) => Some(name.as_bytes()),
            KeyPart::Header(_) => None,
        });
        let names: Vec<&[u8]> = included.collect();
        let count = names.len().to_be_bytes();
        let excluded = rules.key.exclude.iter().map(|name| name.as_bytes());
        Digest::of(
            [format.as_bytes(), intake.body(), &count]
                .into_iter()
                .chain(names)
                .chain(excluded),
        )
    }

    /// The bytes that it takes, roughly.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.last_words.as_ref().map_or(0, |last| last.words.len())
    }
}

#[cfg(test)]
mod tests;
