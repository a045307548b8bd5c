//! What answers lean on: `annotations` of a message, both ways, and lists of sources beside the choices.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::citation::{Citation, Source};
use crate::format::lenient::{Count, List, Text};

/// The most sources of one list. More is no answer.
const MAX_SOURCES: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotation<'a> {
    #[serde(borrow)]
    url_citation: Option<UrlCitation<'a>>,
    #[serde(borrow)]
    file: Option<File<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UrlCitation<'a> {
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    /// OpenRouter's.
    #[serde(borrow)]
    content: Text<'a>,
    start_index: Count,
    end_index: Count,
}

/// A file that OpenRouter has read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    hash: Text<'a>,
}

/// A search result of Perplexity.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found<'a> {
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    snippet: Text<'a>,
}

/// Reads one of `annotations`. `None`: of a kind that is not known.
pub(super) fn annotation(raw: &RawValue) -> Option<Citation> {
    let annotation: Annotation<'_> = serde_json::from_str(raw.get()).ok()?;
    if let Some(page) = annotation.url_citation {
        return Some(Citation {
            source: web(&page.url, &page.title)?,
            cited: told(&page.content),
            span: page.span(),
        });
    }
    let file = annotation.file?;
    let (title, file) = (told(&file.name), told(&file.hash));
    (title.is_some() || file.is_some()).then_some(Citation {
        source: Source::Document {
            index: None,
            title,
            file,
        },
        cited: None,
        span: None,
    })
}

impl UrlCitation<'_> {
    /// OpenRouter says 0 to 0 where it does not know.
    fn span(&self) -> Option<std::ops::Range<u32>> {
        let start = u32::try_from(self.start_index.0?).ok()?;
        let end = u32::try_from(self.end_index.0?).ok()?;
        (start < end).then_some(start..end)
    }
}

/// The list that counts of those beside the choices: the one with titles, if there is anything in it.
pub(super) fn list<'a>(found: Option<&'a RawValue>, urls: Option<&'a RawValue>) -> Option<&'a str> {
    let lists = [found, urls].into_iter().flatten().map(RawValue::get);
    lists
        .filter(|list| list.starts_with('['))
        .find(|list| list.contains('"'))
}

/// Reads such a list.
pub(super) fn beside(list: &str) -> Vec<Citation> {
    let sources: List<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    sources
        .0
        .into_iter()
        .take(MAX_SOURCES)
        .filter_map(source)
        .collect()
}

/// An address, or an object with one.
fn source(raw: &RawValue) -> Option<Citation> {
    let found = if raw.get().starts_with('"') {
        Found {
            url: serde_json::from_str(raw.get()).ok()?,
            ..Found::default()
        }
    } else {
        serde_json::from_str(raw.get()).ok()?
    };
    Some(Citation {
        source: web(&found.url, &found.title)?,
        cited: told(&found.snippet),
        span: None,
    })
}

fn web(url: &Text<'_>, title: &Text<'_>) -> Option<Source> {
    Some(Source::Web {
        url: told(url)?,
        title: told(title),
    })
}

fn told(text: &Text<'_>) -> Option<String> {
    (!text.is_empty()).then(|| text.as_str().to_owned())
}

/// One of `annotations` as it is written.
#[derive(Debug, Serialize)]
pub(super) struct AnnotationOut<'a> {
    /// In streams: the official SDK puts lists together by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(rename = "type")]
    kind: &'static str,
    url_citation: UrlCitationOut<'a>,
}

#[derive(Debug, Serialize)]
struct UrlCitationOut<'a> {
    start_index: u32,
    end_index: u32,
    url: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

impl<'a> AnnotationOut<'a> {
    /// `None`: a source without an address, for which the format has no words. `index`: which of a stream it is.
    pub(super) fn new(citation: &'a Citation, place: &Place, index: Option<usize>) -> Option<Self> {
        let Source::Web { url, title } = &citation.source else {
            return None;
        };
        let span = citation.span.clone().unwrap_or(place.from..place.said);
        Some(Self {
            index,
            kind: "url_citation",
            url_citation: UrlCitationOut {
                start_index: span.start,
                end_index: span.end,
                url,
                title: title.as_deref().unwrap_or_default(),
                content: citation.cited.as_deref(),
            },
        })
    }
}

/// How far a choice's text has got, in characters: what was said since the last citation is what the next one is of,
/// unless it says so itself.
#[derive(Debug, Default)]
pub(super) struct Place {
    from: u32,
    said: u32,
    cited: bool,
}

impl Place {
    /// Text was said.
    pub(super) fn text(&mut self, text: &str) {
        if std::mem::take(&mut self.cited) {
            self.from = self.said;
        }
        let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        self.said = self.said.saturating_add(characters);
    }

    /// It was cited.
    pub(super) fn cited(&mut self) {
        self.cited = true;
    }
}
