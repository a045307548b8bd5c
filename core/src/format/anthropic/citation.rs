//! Citations of a text block, both ways.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::citation::{Citation, Source};
use crate::format::lenient::{Count, Text};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    cited_text: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    /// Of a search result that the client gave: an address, or any text.
    #[serde(borrow)]
    source: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    document_index: Count,
    #[serde(borrow)]
    document_title: Text<'a>,
    #[serde(borrow)]
    file_id: Text<'a>,
}

/// Reads a location. `None`: of a kind that is not known.
pub(super) fn read(raw: &RawValue) -> Option<Citation> {
    let location: Location<'_> = serde_json::from_str(raw.get()).ok()?;
    Some(Citation {
        source: location.source()?,
        cited: told(&location.cited_text),
        span: None,
    })
}

impl Location<'_> {
    fn source(&self) -> Option<Source> {
        match self.kind.as_str() {
            "web_search_result_location" => Some(Source::Web {
                url: told(&self.url)?,
                title: told(&self.title),
            }),
            "search_result_location" if self.source.as_str().starts_with("http") => Some(Source::Web {
                url: told(&self.source)?,
                title: told(&self.title),
            }),
            "search_result_location" => Some(Source::Document {
                index: None,
                title: told(&self.title).or(told(&self.source)),
                file: None,
            }),
            "char_location" | "page_location" | "content_block_location" => Some(Source::Document {
                index: self.document_index.0.and_then(|index| u32::try_from(index).ok()),
                title: told(&self.document_title),
                file: told(&self.file_id),
            }),
            _ => None,
        }
    }
}

fn told(text: &Text<'_>) -> Option<String> {
    (!text.is_empty()).then(|| text.as_str().to_owned())
}

/// A page as it is written: the only kind of location that says an address. Its `encrypted_index` is Anthropic's own;
/// an empty one says that it is from elsewhere, and is not sent back to Anthropic.
#[derive(Debug, Serialize)]
pub(super) struct LocationOut<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    cited_text: &'a str,
    url: &'a str,
    title: Option<&'a str>,
    encrypted_index: &'static str,
}

impl<'a> LocationOut<'a> {
    /// `None`: no page. Places in documents are told by numbers of the request's documents, which others do not know.
    pub(super) fn new(citation: &'a Citation) -> Option<Self> {
        let Source::Web { url, title } = &citation.source else {
            return None;
        };
        Some(Self {
            kind: "web_search_result_location",
            cited_text: citation.cited.as_deref().unwrap_or_default(),
            url,
            title: title.as_deref(),
            encrypted_index: "",
        })
    }
}
