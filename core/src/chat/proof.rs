//! What proves reasoning to its provider in a later turn: a signature, or the reasoning itself, encrypted. Only those
//! who made it can read it, so it comes with its origin and is never sent to a stranger, who would refuse the request.
//!
//! A member of another vendor's format carries it with a tag in front, which tells the origin when it comes back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::format::{Family, WireFormat};

/// Who can read a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// Claude, wherever it runs: Anthropic says that its signatures hold at Bedrock and Vertex too.
    Anthropic,
    /// Gemini, at AI Studio and Vertex.
    Google,
    /// OpenAI's models, at OpenAI and Azure.
    OpenAI,
    /// xAI.
    XAI,
    /// Amazon's own models.
    Amazon,
    /// Not known. It is kept for the client and sent to nobody.
    Unknown,
}

/// What a tagged proof begins with.
pub(crate) const MARK: &str = "wayleave.";

/// A proof of reasoning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof<'a> {
    /// Who can read it.
    pub origin: Origin,
    /// Opaque.
    pub data: Cow<'a, str>,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 6] = [
        Self::Anthropic,
        Self::Google,
        Self::OpenAI,
        Self::XAI,
        Self::Amazon,
        Self::Unknown,
    ];

    /// Whose proofs stand bare in a format.
    pub const fn of(format: WireFormat) -> Self {
        match format.family() {
            Family::OpenAI => Self::OpenAI,
            Family::Anthropic => Self::Anthropic,
            Family::Google => Self::Google,
            Family::Amazon => Self::Amazon,
        }
    }

    /// As OpenRouter names the format of reasoning details (openrouter.ai/docs/use-cases/reasoning-tokens).
    pub const fn detail_format(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic-claude-v1",
            Self::Google => "google-gemini-v1",
            Self::OpenAI => "openai-responses-v1",
            Self::XAI => "xai-responses-v1",
            Self::Amazon => "amazon-nova-v1",
            Self::Unknown => "unknown",
        }
    }

    /// The origin that OpenRouter means by a name.
    pub fn of_detail(format: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|origin| origin.detail_format() == format)
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic.",
            Self::Google => "google.",
            Self::OpenAI => "openai.",
            Self::XAI => "xai.",
            Self::Amazon => "amazon.",
            Self::Unknown => "unknown.",
        }
    }
}

impl<'a> Proof<'a> {
    /// A proof of this origin.
    pub fn new(origin: Origin, data: impl Into<Cow<'a, str>>) -> Self {
        Self {
            origin,
            data: data.into(),
        }
    }

    /// Reads it from a member in which those of `native` stand bare.
    pub fn read(member: Cow<'a, str>, native: Origin) -> Self {
        let tagged = member.strip_prefix(MARK).and_then(|rest| {
            let origin = Origin::ALL
                .into_iter()
                .find(|origin| rest.starts_with(origin.tag()))?;
            Some((origin, MARK.len() + origin.tag().len()))
        });
        let Some((origin, at)) = tagged else {
            return Self {
                origin: native,
                data: member,
            };
        };
        let data = match member {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(at..).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(at..).unwrap_or_default().to_owned()),
        };
        Self { origin, data }
    }

    /// As it is written in a member in which those of `native` stand bare.
    pub fn write(&self, native: Origin) -> Cow<'_, str> {
        if self.origin == native {
            Cow::Borrowed(&self.data)
        } else {
            Cow::Owned(format!("{MARK}{}{}", self.origin.tag(), self.data))
        }
    }

    /// The same, with text of its own.
    pub fn into_owned(self) -> Proof<'static> {
        Proof {
            origin: self.origin,
            data: Cow::Owned(self.data.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_comes_back_as_it_was_and_says_whose_it_is() {
        for origin in Origin::ALL {
            for native in Origin::ALL {
                let proof = Proof::new(origin, "EqoB/+=");
                let member = proof.write(native).into_owned();
                assert_eq!(Proof::read(member.into(), native), proof);
            }
            assert_eq!(Origin::of_detail(origin.detail_format()), Some(origin));
        }
        let bare = Proof::read("wayleave.elsewhere.x".into(), Origin::Google);
        assert_eq!(bare, Proof::new(Origin::Google, "wayleave.elsewhere.x"));
    }
}
