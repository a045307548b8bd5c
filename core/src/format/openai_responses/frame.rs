//! The members of an answer that are read. All others are ignored, and none is required.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event::citation::{Citation, Source};
use crate::event::logprobs::{Candidate, TokenLogprob};
use crate::format::lenient::{Count, List, Text};

/// One event of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) response: Option<&'a RawValue>,
    pub(super) output_index: Count,
    pub(super) content_index: Count,
    /// Read where its type is known: those of the provider's tools have members of any kind.
    #[serde(borrow)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) delta: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) annotation: Option<Annotation<'a>>,
    #[serde(borrow)]
    pub(super) logprobs: List<Logprob<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

/// A whole answer, or its state in an event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) object: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    pub(super) created_at: Count,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) incomplete_details: Option<Incomplete<'a>>,
    #[serde(borrow)]
    pub(super) output: Option<List<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) service_tier: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

/// Why an answer is not complete.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Incomplete<'a> {
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
}

/// What an item is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemHead<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// What a search does; a text with some other tools.
    #[serde(borrow)]
    pub(super) action: Option<&'a RawValue>,
}

/// What a search does: only `search` is charged for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Action<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
}

/// A message, reasoning, or a call of a function.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    /// JSON text in a string.
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: List<Part<'a>>,
    #[serde(borrow)]
    pub(super) summary: List<Part<'a>>,
    #[serde(borrow)]
    pub(super) encrypted_content: Text<'a>,
    /// Whose reasoning it is, where a host of many models says so (OpenRouter): `anthropic-claude-v1`.
    #[serde(borrow)]
    pub(super) format: Text<'a>,
}

/// A part of a message or of reasoning.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) refusal: Text<'a>,
    #[serde(borrow)]
    pub(super) annotations: List<Annotation<'a>>,
    #[serde(borrow)]
    pub(super) logprobs: List<Logprob<'a>>,
}

/// What a text leans on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Annotation<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    file_id: Text<'a>,
    #[serde(borrow)]
    filename: Text<'a>,
    start_index: Count,
    end_index: Count,
}

/// A token and what else could have stood there.
#[expect(clippy::struct_field_names, reason = "the format's names")]
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Logprob<'a> {
    #[serde(borrow)]
    token: Text<'a>,
    logprob: Option<f64>,
    bytes: List<u8>,
    #[serde(borrow)]
    top_logprobs: List<Logprob<'a>>,
}

impl Annotation<'_> {
    /// The citation in a part that begins `base` characters into the choice's text. `None`: of a kind that is not
    /// known.
    pub(super) fn citation(&self, base: u32) -> Option<Citation> {
        let told = |text: &Text<'_>| (!text.is_empty()).then(|| text.as_str().to_owned());
        let source = match self.kind.as_str() {
            "url_citation" => Source::Web {
                url: self.url.as_str().to_owned(),
                title: told(&self.title),
            },
            "file_citation" | "container_file_citation" | "file_path" => Source::Document {
                index: None,
                title: told(&self.filename),
                file: told(&self.file_id),
            },
            _ => return None,
        };
        let place = |index: Count| {
            let index = u32::try_from(index.0?).ok()?;
            index.checked_add(base)
        };
        let span = place(self.start_index).zip(place(self.end_index));
        let span = span.filter(|(start, end)| start < end);
        Some(Citation {
            source,
            cited: None,
            span: span.map(|(start, end)| start..end),
        })
    }
}

impl Logprob<'_> {
    pub(super) fn token(&self) -> TokenLogprob {
        TokenLogprob {
            chosen: self.candidate(),
            top: self.top_logprobs.0.iter().map(Self::candidate).collect(),
        }
    }

    fn candidate(&self) -> Candidate {
        Candidate {
            token: self.token.as_str().to_owned(),
            logprob: self.logprob.unwrap_or_default(),
            bytes: (!self.bytes.0.is_empty()).then(|| self.bytes.0.clone()),
        }
    }
}

impl Part<'_> {
    /// Its characters.
    pub(super) fn characters(&self) -> u32 {
        characters(&self.text.0)
    }
}

/// How many characters a text has.
pub(super) fn characters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}
